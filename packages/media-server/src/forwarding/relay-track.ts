// A place in the pipeline where media passes through unchanged: sink and source at once. Hands on the very packets that it
// is given; what its sinks ask for, its own source is asked for. Keeps nothing and counts nothing but the flow.
import type { RtpCodec } from '@parley/rtc';
import { Passage, type Depth } from './passage.ts';
import { leastBitrate } from './video-bounds.ts';
import type {
  ClockMapping,
  HeaderExtension,
  MediaKind,
  MediaPacket,
  MediaSink,
  MediaSource,
} from './track.ts';

/** Packets and tidings go down, from sources to sinks; wishes and questions go up, and may be an answer to what goes down. */
const down: Depth = { value: 0 };
const up: Depth = { value: 0 };

export interface RelayTrackOptions {
  readonly kind: MediaKind;
  /** Told of each packet; a flow monitor of the element. */
  readonly flow: { packet(): void };
  /** Told, maybe often, that what its source gives ends here: it has come through too many relays. */
  chainTooLong(): void;
}

export class RelayTrack implements MediaSource, MediaSink {
  readonly kind: MediaKind;
  readonly #options: RelayTrackOptions;
  #source: MediaSource | undefined;
  #sinks: readonly MediaSink[] = [];
  readonly #down: Passage;
  readonly #up: Passage;
  #maxBitrate = 0;

  constructor(options: RelayTrackOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.#down = new Passage(down, () => options.chainTooLong());
    this.#up = new Passage(up);
  }

  get codec(): RtpCodec | undefined {
    return this.#ask((source) => source.codec);
  }

  get ssrc(): number | undefined {
    return this.#ask((source) => source.ssrc);
  }

  get clockMapping(): ClockMapping | undefined {
    return this.#ask((source) => source.clockMapping);
  }

  get headerExtensions(): readonly HeaderExtension[] {
    return this.#ask((source) => source.headerExtensions) ?? [];
  }

  /** The least of what its sinks bear and of its own bound, in bits per second; 0: no bound. */
  get maxBitrate(): number {
    let bound = this.#maxBitrate;
    this.#through(this.#down, () => (bound = leastBitrate(this.#sinks, bound)));
    return bound;
  }

  /** A bound of its own. */
  set maxBitrate(bitsPerSecond: number) {
    this.#maxBitrate = bitsPerSecond;
  }

  packetAt(extendedSequence: number): MediaPacket | undefined {
    return this.#ask((source) => source.packetAt(extendedSequence));
  }

  addSink(sink: MediaSink): void {
    if (!this.#sinks.includes(sink)) this.#sinks = [...this.#sinks, sink];
  }

  removeSink(sink: MediaSink): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
  }

  requestKeyframe(): void {
    this.#ask((source) => source.requestKeyframe());
  }

  /** To its sinks it stays the same source; that what it gives begins anew is told as an up track tells a new SSRC. */
  sourceChanged(source: MediaSource | undefined): void {
    this.#source = source;
    this.#through(this.#down, () => {
      for (const sink of this.#sinks) sink.sourceChanged(source && this);
    });
  }

  /** On the packet path, so without the closure of `#through`. */
  write(packet: MediaPacket): void {
    if (!this.#down.enter()) return;
    try {
      this.#options.flow.packet();
      for (const sink of this.#sinks) sink.write(packet);
    } finally {
      this.#down.leave();
    }
  }

  ended(): void {
    this.#through(this.#down, () => {
      for (const sink of this.#sinks) sink.ended?.();
    });
  }

  #ask<Value>(question: (source: MediaSource) => Value): Value | undefined {
    const source = this.#source;
    let answer: Value | undefined;
    if (source) this.#through(this.#up, () => (answer = question(source)));
    return answer;
  }

  #through(passage: Passage, on: () => void): void {
    if (!passage.enter()) return;
    try {
      on();
    } finally {
      passage.leave();
    }
  }
}
