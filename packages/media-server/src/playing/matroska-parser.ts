// Takes WebM and Matroska apart as it comes (RFC 9559, RFC 8794): bytes in, tracks and blocks out, each as soon as it is
// complete. For streams: goes forward only, and does not mind sizes that nobody knew. What is played is decided elsewhere.
import { MAX_READ_BYTES, StructureEnd } from './guarded-source.ts';

export interface MatroskaTrack {
  readonly number: number;
  readonly kind: 'audio' | 'video' | 'other';
  /** Such as `V_VP8`. */
  readonly codecId: string;
  readonly codecPrivate: Buffer | undefined;
  readonly channels: number;
  /** Blocks are compressed or encrypted. */
  readonly isEncoded: boolean;
}

export interface MatroskaHead {
  readonly type: 'head';
  /** In ms; undefined in what is recorded live. */
  readonly duration: number | undefined;
  readonly tracks: readonly MatroskaTrack[];
}

export interface MatroskaBlock {
  readonly type: 'block';
  readonly track: number;
  /** In ms. */
  readonly at: number;
  /** In ms; 0 when the block does not say. */
  readonly duration: number;
  readonly keyframe: boolean;
  readonly data: Buffer;
}

export const MATROSKA_ID = {
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  contentEncodings: 0x6d80,
  audio: 0xe1,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
  referenceBlock: 0xfb,
} as const;

/** Only their heads are read: what is inside follows like anything else, so that their sizes do not matter. */
const OPENED: ReadonlySet<number> = new Set([MATROSKA_ID.segment, MATROSKA_ID.cluster]);
const READ: ReadonlySet<number> = new Set([
  MATROSKA_ID.info,
  MATROSKA_ID.tracks,
  MATROSKA_ID.timestamp,
  MATROSKA_ID.simpleBlock,
  MATROSKA_ID.blockGroup,
]);

/** An id has 4 bytes at most, a size 8. */
const MAX_HEADER_BYTES = 12;

/** Of one element that is read whole: tracks of a film have a dozen; millions, of 2 bytes each, would fill the memory. */
const MAX_CHILDREN = 1_000;

/** TimestampScale when none is given: ms, in ns. */
const DEFAULT_SCALE = 1_000_000;

/** Lacing: several frames in one block (RFC 9559, section 10.3). */
const LACING_FLAGS = 0x06;
const KEYFRAME_FLAG = 0x80;

interface Element {
  readonly id: number;
  readonly headerLength: number;
  /** Of the data; undefined: unknown. */
  readonly size: number | undefined;
}

export class MatroskaParser {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Nothing can be done with fewer bytes than these. */
  #needed = 0;
  #skip = 0;
  #position = 0;
  #scale = DEFAULT_SCALE;
  #duration: number | undefined;
  #clusterTime = 0;

  /**
   * What the bytes complete.
   * @throws StructureEnd where no element begins; Error for a part of more than 64 MiB, for blocks with several frames, and
   * for numbers that are none
   */
  *push(chunk: Buffer): Generator<MatroskaHead | MatroskaBlock, void, undefined> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    // Once for each element, not for each chunk: an element may come in thousands of them.
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = this.#advance(bytes, skipped);
      const element = this.#skip > 0 ? undefined : elementAt(bytes, 0);
      if (!element) {
        if (this.#skip === 0 && bytes.length >= MAX_HEADER_BYTES) throw new StructureEnd(this.#position);
        this.#needed = 0;
        break;
      }
      const { id, headerLength, size } = element;
      if (OPENED.has(id)) {
        bytes = this.#advance(bytes, headerLength);
        continue;
      }
      if (size === undefined) throw new StructureEnd(this.#position);
      if (!READ.has(id)) {
        this.#skip = size;
        bytes = this.#advance(bytes, headerLength);
        continue;
      }
      if (size > MAX_READ_BYTES) throw new Error(`a part of it claims to have ${size} bytes`);
      this.#needed = headerLength + size;
      if (bytes.length < this.#needed) break;
      const data = bytes.subarray(headerLength, this.#needed);
      bytes = this.#advance(bytes, this.#needed);
      yield* this.#read(id, data);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
  }

  #advance(bytes: Buffer, count: number): Buffer {
    this.#position += count;
    return bytes.subarray(count);
  }

  *#read(id: number, data: Buffer): Generator<MatroskaHead | MatroskaBlock, void, undefined> {
    switch (id) {
      case MATROSKA_ID.info: {
        const children = childrenOf(data);
        this.#scale = unsigned(children.get(MATROSKA_ID.timestampScale)?.[0], DEFAULT_SCALE);
        const duration = float(children.get(MATROSKA_ID.duration)?.[0]);
        if (duration !== undefined) this.#duration = this.#ms(duration);
        break;
      }
      case MATROSKA_ID.tracks: {
        const tracks = (childrenOf(data).get(MATROSKA_ID.trackEntry) ?? []).map(trackOf);
        yield { type: 'head', duration: this.#duration, tracks };
        break;
      }
      case MATROSKA_ID.timestamp:
        this.#clusterTime = unsigned(data, 0);
        break;
      case MATROSKA_ID.simpleBlock:
        yield* this.#block(data, undefined, 0);
        break;
      case MATROSKA_ID.blockGroup: {
        const children = childrenOf(data);
        const duration = this.#ms(unsigned(children.get(MATROSKA_ID.blockDuration)?.[0], 0));
        const block = children.get(MATROSKA_ID.block)?.[0];
        if (block) yield* this.#block(block, !children.has(MATROSKA_ID.referenceBlock), duration);
      }
    }
  }

  /** RFC 9559, section 10: track, time within the cluster, flags, and the frame. */
  *#block(
    block: Buffer,
    isKey: boolean | undefined,
    duration: number,
  ): Generator<MatroskaBlock, void, undefined> {
    const number = vintAt(block, 0);
    if (!number || number.length + 3 > block.length) return;
    const flags = block[number.length + 2];
    if (flags & LACING_FLAGS)
      throw new Error('its blocks hold several frames each, which cannot be streamed');
    yield {
      type: 'block',
      track: number.value,
      at: this.#ms(this.#clusterTime + block.readInt16BE(number.length)),
      duration,
      keyframe: isKey ?? (flags & KEYFRAME_FLAG) !== 0,
      data: block.subarray(number.length + 3),
    };
  }

  #ms(ticks: number): number {
    return (ticks * this.#scale) / 1_000_000;
  }
}

function trackOf(entry: Buffer): MatroskaTrack {
  const children = childrenOf(entry);
  const type = unsigned(children.get(MATROSKA_ID.trackType)?.[0], 0);
  const audio = children.get(MATROSKA_ID.audio)?.[0];
  return {
    number: unsigned(children.get(MATROSKA_ID.trackNumber)?.[0], 0),
    kind: type === 1 ? 'video' : type === 2 ? 'audio' : 'other',
    codecId: (children.get(MATROSKA_ID.codecId)?.[0] ?? Buffer.alloc(0))
      .toString('latin1')
      .replace(/\0+$/, ''),
    codecPrivate: children.get(MATROSKA_ID.codecPrivate)?.[0],
    channels: audio ? unsigned(childrenOf(audio).get(MATROSKA_ID.channels)?.[0], 1) : 1,
    isEncoded: children.has(MATROSKA_ID.contentEncodings),
  };
}

/**
 * The data of the children by id; what is cut off or of unknown size ends the list.
 * @throws Error for more than 1000 of them
 */
function childrenOf(data: Buffer): Map<number, Buffer[]> {
  const children = new Map<number, Buffer[]>();
  let count = 0;
  for (let at = 0; at < data.length;) {
    if (++count > MAX_CHILDREN) throw new Error('a part of it consists of too many parts');
    const element = elementAt(data, at);
    if (element?.size === undefined) break;
    const start = at + element.headerLength;
    at = start + element.size;
    if (at > data.length) break;
    const same = children.get(element.id);
    if (same) same.push(data.subarray(start, at));
    else children.set(element.id, [data.subarray(start, at)]);
  }
  return children;
}

/** Undefined when its head is cut off, or none. */
export function elementAt(bytes: Buffer, at: number): Element | undefined {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  if (idLength > 4 || at + idLength >= bytes.length) return undefined;
  const size = vintAt(bytes, at + idLength);
  if (!size) return undefined;
  return {
    id: bytes.readUIntBE(at, idLength),
    headerLength: idLength + size.length,
    size: size.isAllOnes ? undefined : size.value,
  };
}

/** A number whose length is told by its leading zeros (RFC 8794, section 4); undefined when it is cut off. */
function vintAt(
  bytes: Buffer,
  at: number,
): { value: number; length: number; isAllOnes: boolean } | undefined {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  if (length > 8 || at + length > bytes.length) return undefined;
  const mask = 0xff >> length;
  let value = bytes[at] & mask;
  let isAllOnes = value === mask;
  for (let i = at + 1; i < at + length; i++) {
    value = value * 256 + bytes[i];
    isAllOnes &&= bytes[i] === 0xff;
  }
  return { value, length, isAllOnes };
}

/** @throws Error for more than 8 bytes (RFC 8794, section 7.2): it may have millions, and be beyond all numbers */
function unsigned(data: Buffer | undefined, otherwise: number): number {
  if (!data || data.length === 0) return otherwise;
  if (data.length > 8) throw new Error(`a number of it has ${data.length} bytes`);
  return data.reduce((value, byte) => value * 256 + byte, 0);
}

/** Undefined for what is no number. */
function float(data: Buffer | undefined): number | undefined {
  const value = data?.length === 4 ? data.readFloatBE() : data?.length === 8 ? data.readDoubleBE() : NaN;
  return Number.isFinite(value) ? value : undefined;
}
