// Installs what the tests need from Debian's packages, when that can be done. Says what to type when it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Root on Debian may; everybody else is told what to type. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/**
 * @param advice what to do when that fails
 * @throws Error with one line
 */
export function installPackage(name: string, advice: string): void {
  console.log(`Installing ${name} with "apt-get install -y ${name}".`);
  aptGet(['update'], advice);
  aptGet(['install', '-y', '--no-install-recommends', name], advice);
}

function aptGet(args: readonly string[], advice: string): void {
  const { status, error } = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0)
    throw new Error(
      `"apt-get ${args.join(' ')}" failed (${error?.message ?? `exit code ${status}`}): ${advice}`,
    );
}
