// Keeps zod from compiling its checks with `new Function`, which the page's Content-Security-Policy forbids.
// Imported before anything that builds a schema.
import { config } from 'zod';

config({ jitless: true });
