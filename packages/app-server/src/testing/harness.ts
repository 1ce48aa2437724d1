// A whole application server against a fake media server, in a folder of its own. For tests only.
import { cpSync } from 'node:fs';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoomId, StreamId, StreamKind } from '@parley/protocol';
import { RoomResponse } from '@parley/protocol';
import { pino, type Logger } from 'pino';
import type { ClientOptions } from 'ws';
import { startAppServer, type AppServerOptions, type RunningAppServer } from '../index.ts';
import { FakeKurento } from './fake-kurento.ts';
import { TestBrowser } from './test-browser.ts';

/** RFC 8866 and 8839: as little as the application server reads out of an offer. */
export function offer({ audio = true, video = true, ufrag = 'abcd' } = {}): string {
  const media = (kind: string) =>
    `m=${kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:${ufrag}\r\na=sendonly\r\n`;
  return `v=0\r\n${audio ? media('audio') : ''}${video ? media('video') : ''}`;
}

export const silent: Logger = pino({ level: 'silent' });

export class Harness {
  readonly kurento: FakeKurento;
  dataDir: string;
  readonly clientDir: string;
  server: RunningAppServer;
  readonly #options: Partial<AppServerOptions>;
  readonly #browsers: TestBrowser[] = [];

  static async start(options: Partial<AppServerOptions> = {}): Promise<Harness> {
    const kurento = await FakeKurento.listen();
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
    const clientDir = join(dataDir, 'client');
    await mkdir(join(clientDir, 'assets'), { recursive: true });
    await writeFile(join(clientDir, 'index.html'), '<!doctype html><title>Parley</title>');
    await writeFile(join(clientDir, 'assets', 'index-abc123.js'), 'export {};');
    const server = await launch(kurento, dataDir, clientDir, options);
    return new Harness(kurento, dataDir, clientDir, server, options);
  }

  private constructor(
    kurento: FakeKurento,
    dataDir: string,
    clientDir: string,
    server: RunningAppServer,
    options: Partial<AppServerOptions>,
  ) {
    this.kurento = kurento;
    this.dataDir = dataDir;
    this.clientDir = clientDir;
    this.server = server;
    this.#options = options;
  }

  /** Ends the application server and starts another on the same data. */
  async restart(): Promise<void> {
    await this.server.close();
    this.server = await launch(this.kurento, this.dataDir, this.clientDir, this.#options);
  }

  /**
   * The application server dies as by `kill -9`, and another is started on what was in the data folder at that moment.
   * @param meanwhile done while there is none; gets the data folder
   */
  async kill(meanwhile: (folder: string) => unknown = () => undefined): Promise<void> {
    const dead = this.dataDir;
    const copy = await mkdtemp(join(tmpdir(), 'parley-test-'));
    // At once, and without what is being written and gets its name later: the server goes on meanwhile.
    cpSync(dead, copy, { recursive: true, filter: (source) => !source.endsWith('.new') });
    for (const browser of this.#browsers) browser.socket.terminate();
    // It cannot say a last word to the media server, which keeps the objects.
    this.kurento.refusesConnections = true;
    this.kurento.disconnect('remembering');
    await this.server.close();
    await rm(dead, { recursive: true, force: true });
    this.dataDir = copy;
    this.kurento.refusesConnections = false;
    await meanwhile(copy);
    this.kurento.calls.length = 0;
    this.server = await launch(this.kurento, copy, join(copy, 'client'), this.#options);
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers) browser.socket.terminate();
    await this.server.close();
    await this.kurento.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async createRoom(): Promise<RoomId> {
    const response = await fetch(`${this.server.url}/api/rooms`, { method: 'POST' });
    return RoomResponse.parse(await response.json()).id;
  }

  async browser(options?: ClientOptions): Promise<TestBrowser> {
    const browser = await TestBrowser.connect(this.server.url, options);
    this.#browsers.push(browser);
    return browser;
  }

  /** A browser that is in the room. */
  async joined(room: RoomId, name = 'Ada'): Promise<TestBrowser> {
    const browser = await this.browser();
    await browser.request('join', { room, name });
    return browser;
  }

  /** Starts a stream and gives its id. */
  async broadcast(
    browser: TestBrowser,
    kind: StreamKind = 'camera',
    media = { audio: true, video: true },
  ): Promise<StreamId> {
    const { stream } = await browser.request('requestBroadcast', { kind, ...media, muted: false });
    await browser.request('startBroadcast', { stream: stream.id, sdpOffer: offer(media) });
    return stream.id;
  }
}

function launch(
  kurento: FakeKurento,
  dataDir: string,
  clientDir: string,
  options: Partial<AppServerOptions>,
): Promise<RunningAppServer> {
  return startAppServer({
    host: '127.0.0.1',
    port: 0,
    dataDir,
    clientDir,
    mediaServer: { url: kurento.url, token: 'a token' },
    patience: { legsMs: 20, participantMs: 60 },
    log: silent,
    ...options,
  });
}
