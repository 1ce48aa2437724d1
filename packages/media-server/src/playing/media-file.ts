// Reads the frames of a WebM or Matroska file from disk, a piece at a time. When they are sent is the player's business.
import { open, type FileHandle } from 'node:fs/promises';
import { avccToAnnexB, parseAvcConfiguration, type EncodedFrame, type RtpCodec } from '@parley/rtc';
import {
  CustomSource,
  EncodedPacketSink,
  Input,
  MATROSKA,
  WEBM,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';
import type { MediaKind } from '../forwarding/track.ts';
import { rtpCodecOf } from '../recording/track-settings.ts';
import { recordingEnd } from './recording-end.ts';

/** What a file's parts may take in memory: the newest pieces read, in bytes. */
const CACHE_BYTES = 4 * 1024 * 1024;

const NAL_TYPE_SPS = 7;

/** `missing`: there is no such file, or it cannot be opened. `foreign`: nothing in it that can be played. */
export class MediaFileError extends Error {
  readonly reason: 'missing' | 'foreign';

  constructor(reason: 'missing' | 'foreign', sentence: string) {
    super(sentence);
    this.name = 'MediaFileError';
    this.reason = reason;
  }
}

/** A frame of a file. Its `timestamp` is for the sender to fill in. */
export interface FileFrame extends EncodedFrame {
  readonly kind: MediaKind;
  /** From the start of the file, in ms. */
  readonly at: number;
  /** In ms; 0 when the file does not say. */
  readonly duration: number;
}

interface FileTrack {
  readonly kind: MediaKind;
  readonly codec: RtpCodec;
  readonly packets: EncodedPacketSink;
  readonly toFrame: (packet: EncodedPacket) => EncodedFrame;
}

export class MediaFile {
  /** From the start to the last frame, in ms. */
  readonly duration: number;
  readonly #input: Input;
  readonly #handle: FileHandle;
  readonly #tracks: readonly FileTrack[];

  private constructor(input: Input, handle: FileHandle, tracks: readonly FileTrack[], duration: number) {
    this.#input = input;
    this.#handle = handle;
    this.#tracks = tracks;
    this.duration = duration;
  }

  /**
   * Opens the file for playing; one that is cut off counts up to its last complete frame. `uri`: for messages.
   * @throws MediaFileError
   */
  static async open(path: string, uri: string): Promise<MediaFile> {
    const handle = await openHandle(path, uri);
    try {
      return await MediaFile.#read(handle);
    } catch (error) {
      await handle.close();
      if (error instanceof MediaFileError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw new MediaFileError(
        'foreign',
        `'${uri}' is not a WebM or Matroska file that can be played (${detail})`,
      );
    }
  }

  static async #read(handle: FileHandle): Promise<MediaFile> {
    const { size } = await handle.stat();
    const end = await recordingEnd(handle, size);
    const length = end?.length ?? size;
    const source = new CustomSource({
      getSize: () => length,
      read: async (start, end) => {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
        if (bytesRead < end - start) throw new Error('The file became shorter while it was played');
        return buffer;
      },
      maxCacheSize: CACHE_BYTES,
      prefetchProfile: 'fileSystem',
    });
    const input = new Input({ formats: [WEBM, MATROSKA], source });
    const [audio, video] = [await input.getPrimaryAudioTrack(), await input.getPrimaryVideoTrack()];
    const tracks = [audio && (await fileTrack('audio', audio)), video && (await fileTrack('video', video))];
    const playable = tracks.filter((track) => track !== null && track !== undefined);
    if (playable.length === 0) throw new Error('it holds no sound and no picture in a codec that calls use');
    // Looking for the last frame would read all of a recording, which has no index.
    const duration =
      end?.at ?? 1000 * ((await input.getDurationFromMetadata()) ?? (await input.computeDuration()));
    return new MediaFile(input, handle, playable, duration);
  }

  /** What the track of this kind carries; undefined when the file has none. */
  codec(kind: MediaKind): RtpCodec | undefined {
    return this.#tracks.find((track) => track.kind === kind)?.codec;
  }

  /** The place of the key frame at or before `at`; 0 without video, or before its first one. All in ms. */
  async keyframeBefore(at: number): Promise<number> {
    const video = this.#tracks.find(({ kind }) => kind === 'video');
    if (!video) return at;
    const packet = await video.packets.getKeyPacket(at / 1000, { metadataOnly: true });
    return (packet?.timestamp ?? 0) * 1000;
  }

  /** The frames of all tracks from `from` (ms) on, in the order of their time. */
  async *frames(from: number): AsyncGenerator<FileFrame, void, undefined> {
    const readers = await Promise.all(this.#tracks.map((track) => TrackReader.start(track, from)));
    for (;;) {
      const next = readers.filter((reader) => reader.frame !== undefined);
      if (next.length === 0) return;
      const earliest = next.reduce((a, b) => ((b.frame?.at ?? Infinity) < (a.frame?.at ?? Infinity) ? b : a));
      if (earliest.frame) yield earliest.frame;
      await earliest.advance();
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#input.disposed) return;
    this.#input.dispose();
    await this.#handle.close();
  }
}

/** Walks through one track. */
class TrackReader {
  readonly #track: FileTrack;
  #packet: EncodedPacket | null;
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
    this.#packet = this.#packet && (await this.#track.packets.getNextPacket(this.#packet));
    this.#convert();
  }

  #convert(): void {
    const { kind, toFrame } = this.#track;
    const packet = this.#packet;
    this.frame = packet
      ? { ...toFrame(packet), kind, at: packet.timestamp * 1000, duration: packet.duration * 1000 }
      : undefined;
  }
}

async function openHandle(path: string, uri: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MediaFileError('missing', `There is no file '${uri}'`);
    throw new MediaFileError('missing', `The file '${uri}' cannot be opened (${code ?? String(error)})`);
  }
  throw new MediaFileError('missing', `'${uri}' is not a file`);
}

async function fileTrack(
  kind: MediaKind,
  track: InputAudioTrack | InputVideoTrack,
): Promise<FileTrack | undefined> {
  const codec = rtpCodecOf(await track.getCodec());
  if (codec?.kind !== kind) return undefined;
  const packets = new EncodedPacketSink(track);
  return codec.name === 'H264'
    ? avcTrack(codec, track, packets)
    : { kind, codec, packets, toFrame: plainFrame };
}

function plainFrame(packet: EncodedPacket): EncodedFrame {
  const { buffer, byteOffset, byteLength } = packet.data;
  return {
    data: Buffer.from(buffer, byteOffset, byteLength),
    keyframe: packet.type === 'key',
    timestamp: 0,
  };
}

/** H.264 lies in files behind lengths, and its parameter sets often in the track's description only. */
async function avcTrack(
  codec: RtpCodec,
  track: InputAudioTrack | InputVideoTrack,
  packets: EncodedPacketSink,
): Promise<FileTrack> {
  const description = (await track.getDecoderConfig())?.description;
  // Without a description the frames are a byte stream already.
  if (!description) return { kind: 'video', codec, packets, toFrame: plainFrame };
  const record = ArrayBuffer.isView(description)
    ? Buffer.from(description.buffer, description.byteOffset, description.byteLength)
    : Buffer.from(description);
  const configuration = parseAvcConfiguration(record);
  if (!configuration) throw new Error('its H.264 description is damaged');
  const startCode = Buffer.from([0, 0, 0, 1]);
  const sets = [...configuration.sps, ...configuration.pps].flatMap((unit) => [startCode, unit]);
  const toFrame = (packet: EncodedPacket): EncodedFrame => {
    const frame = plainFrame(packet);
    const data = avccToAnnexB(frame.data, configuration.lengthSize);
    const hasSets = (data[startCode.length] & 0x1f) === NAL_TYPE_SPS;
    return { ...frame, data: frame.keyframe && !hasSets ? Buffer.concat([...sets, data]) : data };
  };
  const parameters = { ...codec.parameters, 'profile-level-id': record.toString('hex', 1, 4) };
  return { kind: 'video', codec: { ...codec, parameters }, packets, toFrame };
}
