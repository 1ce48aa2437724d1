// Runs once before the browser tests: what they need from outside is there, or one line says what to type.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.ts';

const CLIENT = fileURLToPath(new URL('../../packages/web-client/dist/index.html', import.meta.url));

/** @throws Error with one line that says what to type */
export function setup(): void {
  try {
    ensureChromium();
    if (!existsSync(CLIENT)) throw new Error('the web client is not built: type "npm run build"');
  } catch (error) {
    // Where it was thrown says nothing to whoever has to install something.
    if (error instanceof Error) error.stack = '';
    throw error;
  }
}
