// In the process that reads: bytes that are asked of the media server, a piece at a time.
import type { ByteSource } from '../byte-source.ts';
import { errorOf, type Exchanges, type FromReader, type ToReader } from './reader-protocol.ts';

/**
 * What all that is read here may take in memory beside the heap, in bytes: more than the largest part, a few times over.
 * The heap has its bound from the outside.
 */
const MAX_BUFFERED_BYTES = 512 * 1024 * 1024;

interface Piece {
  readonly data: Buffer | undefined;
  readonly isLast: boolean;
}

interface Waiting {
  readonly resolve: (piece: Piece) => void;
  readonly reject: (error: Error) => void;
}

export class RequestedBytes {
  readonly source: ByteSource;
  readonly #media: number;
  readonly #send: (message: FromReader) => void;
  readonly #waiting = new Map<number, Waiting>();
  #reads = 0;

  constructor(
    media: number,
    { name, isLocal, size }: Exchanges['open']['ask'],
    send: (m: FromReader) => void,
  ) {
    this.#media = media;
    this.#send = send;
    // The bytes are closed where they come from.
    const close = (): Promise<void> => Promise.resolve();
    this.source =
      size === undefined
        ? { name, chunks: this.#read(0, Infinity), close }
        : { name, isLocal, size, read: (start, end) => this.#read(start, end), close };
  }

  receive(message: Extract<ToReader, { type: 'bytes' | 'no-bytes' }>): void {
    const waiting = this.#waiting.get(message.read);
    this.#waiting.delete(message.read);
    if (message.type === 'no-bytes') waiting?.reject(errorOf(message.failure));
    else waiting?.resolve({ data: message.data && bufferOf(message.data), isLast: message.isLast });
  }

  async *#read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    const read = this.#reads++;
    let isOver = false;
    try {
      while (!isOver) {
        const { data, isLast } = await this.#pull(read, start, end);
        isOver = isLast;
        if (data) yield data;
      }
    } finally {
      if (!isOver) this.#send({ type: 'leave', media: this.#media, read });
    }
  }

  #pull(read: number, start: number, end: number): Promise<Piece> {
    return new Promise((resolve, reject) => {
      if (process.memoryUsage().arrayBuffers > MAX_BUFFERED_BYTES)
        throw new Error('reading it takes more memory than media does');
      this.#waiting.set(read, { resolve, reject });
      this.#send({ type: 'pull', media: this.#media, read, start, end });
    });
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
