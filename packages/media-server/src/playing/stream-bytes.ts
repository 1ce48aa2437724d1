// Media that comes once, from its start on, as fast as it is taken: a server that cannot begin in the middle, or a client
// that posts. Played as it comes; only an MP4 file whose index is at its end has to be there as a whole first.
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteSource, PlacedBytes } from './byte-source.ts';
import { handleBytes } from './file-bytes.ts';
import type { MatroskaBytes } from './matroska-stream.ts';
import { MediaFileError } from './media-file-error.ts';
import { isMatroska } from './recording-end.ts';

/** What is kept on disk of a file whose index is at its end; a larger one is refused. In bytes. */
const MAX_SPOOLED_BYTES = 512 * 1024 * 1024;

/** A source that is asked for more and gives nothing for this long has ended without saying so. In ms. */
const STALL_TIMEOUT_MS = 30_000;

/** Boxes of MP4 before its index are short; behind this much nobody looks for it any more. In bytes. */
const MAX_PROBED_BYTES = 64 * 1024;

export interface StreamOptions {
  readonly chunks: AsyncIterable<Buffer>;
  /** For messages. */
  readonly name: string;
  /** Ends the source when its bytes are no longer wanted. Called once. */
  readonly close: () => void;
  readonly maxSpooledBytes?: number;
  readonly stallTimeoutMs?: number;
}

/**
 * The bytes of a stream. Waits for the first ones, and for all of them in an MP4 file whose index is at the end.
 * @throws MediaFileError `foreign` for such a file of more than 512 MiB; whatever ends the stream
 */
export async function streamBytes(options: StreamOptions): Promise<ByteSource | MatroskaBytes> {
  const iterator = withStallTimeout(options.chunks, options.stallTimeoutMs ?? STALL_TIMEOUT_MS);
  try {
    const head = await readHead(iterator);
    const chunks = from(head, iterator);
    const { name } = options;
    if (isMatroska(head)) return { name, matroska: chunks, close: closeOnce(options) };
    return needsWhole(head) ? await spooled(chunks, options) : { name, chunks, close: closeOnce(options) };
  } catch (error) {
    options.close();
    throw error;
  }
}

function closeOnce({ close }: Pick<StreamOptions, 'close'>): () => Promise<void> {
  let closed = false;
  return () => {
    if (!closed) close();
    closed = true;
    return Promise.resolve();
  };
}

async function spooled(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  options: StreamOptions,
): Promise<PlacedBytes> {
  const { name, close, maxSpooledBytes = MAX_SPOOLED_BYTES } = options;
  const folder = await mkdtemp(join(tmpdir(), 'parley-played-'));
  try {
    const path = join(folder, 'media');
    await pipeline(
      Readable.from(bounded(chunks, name, maxSpooledBytes)),
      createWriteStream(path, { mode: 0o600 }),
    );
    close();
    return await handleBytes(await open(path, 'r'), name);
  } finally {
    // What is open stays readable, and is gone with this process at the latest.
    await rm(folder, { recursive: true });
  }
}

async function* bounded(chunks: AsyncIterable<Buffer>, name: string, most: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > most)
      throw new MediaFileError(
        'foreign',
        `'${name}' is an MP4 file of more than ${most} bytes with its index at the end: it can be played as it comes ` +
          'when the index is at the beginning (ffmpeg -movflags +faststart)',
      );
    yield chunk;
  }
}

async function readHead(chunks: AsyncGenerator<Buffer, void, undefined>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < MAX_PROBED_BYTES && probe(head) === 'unknown') {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

function needsWhole(head: Buffer): boolean {
  return probe(head) === 'index-last';
}

/** What the beginning of a file says about reading it in order (ISO 14496-12, section 4.2: boxes of size and type). */
function probe(head: Buffer): 'streamable' | 'index-last' | 'unknown' {
  if (head.length < 8) return 'unknown';
  if (!['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(typeAt(head, 0))) return 'streamable';
  for (let at = 0; at + 8 <= head.length;) {
    const type = typeAt(head, at);
    if (type === 'mdat') return 'index-last';
    if (type === 'moov' || type === 'moof') return 'streamable';
    const size = head.readUInt32BE(at);
    // Sizes of 64 bits and "until the end" belong to boxes of media.
    if (size < 8) return 'streamable';
    at += size;
  }
  return 'unknown';
}

function typeAt(head: Buffer, at: number): string {
  return head.toString('latin1', at + 4, at + 8);
}

async function* from(
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  if (head.length > 0) yield head;
  yield* rest;
}

/** Counts only while somebody waits for bytes: a source is not to blame for a player that is paused. */
async function* withStallTimeout(
  chunks: AsyncIterable<Buffer>,
  timeoutMs: number,
): AsyncGenerator<Buffer, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came for ${timeoutMs / 1000} s`)), timeoutMs);
    });
    const result = await Promise.race([iterator.next(), stalled]).finally(() => clearTimeout(timer));
    if (result.done) return;
    yield result.value;
  }
}
