// One process that reads media for this server, from its start to its end. What dies or takes too long over there ends what
// it was reading, and nothing else.
import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ByteSource } from '../byte-source.ts';
import type { FromReader, ToReader } from './reader-protocol.ts';
import { RemoteMedia, type ReaderLink } from './remote-media.ts';

const ENTRY = fileURLToPath(new URL('./reader-main.cjs', import.meta.url));

/** Its code is TypeScript, as all of it. */
const TYPESCRIPT = createRequire(import.meta.url).resolve('tsx/cjs');

/** It looks into what strangers made, and is told no secrets: of the environment it gets what programs need to run. */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR'] as const;

/** What is kept of its last words, in characters, and the line of them that says why: more of them is of no use in a log. */
const MAX_WORDS = 20_000;
const CAUSE = /^(?:FATAL ERROR|\w*Error): .*$/m;

export interface ReaderProcessOptions {
  /** What one answer may take of the reader's own time, in ms. */
  readonly limitMs: number;
  /** What it may have of its heap, in MiB. */
  readonly maxHeapMb: number;
  /** For tests: another program in its place. */
  readonly entry?: string | undefined;
  /** Nothing more can be read by it. */
  readonly ending: () => void;
}

export class ReaderProcess {
  readonly #options: ReaderProcessOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #media = new Map<number, RemoteMedia>();
  #lastMedia = 0;
  #words = '';
  #ended = false;

  constructor(options: ReaderProcessOptions) {
    this.#options = options;
    this.#child = fork(options.entry ?? ENTRY, [], {
      execArgv: ['--require', TYPESCRIPT, `--max-old-space-size=${options.maxHeapMb}`],
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (words: Buffer) => {
      if (this.#words.length < MAX_WORDS) this.#words += words.toString();
    });
    this.#child.on('message', (message: FromReader) => this.#media.get(message.media)?.receive(message));
    this.#exited = new Promise((resolve) => {
      // After its last words, which `exit` may come before.
      this.#child.once('close', (code, signal) => {
        this.#end(`what read it ended (${signal ?? `code ${code}`})`, this.#words);
        resolve();
      });
      this.#child.on('error', (error) => {
        this.#end(`what reads it cannot be started (${error.message})`, '');
        if (this.#child.pid === undefined) resolve();
      });
    });
  }

  /** How many it reads. */
  get load(): number {
    return this.#media.size;
  }

  /**
   * The source belongs to what is opened, and is closed when it is refused.
   * @throws MediaFileError; the reason of `signal`
   */
  async open(source: ByteSource, signal: AbortSignal): Promise<RemoteMedia> {
    const id = ++this.#lastMedia;
    const link: ReaderLink = {
      send: (message) => this.#send(message),
      stalled: () => this.#end(`reading it took more than ${this.#options.limitMs / 1000} s`, ''),
      left: () => this.#leave(id),
    };
    const media = new RemoteMedia(id, source, link, this.#options.limitMs);
    this.#media.set(id, media);
    await media.open(signal);
    return media;
  }

  /** At once, without waiting for anything. Idempotent. */
  kill(): void {
    this.#end('this server ends', '');
  }

  async #leave(id: number): Promise<void> {
    this.#media.delete(id);
    if (this.#media.size === 0) {
      this.kill();
      await this.#exited;
    } else this.#send({ type: 'close', media: id });
  }

  #send(message: ToReader): void {
    // That it has gone is told by its end.
    if (!this.#ended) this.#child.send(message, () => undefined);
  }

  #end(why: string, words: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#child.kill('SIGKILL');
    this.#options.ending();
    const cause = CAUSE.exec(words)?.[0];
    for (const media of this.#media.values()) media.end(why, cause);
  }
}
