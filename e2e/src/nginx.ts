// An nginx of its own for a test, with the configuration that docs/deployment recommends and only its places changed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { canInstall, installPackage } from './debian-package.ts';

const EXECUTABLE = '/usr/sbin/nginx';
const SAMPLE = fileURLToPath(new URL('../../docs/deployment/nginx.conf', import.meta.url));

/**
 * As root on Debian a missing one is installed.
 * @throws Error with one line that says what to type
 */
export function ensureNginx(): void {
  if (existsSync(EXECUTABLE)) return;
  if (!canInstall()) throw new Error('no nginx was found: type "sudo apt-get install nginx"');
  installPackage('nginx', 'install nginx yourself');
}

export interface NginxPlaces {
  /** Of the plain redirection. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly appServerPort: number;
  readonly mediaServerPort: number;
}

export class Nginx {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #end = () => void this.#process.kill('SIGKILL');

  /** Resolves when it listens. @param folder for its configuration and its temporary files */
  static async start(folder: string, places: NginxPlaces): Promise<Nginx> {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'site.conf'), site(places));
    writeFileSync(join(folder, 'nginx.conf'), frame(folder));
    const nginx = new Nginx(
      // One process without children, so that nothing of it can stay.
      spawn(
        EXECUTABLE,
        ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off; master_process off;'],
        {
          stdio: ['ignore', 'inherit', 'inherit'],
        },
      ),
    );
    try {
      await vi.waitFor(() => nginx.#checkThatItListens(places.httpsPort), { timeout: 10_000 });
    } catch (error) {
      await nginx.stop();
      throw error;
    }
    return nginx;
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#ended = once(child, 'exit');
    process.once('exit', this.#end);
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
    process.off('exit', this.#end);
  }

  async #checkThatItListens(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect').finally(() => socket.destroy());
  }
}

/** The sample with other places; fails when a place is not in it any more. */
function site(places: NginxPlaces): string {
  const changes: [RegExp, string][] = [
    [/ {4}listen \[::\]:.*\n/g, ''],
    [/listen 80;/g, `listen 127.0.0.1:${places.httpPort};`],
    [/listen 443 ssl;/g, `listen 127.0.0.1:${places.httpsPort} ssl;`],
    [/server_name meet\.example\.org;/g, 'server_name localhost;'],
    [/\/etc\/letsencrypt\/\S+fullchain\.pem/g, places.certFile],
    [/\/etc\/letsencrypt\/\S+privkey\.pem/g, places.keyFile],
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${places.appServerPort}`],
    [/127\.0\.0\.1:8888/g, `127.0.0.1:${places.mediaServerPort}`],
  ];
  return changes.reduce(
    (text, [place, other]) => {
      expect(text).toMatch(place);
      return text.replaceAll(place, other);
    },
    readFileSync(SAMPLE, 'utf8'),
  );
}

/** What Debian's own /etc/nginx/nginx.conf has around a site. */
function frame(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    'pid nginx.pid;',
    'events {}',
    'http {',
    ...kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`),
    'include site.conf;',
    '}',
    '',
  ].join('\n');
}
