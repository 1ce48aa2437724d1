// What the muxer appends to a WebM or Matroska file, on its way there: lists the key frames for an index of our own, blots
// out placeholders, and keeps room in the head for what is known later (RFC 9559): the duration, and where the index is.
import { elementAt, MATROSKA_ID } from '../playing/matroska-parser.ts';
import type { ByteSink } from './byte-sink.ts';
import { element, float, unsigned, voidElement } from './ebml.ts';

const ID = {
  ...MATROSKA_ID,
  void: 0xec,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
} as const;

/** Their sizes are unknown, so what is inside follows like anything else. */
const OPENED: ReadonlySet<number> = new Set([ID.segment, ID.cluster]);

const SEEK_LENGTH = 21;
/** Of the info, the tracks and the index. */
const SEEK_HEAD_LENGTH = 5 + 3 * SEEK_LENGTH;
const DURATION_LENGTH = 11;

/** Track number, in one byte, time within the cluster, flags (RFC 9559, section 10.1). */
const BLOCK_HEADER_LENGTH = 4;
const KEYFRAME_FLAG = 0x80;

/** Key frames of the index are at least this far apart, in ms: all packets of sound are key frames. */
const MIN_CUE_STEP_MS = 1_000;

/** So often the file is told its duration while it grows, in ms: what is killed is to be known within this. */
const DURATION_STEP_MS = 1_000;

const CHANGED = 'The muxer does not lay out files as it used to';

interface Cue {
  /** In ms. */
  readonly at: number;
  readonly clusterAt: number;
}

/** Positions are those in the file, in bytes. */
export class MatroskaWriter {
  readonly #sink: ByteSink;
  readonly #indexedTrack: number;
  readonly #placeholder: Buffer;
  #position = 0;
  /** Of the first byte inside the Segment. */
  #segmentAt = 0;
  #infoAt = 0;
  /** Those of its children that the muxer writes. */
  #info: Buffer | undefined;
  #durationAt = 0;
  #tracksAt = 0;
  #clusterAt = 0;
  #clusterTime = 0;
  readonly #cues: Cue[] = [];
  #cuesAt: number | undefined;
  /** Time of the newest block, in ms, and the duration that the file has been told. */
  #end = 0;
  #toldEnd = 0;

  /**
   * Appends to `sink`, which remains the caller's. The index is of the track of this number (1 to 126). Blocks whose data is
   * `placeholder` become Void elements of the same length, which every reader skips (RFC 8794, section 11.3.2).
   */
  constructor(sink: ByteSink, indexedTrack: number, placeholder: Buffer) {
    this.#sink = sink;
    this.#indexedTrack = indexedTrack;
    this.#placeholder = placeholder;
  }

  /** Takes whole elements, in ms (TimestampScale 1,000,000), whose bytes it may change. Not called again before it resolves. */
  async write(bytes: Buffer): Promise<void> {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const found = elementAt(bytes, at);
      if (!found) throw new Error(CHANGED);
      const { id, headerLength, size } = found;
      if (size === undefined && !OPENED.has(id)) throw new Error(CHANGED);
      const end = at + headerLength + (OPENED.has(id) ? 0 : (size ?? 0));
      if (end > bytes.length) throw new Error(CHANGED);
      const piece = this.#element(id, bytes.subarray(at, end), headerLength);
      this.#position += piece.length;
      pieces.push(piece);
      at = end;
    }
    await this.#sink.write(Buffer.concat(pieces));
    if (this.#end - this.#toldEnd >= DURATION_STEP_MS) await this.#tellDuration();
  }

  /**
   * Completes the head, in one write, where the sink can change what it has: to be called after the last `write`.
   * @param end of the recording, in ms
   */
  async complete(end: number): Promise<void> {
    this.#end = Math.max(this.#end, end);
    const indexed = [
      [ID.info, this.#infoAt],
      [ID.tracks, this.#tracksAt],
      ...(this.#cuesAt === undefined ? [] : [[ID.cues, this.#cuesAt]]),
    ];
    const seekHead = element(
      ID.seekHead,
      ...indexed.map(([id, at]) =>
        element(
          ID.seek,
          element(ID.seekId, unsigned(id)),
          element(ID.seekPosition, unsigned(at - this.#segmentAt, 8)),
        ),
      ),
    );
    const rest = SEEK_HEAD_LENGTH - seekHead.length;
    const seeking = rest === 0 ? [seekHead] : [seekHead, voidElement(rest)];
    await this.#sink.overwrite?.(
      this.#segmentAt,
      Buffer.concat([...seeking, this.#infoWith(this.#duration())]),
    );
  }

  /** What is to be written instead of an element, or of the head of one that is opened. */
  #element(id: number, bytes: Buffer, headerLength: number): Buffer {
    const data = bytes.subarray(headerLength);
    switch (id) {
      case ID.segment:
        this.#segmentAt = this.#position + bytes.length;
        return Buffer.concat([bytes, voidElement(SEEK_HEAD_LENGTH)]);
      case ID.info:
        this.#infoAt = this.#position;
        this.#info = Buffer.from(data);
        return this.#newInfo();
      case ID.tracks:
        this.#tracksAt = this.#position;
        return bytes;
      case ID.cluster:
        this.#clusterAt = this.#position;
        return bytes;
      case ID.timestamp:
        this.#clusterTime = data.readUIntBE(0, data.length);
        return bytes;
      case ID.simpleBlock:
        return this.#block(bytes, data);
      case ID.cues:
        // The muxer's positions are those of a file without the room in its head.
        return this.#index();
      default:
        if (bytes.includes(this.#placeholder)) throw new Error(CHANGED);
        return bytes;
    }
  }

  #block(bytes: Buffer, data: Buffer): Buffer {
    if (data.subarray(BLOCK_HEADER_LENGTH).equals(this.#placeholder)) {
      bytes[0] = ID.void;
      data.fill(0);
      return bytes;
    }
    const at = this.#clusterTime + data.readInt16BE(1);
    this.#end = Math.max(this.#end, at);
    const isKey = (data[BLOCK_HEADER_LENGTH - 1] & KEYFRAME_FLAG) !== 0;
    const last = this.#cues.at(-1);
    const isFarEnough = last === undefined || at - last.at >= MIN_CUE_STEP_MS;
    if (isKey && isFarEnough && (data[0] & 0x7f) === this.#indexedTrack)
      this.#cues.push({ at, clusterAt: this.#clusterAt });
    return bytes;
  }

  #index(): Buffer {
    if (this.#cues.length === 0) return Buffer.alloc(0);
    this.#cuesAt = this.#position;
    const points = this.#cues.map(({ at, clusterAt }) =>
      element(
        ID.cuePoint,
        element(ID.cueTime, unsigned(at)),
        element(
          ID.cueTrackPositions,
          element(ID.cueTrack, unsigned(this.#indexedTrack)),
          element(ID.cueClusterPosition, unsigned(clusterAt - this.#segmentAt)),
        ),
      ),
    );
    // As one piece: a call has a limit of arguments, and days of recording have more points.
    return element(ID.cues, Buffer.concat(points));
  }

  #newInfo(): Buffer {
    const room = voidElement(DURATION_LENGTH);
    const info = this.#infoWith(room);
    this.#durationAt = this.#infoAt + info.indexOf(room);
    return info;
  }

  #infoWith(first: Buffer): Buffer {
    if (!this.#info) throw new Error(CHANGED);
    return element(ID.info, first, this.#info);
  }

  #duration(): Buffer {
    return element(ID.duration, float(this.#end));
  }

  async #tellDuration(): Promise<void> {
    this.#toldEnd = this.#end;
    await this.#sink.overwrite?.(this.#durationAt, this.#duration());
  }
}
