// One WebM or Matroska file being written by mediabunny: it grows by whole frames and is playable at any moment. Keeps
// a picture that has stalled from holding back the sound: see docs/decisions/0005-recorder-stalled-tracks.md. What the
// muxer does not do in a file that grows is in matroska-writer.ts.
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
import { MatroskaWriter } from './matroska-writer.ts';

const PLACEHOLDER_LENGTH = 16;

/** What the muxer calls the track that is added first: the picture, if there is one. By its key frames players seek. */
const FIRST_TRACK = 1;

export class WebmContainer implements Container {
  readonly #output: Output;
  readonly #sink: ByteSink;
  readonly #writer: MatroskaWriter;
  readonly #add = new Map<MediaKind, (packet: EncodedPacket) => Promise<void>>();
  readonly #placeholder = randomBytes(PLACEHOLDER_LENGTH);
  readonly #started: Promise<void>;
  /** Of what was written, in ms. */
  #end = 0;

  /** `format`: what the DocType says. Writes to `sink`, which belongs to the container from now on. */
  constructor(sink: ByteSink, tracks: FileTracks, format: 'webm' | 'matroska') {
    this.#sink = sink;
    this.#writer = new MatroskaWriter(sink, FIRST_TRACK, this.#placeholder);
    const options = { appendOnly: true };
    this.#output = new Output({
      format: format === 'webm' ? new WebMOutputFormat(options) : new MkvOutputFormat(options),
      target: new AppendOnlyStreamTarget(
        new WritableStream<Uint8Array>({
          write: ({ buffer, byteOffset, byteLength }) =>
            this.#writer.write(Buffer.from(buffer, byteOffset, byteLength)),
        }),
      ),
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

  write(frame: ContainerFrame): Promise<void> {
    this.#end = Math.max(this.#end, frame.at + frame.duration);
    return this.#give(frame);
  }

  /** A placeholder in the muxer; nobody sees it in the file. A track begins with a key frame; it passes for one. */
  skipVideo(at: number, isFirst: boolean): Promise<void> {
    return this.#give({ kind: 'video', data: this.#placeholder, isKey: isFirst, at, duration: 0 });
  }

  async close(complete: boolean): Promise<void> {
    let finalized = false;
    try {
      if (complete) {
        await this.#output.finalize();
        await this.#writer.complete(this.#end);
      } else await this.#output.cancel();
      finalized = complete;
    } finally {
      await this.#sink.close(finalized);
    }
  }

  async #give({ kind, data, isKey, at, duration }: ContainerFrame): Promise<void> {
    const packet = new EncodedPacket(data, isKey ? 'key' : 'delta', at / 1000, duration / 1000);
    // At once: the order of calls is the order in the file.
    await Promise.all([this.#started, this.#add.get(kind)?.(packet)]);
  }
}
