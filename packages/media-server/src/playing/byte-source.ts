// Where the bytes of played media come from, without a word of what is in them: files, what is fetched, what is posted.

/** Any place of it can be read at any time. */
export interface PlacedBytes {
  /** The source as messages name it. */
  readonly name: string;
  /** Whether it may be read to its end just to know how long it is. */
  readonly isLocal: boolean;
  readonly size: number;
  /** From `start` up to `end`, which is not beyond `size`; a piece at a time, each when it is asked for. */
  read(start: number, end: number): AsyncGenerator<Buffer, void, undefined>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** All of it is read once, from the start, as it comes. */
export interface PassingBytes {
  /** The source as messages name it. */
  readonly name: string;
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
  /** Idempotent. */
  close(): Promise<void>;
}

export type ByteSource = PlacedBytes | PassingBytes;

export function isPlaced(source: ByteSource): source is PlacedBytes {
  return 'size' in source;
}

/** What lies from `start` on, `length` bytes or up to the end. */
export async function readWhole(source: PlacedBytes, start: number, length: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source.read(start, Math.min(source.size, start + length))) pieces.push(piece);
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}
