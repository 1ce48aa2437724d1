// Finds the Chromium that the browser tests drive, and installs Debian's when that can be done. Downloads nothing itself.
import { accessSync, constants } from 'node:fs';
import { canInstall, installPackage } from './debian-package.ts';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * The path of the executable: `CHROMIUM_PATH` or the first of the usual places.
 * @throws Error with one line that says what to type
 */
export function findChromium(): string {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`CHROMIUM_PATH names ${chosen}, which cannot be run: set it to a Chromium, or unset it`);
  }
  const found = USUAL_PLACES.find(isExecutable);
  if (found === undefined)
    throw new Error(
      'no Chromium was found: type "sudo apt-get install chromium", or set CHROMIUM_PATH to one of yours',
    );
  return found;
}

/**
 * Like `findChromium`, but as root on Debian a missing one is installed.
 * @throws Error with one line that says what to type
 */
export function ensureChromium(): string {
  try {
    return findChromium();
  } catch (error) {
    if (process.env['CHROMIUM_PATH'] || !canInstall()) throw error;
  }
  installPackage('chromium', 'install Chromium yourself, or set CHROMIUM_PATH');
  return findChromium();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
