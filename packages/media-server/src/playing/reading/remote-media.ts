// Media that another process reads: asks it for frames, and gives it the bytes that it asks for. Here nothing is looked
// into. Whatever happens over there, what is asked here ends.
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../../forwarding/track.ts';
import { isPlaced, type ByteSource } from '../byte-source.ts';
import type { FileFrame } from '../file-tracks.ts';
import { MediaFileError } from '../media-file-error.ts';
import type { Playable } from '../player.ts';
import { OwnTime } from './own-time.ts';
import {
  errorOf,
  failureOf,
  type Exchanges,
  type FromReader,
  type MediaDescription,
  type Question,
  type ToReader,
} from './reader-protocol.ts';

export interface ReaderLink {
  send(message: ToReader): void;
  /** An answer has taken longer than any may, without the time that bytes took to come. */
  stalled(): void;
  /** No more will be asked. Resolves when nothing is left over there. */
  left(): Promise<void>;
}

interface Read {
  readonly pieces: AsyncGenerator<Buffer, void, undefined>;
  /** Bytes that are still to come; Infinity when nobody knows. */
  left: number;
}

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class RemoteMedia implements Playable {
  readonly #id: number;
  readonly #source: ByteSource;
  readonly #link: ReaderLink;
  readonly #ownTime: OwnTime;
  readonly #requests = new Map<number, Pending>();
  readonly #reads = new Map<number, Read>();
  /** Pieces that it waits for. */
  #pulls = 0;
  #lastRequest = 0;
  #lastRun = 0;
  #description: MediaDescription | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /** `limitMs`: what one answer may take of the reader's own time. */
  constructor(id: number, source: ByteSource, link: ReaderLink, limitMs: number) {
    this.#id = id;
    this.#source = source;
    this.#link = link;
    this.#ownTime = new OwnTime(limitMs, () => link.stalled());
  }

  /**
   * To be called first. When it is refused all is closed.
   * @throws MediaFileError; the reason of `signal`, which ends it
   */
  async open(signal: AbortSignal): Promise<void> {
    const leave = (): void => this.#fail(signal.reason as Error);
    signal.addEventListener('abort', leave);
    try {
      signal.throwIfAborted();
      const { name } = this.#source;
      const placed = isPlaced(this.#source) ? this.#source : undefined;
      const ask = { name, isLocal: placed?.isLocal ?? false, size: placed?.size };
      this.#description = await this.#ask({ type: 'open', ...ask });
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  get duration(): number | undefined {
    return this.#opened.duration;
  }

  get isSeekable(): boolean {
    return this.#opened.isSeekable;
  }

  get format(): string {
    return this.#opened.format;
  }

  get unplayable(): readonly string[] {
    return this.#opened.unplayable;
  }

  codec(kind: MediaKind): RtpCodec | undefined {
    return this.#opened.codecs[kind];
  }

  keyframeBefore(at: number): Promise<number> {
    return this.#ask({ type: 'keyframe', at });
  }

  /** One run of frames at a time: a further one ends those before it. */
  async *frames(from: number): AsyncGenerator<FileFrame, void, undefined> {
    const run = ++this.#lastRun;
    while (run === this.#lastRun) {
      const { frames, done } = await this.#ask({ type: 'next', run, from });
      yield* frames;
      if (done) return;
    }
  }

  /** What the other process says. */
  receive(message: FromReader): void {
    switch (message.type) {
      case 'answer':
        this.#settle(message.request)?.resolve(message.answer as never);
        break;
      case 'failed':
        this.#settle(message.request)?.reject(errorOf(message.failure));
        break;
      case 'pull':
        void this.#give(message.read, message.start, message.end);
        break;
      case 'leave':
        this.#leaveRead(message.read);
    }
  }

  /** The other process is gone; `why` continues a sentence, `cause` are its last words. */
  end(why: string, cause: string | undefined): void {
    const what = this.#description ? 'cannot be played on' : 'cannot be played';
    const error = new MediaFileError('foreign', `'${this.#source.name}' ${what}: ${why}`);
    if (cause !== undefined) error.cause = new Error(cause);
    this.#fail(error);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#fail(new Error(`'${this.#source.name}' has been closed`));
    for (const read of [...this.#reads.keys()]) this.#leaveRead(read);
    await Promise.all([this.#link.left(), this.#source.close()]);
  }

  /** Ends what is asked and what will be. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#ownTime.reset();
    for (const { reject } of this.#requests.values()) reject(this.#failure);
    this.#requests.clear();
  }

  #ask<Q extends Question>(question: Q): Promise<Exchanges[Q['type']]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      const request = ++this.#lastRequest;
      this.#requests.set(request, { resolve, reject });
      this.#link.send({ type: 'ask', media: this.#id, request, question });
      this.#measure();
    });
  }

  #settle(request: number): Pending | undefined {
    const pending = this.#requests.get(request);
    this.#requests.delete(request);
    if (this.#requests.size === 0) this.#ownTime.reset();
    return pending;
  }

  async #give(read: number, start: number, end: number): Promise<void> {
    this.#pulls++;
    this.#measure();
    const about = { media: this.#id, read };
    try {
      const begun = this.#read(read, start, end);
      const { value, done } = await begun.pieces.next();
      begun.left -= value?.length ?? 0;
      const isLast = done === true || begun.left <= 0;
      if (isLast) this.#leaveRead(read);
      this.#link.send({ type: 'bytes', ...about, data: value ?? undefined, isLast });
    } catch (error) {
      this.#reads.delete(read);
      this.#link.send({ type: 'no-bytes', ...about, failure: failureOf(error) });
    }
    this.#pulls--;
    this.#measure();
  }

  #read(read: number, start: number, end: number): Read {
    const begun = this.#reads.get(read);
    if (begun) return begun;
    const added = isPlaced(this.#source)
      ? { pieces: this.#source.read(start, end), left: end - start }
      : { pieces: this.#source.chunks, left: Infinity };
    this.#reads.set(read, added);
    return added;
  }

  #leaveRead(read: number): void {
    const left = this.#reads.get(read);
    this.#reads.delete(read);
    // What it was waiting for may end in an error, which nobody is interested in any more.
    left?.pieces.return().catch(() => undefined);
  }

  #measure(): void {
    this.#ownTime.run(this.#requests.size > 0 && this.#pulls === 0);
  }

  get #opened(): MediaDescription {
    if (!this.#description) throw new Error('Asked of media that has not been opened');
    return this.#description;
  }
}
