// Has media read by processes of their own, one for each source as long as they are few, so that no file can end or hold up
// this server, nor what else is played.
import type { ByteSource } from '../byte-source.ts';
import type { Playable } from '../player.ts';
import { ReaderProcess } from './reader-process.ts';

/** Each takes some 35 MB. What is played beyond that many shares them, and the fate of whatever it is read beside. */
const MAX_PROCESSES = 8;

/** What one answer may take of the reader's own time: the index of a long film takes a second or two. In ms. */
const LIMIT_MS = 20_000;

/** Of one process, in MiB: the index of ten hours of film takes half of it. */
const MAX_HEAP_MB = 256;

export interface MediaReadersOptions {
  readonly maxProcesses?: number;
  readonly limitMs?: number;
  readonly maxHeapMb?: number;
  /** For tests: the program that reads. */
  readonly entry?: string;
}

/** Whoever reads media. */
export interface MediaReader {
  /** Has one ready that can open at once, as starting takes a third of a second: called when something will be opened. */
  prepare(): void;
  /**
   * The source belongs to what is opened, and is closed when it is refused.
   * @throws MediaFileError; the reason of `signal`, which ends the opening at once
   */
  open(source: ByteSource, signal: AbortSignal): Promise<Playable>;
}

export class MediaReaders implements MediaReader {
  readonly #options: MediaReadersOptions;
  readonly #processes = new Set<ReaderProcess>();
  readonly #endWithUs = (): void => this.close();

  constructor(options: MediaReadersOptions = {}) {
    this.#options = options;
  }

  /** How many are running. */
  get count(): number {
    return this.#processes.size;
  }

  prepare(): void {
    if (!this.#idle() && !this.#isFull) this.#start();
  }

  open(source: ByteSource, signal: AbortSignal): Promise<Playable> {
    const reader = this.#idle() ?? (this.#isFull ? this.#leastLoaded() : this.#start());
    return reader.open(source, signal);
  }

  /** Ends all at once, and what they read. To be called when nothing more will be opened. */
  close(): void {
    for (const reader of this.#processes) reader.kill();
  }

  get #isFull(): boolean {
    return this.#processes.size >= (this.#options.maxProcesses ?? MAX_PROCESSES);
  }

  /** Who has read nothing yet. There is one at most, which waits for the next source: a process ends with the last that it reads. */
  #idle(): ReaderProcess | undefined {
    return [...this.#processes].find(({ load }) => load === 0);
  }

  #start(): ReaderProcess {
    if (this.#processes.size === 0) process.on('exit', this.#endWithUs);
    const { limitMs = LIMIT_MS, maxHeapMb = MAX_HEAP_MB, entry } = this.#options;
    const ending = (): void => {
      this.#processes.delete(reader);
      if (this.#processes.size === 0) process.off('exit', this.#endWithUs);
    };
    const reader = new ReaderProcess({ limitMs, maxHeapMb, entry, ending });
    this.#processes.add(reader);
    return reader;
  }

  #leastLoaded(): ReaderProcess {
    return [...this.#processes].reduce((a, b) => (b.load < a.load ? b : a));
  }
}
