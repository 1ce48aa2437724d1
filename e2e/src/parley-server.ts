// The real program on free ports with a data folder of its own, and, for tests that look into it, the media server as a
// second program with a known token.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HealthResponse } from '@parley/protocol';
import { afterEach, expect } from 'vitest';
import { Child, tail } from './child.ts';
import { KurentoObserver } from './kurento-observer.ts';

const TOKEN = randomBytes(16).toString('hex');
export const PARLEY = 'packages/parley/src/main.ts';
export const MEDIA_SERVER = 'packages/media-server/src/main.ts';

interface MediaServerReady {
  readonly type: 'ready';
  readonly url: string;
  readonly rtcPort: number;
}

interface ParleyServerOptions {
  /** Given the media server's URL, gives the one that the application server is to use instead. */
  readonly controlThrough?: (url: string) => Promise<string>;
  /** Settings of the program besides those that make it one of the test. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class ParleyServer {
  /** Base URL of the page. */
  readonly url: string;
  /** Of the media server's control socket. */
  readonly control: { readonly url: string; readonly token: string };
  /** UDP port of the media. */
  readonly rtcPort: number;
  readonly folder: string;
  readonly parley: Child;
  readonly mediaServer: Child;
  readonly #observers: KurentoObserver[] = [];

  private constructor(
    parts: Pick<ParleyServer, 'url' | 'control' | 'rtcPort' | 'folder' | 'parley' | 'mediaServer'>,
  ) {
    this.url = parts.url;
    this.control = parts.control;
    this.rtcPort = parts.rtcPort;
    this.folder = parts.folder;
    this.parley = parts.parley;
    this.mediaServer = parts.mediaServer;
  }

  /** Starts both programs; the log of both is printed when a test of the calling file fails. */
  static async start({ controlThrough, settings }: ParleyServerOptions = {}): Promise<ParleyServer> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-e2e-'));
    const data = join(folder, 'data');
    // The media server may use what it writes and plays; database and secrets lie beside it.
    mkdirSync(join(data, 'tests'), { recursive: true });
    const mediaServer = new Child(
      MEDIA_SERVER,
      [
        '--listen',
        '127.0.0.1:0',
        '--rtc-port',
        '0',
        '--announce',
        '127.0.0.1',
        '--token',
        TOKEN,
        '--data',
        join(data, 'recordings'),
        '--files',
        join(data, 'tests'),
      ],
      {},
      join(folder, 'media-server.log'),
    );
    const ready = (await mediaServer.told()) as MediaServerReady;
    expect(ready).toMatchObject({ type: 'ready' });
    try {
      const parley = new Child(
        PARLEY,
        ['--port', '0', '--host', '127.0.0.1', '--data-dir', data],
        {
          ...settings,
          MEDIA_SERVER_URL: (await controlThrough?.(ready.url)) ?? ready.url,
          MEDIA_SERVER_TOKEN: TOKEN,
        },
        join(folder, 'parley.log'),
      );
      // The report comes when the media server was reached: nothing else is to be waited for.
      const url = await openAddress(parley);
      expect(await health(url)).toMatchObject({ ready: true });
      const control = { url: ready.url, token: TOKEN };
      return new ParleyServer({ url, control, rtcPort: ready.rtcPort, folder, parley, mediaServer });
    } catch (error) {
      await mediaServer.stop();
      throw error;
    }
  }

  /** A new look into the media server's own objects. */
  async observe(): Promise<KurentoObserver> {
    const observer = await KurentoObserver.connect(this.control.url, this.control.token);
    this.#observers.push(observer);
    return observer;
  }

  /** As it was made at the first start. */
  adminToken(): string {
    return readFileSync(join(this.folder, 'data', 'admin-token'), 'utf8').trim();
  }

  /** Makes a room and gives its path. */
  async newRoom(): Promise<string> {
    const response = await fetch(`${this.url}/api/rooms`, { method: 'POST' });
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as { id: string };
    return `/r/${id}`;
  }

  /** How many lines both programs have logged so far. */
  get logLines(): number {
    return this.#log.split('\n').length;
  }

  /** The last lines of both. */
  recentLog(): string {
    return `parley:\n${tail(this.parley.log)}\nmedia server:\n${tail(this.mediaServer.log)}`;
  }

  get #log(): string {
    return `${this.parley.log}\n${this.mediaServer.log}`;
  }

  /** To be called in a test file: prints what both programs logged last when one of its tests fails. */
  static showLogOnFailure(server: () => ParleyServer | undefined): void {
    afterEach(({ task }) => {
      if (task.result?.state === 'fail') console.error(server()?.recentLog() ?? 'the server did not start');
    });
  }

  /** Ends both. @throws Error when one does not end in order */
  async stop(): Promise<void> {
    for (const observer of this.#observers) observer.close();
    try {
      await this.parley.stop();
    } finally {
      await this.mediaServer.stop();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** The first address of the start-up report. */
export async function openAddress(parley: Child): Promise<string> {
  const [, url] = await parley.printed(/Open +(\S+)[\s\S]*Ctrl-C/);
  if (url === undefined) throw new Error('the report names no address');
  return url;
}

export async function health(url: string): Promise<HealthResponse> {
  return HealthResponse.parse(await (await fetch(`${url}/api/health`)).json());
}
