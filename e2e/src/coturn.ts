// A coturn of its own for a test, with the configuration that docs/deployment recommends and only its places changed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { canInstall, installPackage } from './debian-package.ts';

const EXECUTABLE = '/usr/bin/turnserver';
const SAMPLE = fileURLToPath(new URL('../../docs/deployment/turnserver.conf', import.meta.url));

/**
 * As root on Debian a missing one is installed.
 * @throws Error with one line that says what to type
 */
export function ensureCoturn(): void {
  if (existsSync(EXECUTABLE)) return;
  if (!canInstall()) throw new Error('no coturn was found: type "sudo apt-get install coturn"');
  installPackage('coturn', 'install coturn yourself');
}

export interface CoturnPlaces {
  readonly address: string;
  readonly mediaServer: string;
  readonly secret: string;
  /** PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
}

export class Coturn {
  readonly logFile: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #end = () => void this.#process.kill('SIGKILL');

  /**
   * Resolves when it listens.
   * @param folder for its configuration, its database and its log
   * @param within a command that becomes the process that it is given, such as `ip netns exec NAME`
   */
  static async start(folder: string, within: readonly string[], places: CoturnPlaces): Promise<Coturn> {
    mkdirSync(folder, { recursive: true });
    const configuration = join(folder, 'turnserver.conf');
    writeFileSync(configuration, configurationFor(places));
    const [command = '', ...args] = [
      ...within,
      EXECUTABLE,
      ...['-c', configuration, '--log-file', 'stdout', '--simple-log'],
      ...['--pidfile', join(folder, 'pid'), '--userdb', join(folder, 'turndb')],
    ];
    const coturn = new Coturn(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }), folder);
    await coturn.#listens();
    return coturn;
  }

  private constructor(child: ChildProcess, folder: string) {
    this.#process = child;
    this.logFile = join(folder, 'coturn.log');
    const log = createWriteStream(this.logFile);
    for (const channel of ['stdout', 'stderr'] as const) child[channel]?.pipe(log, { end: false });
    this.#ended = once(child, 'exit');
    process.once('exit', this.#end);
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
    process.off('exit', this.#end);
  }

  async #listens(): Promise<void> {
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      this.#process.stdout?.on('data', (chunk) => {
        printed += String(chunk);
        // The last thing that it says at its start, after it has opened its ports.
        if (printed.includes('DB connection success')) resolve();
      });
      void this.#ended.then(() => reject(new Error(`coturn ended:\n${printed}`)));
    });
  }
}

/** The sample with other places; fails when a place is not in it any more. */
function configurationFor(places: CoturnPlaces): string {
  const changes: [RegExp, string][] = [
    [/192\.0\.2\.10/g, places.address],
    [/192\.0\.2\.20/g, places.mediaServer],
    [/REPLACE-ME/g, places.secret],
    [/\/etc\/letsencrypt\/\S+fullchain\.pem/g, places.certFile],
    [/\/etc\/letsencrypt\/\S+privkey\.pem/g, places.keyFile],
  ];
  return changes.reduce(
    (text, [place, other]) => {
      expect(text).toMatch(place);
      return text.replaceAll(place, other);
    },
    readFileSync(SAMPLE, 'utf8'),
  );
}
