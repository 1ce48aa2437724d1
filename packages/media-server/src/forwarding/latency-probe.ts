// How long packets take through the server: a sink in front of a sink, that looks at the clock before and after it. It hangs
// there while somebody wants to know, and costs nothing when nobody does.
import type { MediaKind, MediaPacket, MediaSink, MediaSource } from './track.ts';

/** So many packets make up the average; older ones fade out. */
const AVERAGED_PACKETS = 100;

const NS_PER_MS = 1_000_000;

/** A running average. */
export class LatencyMeter {
  #count = 0;
  #averageMs = 0;

  add(ms: number): void {
    if (this.#count < AVERAGED_PACKETS) this.#count++;
    this.#averageMs += (ms - this.#averageMs) / this.#count;
  }

  /** In ns; undefined before the first packet. */
  get averageNs(): number | undefined {
    return this.#count === 0 ? undefined : Math.round(this.#averageMs * NS_PER_MS);
  }
}

export class LatencyProbe implements MediaSink {
  readonly kind: MediaKind;
  /** From a packet's arrival at the server until it is given to the sink. */
  readonly input = new LatencyMeter();
  /** From there until the sink has done with it: sent it, or put it into its file's queue. */
  readonly endToEnd = new LatencyMeter();
  readonly #sink: MediaSink;

  constructor(sink: MediaSink) {
    this.kind = sink.kind;
    this.#sink = sink;
  }

  get maxBitrate(): number {
    return this.#sink.maxBitrate ?? 0;
  }

  sourceChanged(source: MediaSource | undefined): void {
    this.#sink.sourceChanged(source);
  }

  write(packet: MediaPacket): void {
    const { arrivedAt } = packet;
    this.input.add(performance.now() - arrivedAt);
    this.#sink.write(packet);
    this.endToEnd.add(performance.now() - arrivedAt);
  }

  ended(): void {
    this.#sink.ended?.();
  }
}
