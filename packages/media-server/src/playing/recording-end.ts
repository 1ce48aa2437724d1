// Finds where a recording ends, also one whose writing was cut off by a kill or a full disk. Reads the last cluster only.
// For files as our recorder writes them: clusters of unknown size, one after the other, times in ms.

/** The first bytes of every WebM and Matroska file (RFC 8794, section 11.2.1). */
const EBML_ID = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

/** Id of a Cluster, "size unknown" in one byte, id of its Timestamp (RFC 9559, section 5.1.3; RFC 8794, section 6.2). */
const CLUSTER_START = Buffer.from([0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7]);

const CHUNK_BYTES = 256 * 1024;

/** Our clusters are shorter than this; files of others are not searched through. In bytes. */
const MAX_CLUSTER_BYTES = 64 * 1024 * 1024;

/** The id and the size of an element are 4 and 8 bytes at most; of a block, the track and the time follow. */
const MAX_HEADER_BYTES = 12 + 8;

const TIMESTAMP_ID = 0xe7;
const SIMPLE_BLOCK_ID = 0xa3;

export interface RecordingEnd {
  /** The length in bytes up to which the file consists of whole elements. */
  readonly length: number;
  /** Time of the newest frame, in ms. */
  readonly at: number;
}

/** Reads up to `length` bytes from `position` on: fewer at the end of the file only. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Whether a file that begins with `head` (4 bytes or more) is one of WebM or Matroska. */
export function isMatroska(head: Buffer): boolean {
  return head.subarray(0, EBML_ID.length).equals(EBML_ID);
}

/** The end of a recording in a file of `size` bytes; undefined for a file that our recorder did not write. */
export async function recordingEnd(readAt: ReadAt, size: number): Promise<RecordingEnd | undefined> {
  const cluster = await lastCluster(readAt, size);
  if (cluster === undefined) return undefined;
  // The cluster's own size is unknown, so its children, and what follows it, are walked as one row of elements.
  let position = cluster + CLUSTER_START.length - 1;
  let chunkStart = position;
  let chunk: Buffer = Buffer.alloc(0);
  let clusterTime = 0;
  let at = 0;
  for (;;) {
    if (position + MAX_HEADER_BYTES > chunkStart + chunk.length && chunkStart + chunk.length < size) {
      chunkStart = position;
      chunk = await readAt(position, CHUNK_BYTES);
    }
    const element = elementAt(chunk, position - chunkStart);
    if (!element || position + element.length > size) return { length: position, at };
    const { id, dataAt, length } = element;
    if (id === TIMESTAMP_ID) clusterTime = chunk.readUIntBE(dataAt, Math.min(6, chunk[dataAt - 1] & 0x7f));
    // One byte of track number, then the time within the cluster (RFC 9559, section 10.1).
    if (id === TIMESTAMP_ID || id === SIMPLE_BLOCK_ID)
      at = Math.max(at, clusterTime + (id === SIMPLE_BLOCK_ID ? chunk.readInt16BE(dataAt + 1) : 0));
    position += length;
  }
}

async function lastCluster(readAt: ReadAt, size: number): Promise<number | undefined> {
  for (let end = size; end > 0 && size - end < MAX_CLUSTER_BYTES;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    // The chunks overlap, so that a start on their border is found.
    const chunk = await readAt(start, end - start + CLUSTER_START.length - 1);
    const found = chunk.lastIndexOf(CLUSTER_START);
    if (found !== -1) return start + found;
    end = start;
  }
  return undefined;
}

interface Element {
  /** The first byte of the id, which is all of it for the two that matter here. */
  readonly id: number;
  readonly dataAt: number;
  /** Header included. */
  readonly length: number;
}

/** The element whose header begins at `at`; undefined when the header is cut or not one. */
function elementAt(bytes: Buffer, at: number): Element | undefined {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  const sizeAt = at + idLength;
  if (idLength > 4 || sizeAt >= bytes.length) return undefined;
  const sizeLength = Math.clz32(bytes[sizeAt]) - 23;
  const dataAt = sizeAt + sizeLength;
  if (sizeLength > 8 || dataAt > bytes.length) return undefined;
  let size = bytes[sizeAt] & (0xff >> sizeLength);
  for (let i = sizeAt + 1; i < dataAt; i++) size = size * 256 + bytes[i];
  return { id: bytes[at], dataAt, length: dataAt - at + size };
}
