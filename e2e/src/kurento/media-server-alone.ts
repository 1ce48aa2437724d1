// The media server as a program of its own, without application server: for tests whose clients speak Kurento's protocol.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { Child, tail } from '../child.ts';
import { MEDIA_SERVER } from '../parley-server.ts';
import { KurentoConnection } from './kurento-connection.ts';

interface Ready {
  readonly type: 'ready';
  readonly url: string;
  readonly rtcPort: number;
}

interface AloneOptions {
  /** Flags besides those that make it one of the test; a flag given here wins. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class MediaServerAlone {
  /** `ws://127.0.0.1:…/kurento` */
  readonly url: string;
  /** UDP and TCP port of all WebRTC media. */
  readonly rtcPort: number;
  /** Where recorders may write and players may read; gone after `stop`. */
  readonly dataFolder: string;
  readonly child: Child;
  readonly #folder: string;
  readonly #connections: KurentoConnection[] = [];

  constructor(child: Child, { url, rtcPort }: Ready, folder: string) {
    this.child = child;
    this.url = url;
    this.rtcPort = rtcPort;
    this.dataFolder = dataFolderIn(folder);
    this.#folder = folder;
  }

  /** Port of the control socket. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** A connection with a session of its own; closed by `stop` at the latest. */
  async connect(url = this.url): Promise<KurentoConnection> {
    const connection = await KurentoConnection.open(url);
    this.#connections.push(connection);
    return connection;
  }

  /** The `file://` URI of a file in the data folder. */
  fileUri(name: string): string {
    return `file://${this.filePath(name)}`;
  }

  filePath(name: string): string {
    return join(this.dataFolder, name);
  }

  /** To be called in a test file: prints what the server logged last when one of its tests fails. */
  static showLogOnFailure(server: () => MediaServerAlone | undefined): void {
    afterEach(({ task }) => {
      if (task.result?.state === 'fail')
        console.error(tail(server()?.child.log ?? 'the media server did not start'));
    });
  }

  /** @throws Error when it does not end in order */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    try {
      await this.child.stop();
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

/** Starts one on free ports of 127.0.0.1 with an empty data folder. @throws Error with its output when it does not start */
export async function startMediaServerAlone({
  flags = [],
  environment = {},
}: AloneOptions = {}): Promise<MediaServerAlone> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-kurento-'));
  mkdirSync(dataFolderIn(folder));
  const own = ['--listen', '127.0.0.1:0', '--rtc-port', '0', '--data', dataFolderIn(folder)];
  const announced = flags.includes('--announce') ? [] : ['--announce', '127.0.0.1'];
  const child = new Child(
    MEDIA_SERVER,
    [...own, ...announced, ...flags],
    { ...environment },
    join(folder, 'media-server.log'),
  );
  const ready = (await child.told()) as Ready | { type: 'failed'; message: string };
  if (ready.type === 'failed') throw new Error(`the media server did not start: ${ready.message}`);
  return new MediaServerAlone(child, ready, folder);
}

function dataFolderIn(folder: string): string {
  return join(folder, 'data');
}
