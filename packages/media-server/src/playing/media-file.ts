// Reads the frames of a media file, a piece at a time, from wherever its bytes come. When they are sent is the player's
// business.
import type { RtpCodec } from '@parley/rtc';
import {
  ADTS,
  FLAC,
  Input,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  QTFF,
  WAVE,
  WEBM,
  type EncodedPacket,
  type InputTrack,
} from 'mediabunny';
import type { MediaKind } from '../forwarding/track.ts';
import type { ByteSource } from './byte-source.ts';
import { fileBytes } from './file-bytes.ts';
import { fileTrack, REORDERED, type FileFrame, type FileTrack } from './file-tracks.ts';
import { StructureEnd } from './guarded-source.ts';
import { mediaBytes, type MediaBytes } from './media-bytes.ts';
import { MediaFileError } from './media-file-error.ts';
import { originOf } from './origin.ts';
import type { Playable } from './player.ts';

export { MediaFileError } from './media-file-error.ts';
export type { FileFrame } from './file-tracks.ts';

/** Those of music have no codec that calls use, and are known in order to say so. Playlists name other addresses: none. */
const FORMATS = [WEBM, MATROSKA, MP4, QTFF, OGG, WAVE, MP3, FLAC, ADTS];

export class MediaFile implements Playable {
  readonly duration: number | undefined;
  readonly isSeekable: boolean;
  readonly format: string;
  readonly unplayable: readonly string[];
  readonly #input: Input;
  readonly #source: ByteSource;
  readonly #bytes: MediaBytes;
  readonly #tracks: readonly FileTrack[];
  /** The time in the file, in ms, that counts as its start; of a stream it is known with the first frame. */
  #origin: number;

  private constructor(
    input: Input,
    source: ByteSource,
    bytes: MediaBytes,
    tracks: readonly FileTrack[],
    about: Pick<MediaFile, 'duration' | 'format' | 'unplayable'> & { readonly origin: number },
  ) {
    this.#input = input;
    this.#source = source;
    this.#bytes = bytes;
    this.#tracks = tracks;
    this.#origin = about.origin;
    this.duration = about.duration;
    this.format = about.format;
    this.unplayable = about.unplayable;
    this.isSeekable = bytes.isRandomAccess && this.duration !== undefined && this.duration > 0;
  }

  /**
   * Opens a file on disk for playing; one that is cut off counts up to its last complete frame. `uri`: for messages.
   * @throws MediaFileError
   */
  static async open(path: string, uri: string): Promise<MediaFile> {
    return MediaFile.read(await fileBytes(path, uri));
  }

  /**
   * Reads the head of a file. The source belongs to the file from now on, and is closed when it is refused.
   * @throws MediaFileError
   */
  static async read(source: ByteSource): Promise<MediaFile> {
    let input: Input | undefined;
    try {
      const bytes = await mediaBytes(source);
      input = new Input({ formats: FORMATS, source: bytes.source });
      return await MediaFile.#read(input, source, bytes);
    } catch (error) {
      input?.dispose();
      await source.close();
      if (error instanceof MediaFileError) throw error;
      const detail = saidOf(error);
      throw new MediaFileError(
        'foreign',
        `'${source.name}' is not a WebM, Matroska, MP4, Ogg or WAV file that can be played (${detail})`,
      );
    }
  }

  static async #read(input: Input, source: ByteSource, bytes: MediaBytes): Promise<MediaFile> {
    const format = (await input.getFormat()).name;
    const found = await playableTracks(await input.getTracks(), bytes.isRandomAccess);
    const tracks = found.filter((track) => typeof track !== 'string');
    const unplayable = found.filter((track) => typeof track === 'string');
    if (tracks.length === 0)
      throw new Error(unplayable.join(', ') || 'it holds no sound and no picture in a codec that calls use');
    const isWhole = bytes.isRandomAccess && !bytes.end;
    const origin = isWhole ? originOf(1000 * (await input.getFirstTimestamp())) : 0;
    const duration = await durationOf(input, bytes);
    return new MediaFile(input, source, bytes, tracks, {
      format,
      unplayable,
      origin,
      duration: duration === undefined ? undefined : duration - origin,
    });
  }

  codec(kind: MediaKind): RtpCodec | undefined {
    return this.#tracks.find((track) => track.kind === kind)?.codec;
  }

  async keyframeBefore(at: number): Promise<number> {
    const video = this.#tracks.find(({ kind }) => kind === 'video');
    if (!video) return at;
    const packet = await video.packets.getKeyPacket((at + this.#origin) / 1000, { metadataOnly: true });
    return Math.max(0, (packet?.timestamp ?? 0) * 1000 - this.#origin);
  }

  async *frames(from: number): AsyncGenerator<FileFrame, void, undefined> {
    const readers = await Promise.all(
      this.#tracks.map((track) => TrackReader.start(track, from === 0 ? 0 : from + this.#origin)),
    );
    if (!this.#bytes.isRandomAccess)
      this.#origin = originOf(Math.min(...readers.map(({ frame }) => frame?.at ?? Infinity)));
    for (;;) {
      const next = readers.filter((reader) => reader.frame !== undefined);
      if (next.length === 0) return;
      const earliest = next.reduce((a, b) => ((b.frame?.at ?? Infinity) < (a.frame?.at ?? Infinity) ? b : a));
      this.#bytes.frameRead();
      if (earliest.frame) yield { ...earliest.frame, at: earliest.frame.at - this.#origin };
      await earliest.advance();
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#input.disposed) return;
    this.#input.dispose();
    await this.#source.close();
  }
}

/** The parser asserts of some files that they are whole, without a word of its own. */
function saidOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === 'Assertion failed.' ? 'it is cut off or damaged, or something else' : message;
}

/** Of each kind the first track that can be played, or why none can. */
async function playableTracks(
  all: readonly InputTrack[],
  isRandomAccess: boolean,
): Promise<(FileTrack | string)[]> {
  const found: (FileTrack | string)[] = [];
  for (const kind of ['audio', 'video'] as const) {
    const refusals: string[] = [];
    let playable: FileTrack | undefined;
    for (const track of all) {
      if (playable || (kind === 'audio' ? !track.isAudioTrack() : !track.isVideoTrack())) continue;
      const result = await fileTrack(track as Parameters<typeof fileTrack>[0], isRandomAccess);
      if (typeof result === 'string') refusals.push(result);
      else playable = result;
    }
    if (playable) found.push(playable);
    else if (refusals.length > 0) found.push(refusals[0]);
  }
  return found;
}

/** In ms from the start of the file's times; undefined when it would take reading all of it from elsewhere. */
async function durationOf(input: Input, bytes: MediaBytes): Promise<number | undefined> {
  // Looking for the last frame would read all of a recording, which has no index.
  if (bytes.end) return bytes.end.at;
  const told = await input.getDurationFromMetadata();
  if (told !== null) return 1000 * told;
  return bytes.isLocal ? 1000 * (await input.computeDuration()) : undefined;
}

/** Walks through one track. */
class TrackReader {
  readonly #track: FileTrack;
  #packet: EncodedPacket | null;
  /** Of the present packet, those after `frame`. */
  #waiting: FileFrame[] = [];
  /** The frame to be sent next; undefined at the end. */
  frame: FileFrame | undefined;

  private constructor(track: FileTrack, first: EncodedPacket | null) {
    this.#track = track;
    this.#packet = first;
    this.#convert();
  }

  static async start(track: FileTrack, from: number): Promise<TrackReader> {
    const { packets } = track;
    const first =
      from > 0
        ? ((await packets.getKeyPacket(from / 1000)) ?? (await packets.getFirstKeyPacket()))
        : await packets.getFirstKeyPacket();
    const reader = new TrackReader(track, first);
    // Of audio, the packet that `from` lies in; the one before its end is not worth repeating.
    while (reader.frame && reader.frame.kind === 'audio' && reader.frame.at + reader.frame.duration < from)
      await reader.advance();
    return reader;
  }

  async advance(): Promise<void> {
    this.frame = this.#waiting.shift();
    if (this.frame || !this.#packet) return;
    const previous = this.#packet;
    this.#packet = await this.#next(previous);
    if (this.#track.codec.name === 'H264' && this.#packet && this.#packet.timestamp < previous.timestamp)
      throw new MediaFileError('foreign', `It cannot be played on: ${REORDERED}`);
    this.#convert();
  }

  async #next(previous: EncodedPacket): Promise<EncodedPacket | null> {
    try {
      return await this.#track.packets.getNextPacket(previous);
    } catch (error) {
      if (error instanceof StructureEnd) return null;
      throw error;
    }
  }

  #convert(): void {
    this.#waiting = this.#packet ? this.#track.toFrames(this.#packet) : [];
    this.frame = this.#waiting.shift();
  }
}
