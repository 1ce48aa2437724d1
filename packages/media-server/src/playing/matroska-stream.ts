// WebM and Matroska that come once, from their start on: each frame is played as soon as it is there, and no track waits
// for another. The bytes are taken apart by matroska-parser.ts.
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import { rtpCodecOf } from '../recording/track-settings.ts';
import { avcFormat, REORDERED, type FileFrame } from './file-tracks.ts';
import { MAX_READ_BYTES, StructureEnd } from './guarded-source.ts';
import {
  MatroskaParser,
  type MatroskaBlock,
  type MatroskaHead,
  type MatroskaTrack,
} from './matroska-parser.ts';
import { MediaFileError } from './media-file-error.ts';
import { originOf } from './origin.ts';
import type { Playable } from './player.ts';

/** The names of mediabunny by those of Matroska. */
const CODECS: Readonly<Record<string, string>> = {
  V_VP8: 'vp8',
  V_VP9: 'vp9',
  V_AV1: 'av1',
  'V_MPEG4/ISO/AVC': 'avc',
  A_OPUS: 'opus',
};

export interface MatroskaBytes {
  /** The source as messages name it. */
  readonly name: string;
  readonly matroska: AsyncGenerator<Buffer, void>;
  /** Idempotent. */
  close(): Promise<void>;
}

interface StreamTrack {
  readonly number: number;
  readonly kind: MediaKind;
  readonly codec: RtpCodec;
  readonly toData: (data: Buffer, keyframe: boolean) => Buffer;
  /** Nothing can be shown before the first key frame. */
  started: boolean;
  last: number;
}

export class MatroskaStream implements Playable {
  readonly isSeekable = false;
  readonly format = 'Matroska';
  readonly duration: number | undefined;
  readonly unplayable: readonly string[];
  readonly #tracks: readonly StreamTrack[];
  readonly #parts: AsyncGenerator<MatroskaHead | MatroskaBlock, void>;
  readonly #bytes: MatroskaBytes;

  private constructor(
    bytes: MatroskaBytes,
    parts: AsyncGenerator<MatroskaHead | MatroskaBlock, void>,
    head: MatroskaHead,
  ) {
    this.#bytes = bytes;
    this.#parts = parts;
    this.duration = head.duration;
    const found = (['audio', 'video'] as const).map((kind) => playableTrack(head.tracks, kind));
    this.#tracks = found.filter((track) => typeof track === 'object');
    this.unplayable = found.filter((track) => typeof track === 'string');
  }

  /**
   * Waits for the head. The bytes belong to the stream from now on, and are closed when it is refused.
   * @throws MediaFileError
   */
  static async open(bytes: MatroskaBytes): Promise<MatroskaStream> {
    try {
      const parts = partsOf(bytes.matroska);
      const { value: head } = await parts.next();
      if (head?.type !== 'head') throw new Error('it says nothing of its tracks');
      const stream = new MatroskaStream(bytes, parts, head);
      if (stream.#tracks.length === 0)
        throw new Error(stream.unplayable.join(', ') || 'it holds no sound and no picture');
      return stream;
    } catch (error) {
      await bytes.close();
      const detail = error instanceof Error ? error.message : String(error);
      throw new MediaFileError(
        'foreign',
        `'${bytes.name}' is not a WebM or Matroska file that can be played (${detail})`,
      );
    }
  }

  codec(kind: MediaKind): RtpCodec | undefined {
    return this.#tracks.find((track) => track.kind === kind)?.codec;
  }

  keyframeBefore(): Promise<number> {
    return Promise.resolve(0);
  }

  /** In the order of the stream, in which the tracks may be a little out of step. To be called once. */
  async *frames(): AsyncGenerator<FileFrame, void, undefined> {
    let origin: number | undefined;
    for await (const part of this.#parts) {
      if (part.type !== 'block') continue;
      const track = this.#tracks.find(({ number }) => number === part.track);
      const frame = track && frameOf(track, part);
      if (!frame) continue;
      origin ??= originOf(frame.at);
      yield { ...frame, at: frame.at - origin };
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#bytes.close();
  }
}

function frameOf(track: StreamTrack, block: MatroskaBlock): FileFrame | undefined {
  const { kind, codec } = track;
  const keyframe = kind === 'audio' || block.keyframe;
  if (!track.started && !keyframe) return undefined;
  track.started = true;
  if (codec.name === 'H264' && block.at < track.last)
    throw new MediaFileError('foreign', `It cannot be played on: ${REORDERED}`);
  track.last = block.at;
  const { at, duration } = block;
  return { kind, data: track.toData(block.data, keyframe), keyframe, timestamp: 0, at, duration };
}

async function* partsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<MatroskaHead | MatroskaBlock, void> {
  const parser = new MatroskaParser();
  let sinceBlock = 0;
  try {
    for await (const chunk of chunks) {
      sinceBlock += chunk.length;
      for (const part of parser.push(chunk)) {
        if (part.type === 'block') sinceBlock = 0;
        yield part;
      }
      if (sinceBlock > MAX_READ_BYTES)
        throw new Error(`no picture and no sound was found in ${MAX_READ_BYTES} bytes of it`);
    }
  } catch (error) {
    // Garbage behind what can be played is the end of it.
    if (!(error instanceof StructureEnd)) throw error;
  }
}

/** The first track of this kind that can be played, or why none can; undefined when there is none. */
function playableTrack(tracks: readonly MatroskaTrack[], kind: MediaKind): StreamTrack | string | undefined {
  const results = tracks.filter((track) => track.kind === kind).map((track) => streamTrack(track, kind));
  return results.find((result) => typeof result === 'object') ?? results[0];
}

function streamTrack(track: MatroskaTrack, kind: MediaKind): StreamTrack | string {
  const { number, codecId, codecPrivate, channels, isEncoded } = track;
  const codec = rtpCodecOf(CODECS[codecId] ?? null);
  const what = kind === 'audio' ? 'its sound' : 'its picture';
  if (codec?.kind !== kind) return `${what} is coded as ${codecId}, which calls do not use`;
  if (isEncoded) return `${what} is compressed once more, or encrypted`;
  if (kind === 'audio' && channels > 2)
    return `its sound has ${channels} channels, and calls have two at most`;
  const plain = { number, kind, codec, toData: (data: Buffer) => data, started: false, last: -Infinity };
  if (codec.name !== 'H264' || !codecPrivate || codecPrivate.length === 0) return plain;
  const format = avcFormat(codec, codecPrivate);
  return typeof format === 'string' ? format : { ...plain, ...format };
}
