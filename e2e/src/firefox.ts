// Finds the Firefox that some tests drive, and installs Debian's when that can be done. Downloads nothing itself.
import { existsSync } from 'node:fs';
import { canInstall, installPackage } from './debian-package.ts';

const USUAL_PLACES = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];

/**
 * The path of the executable: `FIREFOX_PATH` or the first of the usual places; as root on Debian a missing one is installed.
 * @throws Error with one line that says what to type
 */
export function ensureFirefox(): string {
  const places = process.env['FIREFOX_PATH'] ? [process.env['FIREFOX_PATH']] : USUAL_PLACES;
  const find = () => places.find((place) => existsSync(place));
  if (find() === undefined && !process.env['FIREFOX_PATH'] && canInstall())
    installPackage('firefox-esr', 'install Firefox yourself, or set FIREFOX_PATH');
  const found = find();
  if (found === undefined)
    throw new Error(
      'no Firefox was found: type "sudo apt-get install firefox-esr", or set FIREFOX_PATH to one of yours',
    );
  return found;
}
