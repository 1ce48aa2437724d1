// Finds where a fragmented MP4 file ends whose writing was cut off: behind its last complete fragment. Reads the heads of
// its boxes, and what lies next to them.
import type { ReadAt } from './recording-end.ts';

/** Size and type; then 8 bytes of size when the first ones say 1 (ISO 14496-12, section 4.2). */
const HEAD_BYTES = 16;

/** What is read at once: the index of a fragment is shorter mostly, so that the head of its media is there as well. */
const READ_BYTES = 4096;

/** Boxes that a file may begin with. */
const FIRST_TYPES: ReadonlySet<string> = new Set(['ftyp', 'styp', 'moov']);

/**
 * The length in bytes up to which the file consists of whole fragments; undefined for other files, and for those in which
 * all is whole.
 */
export async function fragmentsEnd(readAt: ReadAt, size: number): Promise<number | undefined> {
  const headAt = headsOf(readAt);
  let fragments = 0;
  /** Behind the last box that needs nothing after it: a `moof` needs its `mdat`. */
  let whole = 0;
  for (let at = 0; at < size;) {
    const head = await headAt(at);
    const type = head.toString('latin1', 4, 8);
    if (at === 0 && !FIRST_TYPES.has(type)) return undefined;
    const length = boxLength(head);
    // Media before any fragment: a file with one index.
    if (type === 'mdat' && fragments === 0) return undefined;
    if (length === undefined || at + length > size) return fragments > 0 ? whole : undefined;
    at += length;
    if (type === 'moof') fragments++;
    else whole = at;
  }
  return whole < size && fragments > 0 ? whole : undefined;
}

/** What begins at a place, as much of a head as there is; places are asked for in their order. */
function headsOf(readAt: ReadAt): (at: number) => Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  let bytesAt = 0;
  return async (at) => {
    if (at + HEAD_BYTES > bytesAt + bytes.length) {
      bytes = await readAt(at, READ_BYTES);
      bytesAt = at;
    }
    return bytes.subarray(at - bytesAt, at - bytesAt + HEAD_BYTES);
  };
}

/** With its head; undefined when that is cut off or absurd. */
function boxLength(head: Buffer): number | undefined {
  if (head.length < 8) return undefined;
  const short = head.readUInt32BE(0);
  if (short !== 1) return short >= 8 ? short : undefined;
  if (head.length < HEAD_BYTES) return undefined;
  const long = Number(head.readBigUInt64BE(8));
  return long >= HEAD_BYTES ? long : undefined;
}
