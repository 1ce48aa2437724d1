// In the process that reads: one source of media, and the answers to what the media server asks about it.
import { MediaFile } from '../media-file.ts';
import { FrameFeed } from './frame-feed.ts';
import {
  failureOf,
  type Batch,
  type Exchanges,
  type FromReader,
  type MediaDescription,
  type Question,
  type ToReader,
} from './reader-protocol.ts';
import { RequestedBytes } from './requested-bytes.ts';

export class ServedMedia {
  readonly #id: number;
  readonly #send: (message: FromReader) => void;
  #bytes: RequestedBytes | undefined;
  #file: MediaFile | undefined;
  #run = { number: 0, feed: undefined as FrameFeed | undefined };

  constructor(id: number, send: (message: FromReader) => void) {
    this.#id = id;
    this.#send = send;
  }

  receive(message: Exclude<ToReader, { type: 'close' }>): void {
    if (message.type !== 'ask') {
      this.#bytes?.receive(message);
      return;
    }
    const { request, question } = message;
    this.#answer(question).then(
      (answer) => this.#send({ type: 'answer', media: this.#id, request, answer }),
      (error: unknown) => this.#send({ type: 'failed', media: this.#id, request, failure: failureOf(error) }),
    );
  }

  close(): Promise<void> | undefined {
    return this.#file?.close();
  }

  #answer(question: Question): Promise<Exchanges[keyof Exchanges]['answer']> {
    switch (question.type) {
      case 'open':
        return this.#open(question);
      case 'next':
        return this.#next(question);
      case 'keyframe':
        return this.#opened.keyframeBefore(question.at);
    }
  }

  async #open(ask: Exchanges['open']['ask']): Promise<MediaDescription> {
    this.#bytes = new RequestedBytes(this.#id, ask, this.#send);
    this.#file = await MediaFile.read(this.#bytes.source);
    const { duration, isSeekable, format, unplayable } = this.#file;
    const codecs = { audio: this.#file.codec('audio'), video: this.#file.codec('video') };
    return { duration, isSeekable, format, unplayable, codecs };
  }

  #next({ run, from }: Exchanges['next']['ask']): Promise<Batch> {
    if (run !== this.#run.number) this.#run = { number: run, feed: new FrameFeed(this.#opened.frames(from)) };
    return this.#run.feed?.take() ?? Promise.resolve({ frames: [], done: true });
  }

  get #opened(): MediaFile {
    if (!this.#file) throw new Error('Asked of media that has not been opened');
    return this.#file;
  }
}
