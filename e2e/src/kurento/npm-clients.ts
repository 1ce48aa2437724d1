// Kurento's own clients from npm, in an installation of their own: kurento-client names an install script that its package
// does not hold, so that npm would fail on it, and a dependency that no registry has.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../kurento-clients/', import.meta.url);

/** Finds what is installed there. */
export const requireClient = createRequire(new URL('package.json', FOLDER));

/** Installs them, unless they are there. @throws Error with one line that says what to type */
export function ensureKurentoClients(): void {
  // What npm writes last.
  if (existsSync(new URL('node_modules/.package-lock.json', FOLDER))) return;
  const { status } = spawnSync('npm', ['ci'], {
    cwd: fileURLToPath(FOLDER),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0)
    throw new Error('Kurento’s clients could not be installed: type "npm ci" in e2e/kurento-clients');
}
