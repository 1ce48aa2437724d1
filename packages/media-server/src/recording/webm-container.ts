// One WebM or Matroska file being written by mediabunny: it grows by whole frames and is playable at any moment. Keeps
// a picture that has stalled from holding back the sound: see docs/decisions/0005-recorder-stalled-tracks.md.
import { randomBytes } from 'node:crypto';
import {
  AppendOnlyStreamTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  Output,
  WebMOutputFormat,
} from 'mediabunny';
import type { MediaKind } from '../forwarding/track.ts';
import type { ByteSink } from './byte-sink.ts';
import type { Container, ContainerFrame, FileTracks } from './container.ts';

/** First byte of a SimpleBlock element, and of a Void element, which every reader skips (RFC 8794, section 11.3.2). */
const SIMPLE_BLOCK_ID = 0xa3;
const VOID_ID = 0xec;

/** What the muxer puts before a block's data: id, 4 bytes of length, track number, 2 bytes of time, flags. */
const BLOCK_HEADER_LENGTH = 9;
/** A length of 4 bytes begins with three zeros and a one (RFC 8794, section 4). */
const FOUR_BYTE_LENGTH = 0b0001;

const PLACEHOLDER_LENGTH = 16;

export class WebmContainer implements Container {
  readonly #output: Output;
  readonly #sink: ByteSink;
  readonly #add = new Map<MediaKind, (packet: EncodedPacket) => Promise<void>>();
  readonly #placeholder = randomBytes(PLACEHOLDER_LENGTH);
  readonly #started: Promise<void>;

  /** `format`: what the DocType says. Writes to `sink`, which belongs to the container from now on. */
  constructor(sink: ByteSink, tracks: FileTracks, format: 'webm' | 'matroska') {
    this.#sink = sink;
    const options = { appendOnly: true };
    this.#output = new Output({
      format: format === 'webm' ? new WebMOutputFormat(options) : new MkvOutputFormat(options),
      target: new AppendOnlyStreamTarget(appendTo(sink, this.#placeholder)),
    });
    if (tracks.video) {
      const { codec, decoderConfig } = tracks.video;
      const source = new EncodedVideoPacketSource(codec);
      this.#output.addVideoTrack(source);
      this.#add.set('video', (packet) => source.add(packet, { decoderConfig }));
    }
    if (tracks.audio) {
      const { codec, decoderConfig } = tracks.audio;
      const source = new EncodedAudioPacketSource(codec);
      this.#output.addAudioTrack(source);
      this.#add.set('audio', (packet) => source.add(packet, { decoderConfig }));
    }
    this.#started = this.#output.start();
    // Told by the first `write`.
    this.#started.catch(() => undefined);
  }

  async write({ kind, data, isKey, at, duration }: ContainerFrame): Promise<void> {
    const packet = new EncodedPacket(data, isKey ? 'key' : 'delta', at / 1000, duration / 1000);
    // At once: the order of calls is the order in the file.
    await Promise.all([this.#started, this.#add.get(kind)?.(packet)]);
  }

  /** A placeholder in the muxer; nobody sees it in the file. A track begins with a key frame; it passes for one. */
  skipVideo(at: number, isFirst: boolean): Promise<void> {
    return this.write({ kind: 'video', data: this.#placeholder, isKey: isFirst, at, duration: 0 });
  }

  async close(complete: boolean): Promise<void> {
    let finalized = false;
    try {
      if (complete) await this.#output.finalize();
      else await this.#output.cancel();
      finalized = complete;
    } finally {
      await this.#sink.close(finalized);
    }
  }
}

/** A stream for a muxer that only appends. Blocks whose data is `placeholder` reach the sink as Void elements. */
export function appendTo(sink: ByteSink, placeholder: Buffer): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    async write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      blotOut(bytes, placeholder);
      await sink.write(bytes);
    },
  });
}

/** The muxer hands over whole elements, so a placeholder is never cut in two. */
function blotOut(bytes: Buffer, placeholder: Buffer): void {
  for (let at = bytes.indexOf(placeholder); at !== -1; at = bytes.indexOf(placeholder, at)) {
    const start = at - BLOCK_HEADER_LENGTH;
    if (start < 0 || bytes[start] !== SIMPLE_BLOCK_ID || bytes[start + 1] >> 4 !== FOUR_BYTE_LENGTH)
      throw new Error('The muxer does not write blocks as it used to');
    bytes[start] = VOID_ID;
    at += placeholder.length;
    bytes.fill(0, start + 5, at);
  }
}
