// For tests of elements: a pipeline in a registry whose time the test moves, and elements with media that the test makes.
import { pino } from 'pino';
import { RelayTrack } from '../forwarding/relay-track.ts';
import { mediaPacket, TestSource } from '../forwarding/testing.ts';
import type { MediaKind, MediaPacket, MediaSink, MediaSource } from '../forwarding/track.ts';
import type { Environment } from '../environment.ts';
import { ObjectRegistry } from '../kurento/registry.ts';
import { serverInfo } from '../kurento/server-info.ts';
import { TICK_MS, type TickListener } from '../ticker.ts';
import { Endpoint } from './endpoint.ts';
import type { MediaObject, ObjectContext, ObjectEvent } from './media-object.ts';
import { MediaPipeline } from './media-pipeline.ts';

/** Gives video that the test makes, and writes down what video it is given. */
export class TestEndpoint extends Endpoint {
  readonly given = new TestSource();
  readonly got: MediaPacket[] = [];
  /** What it was told of its source: whether there is one. */
  readonly told: boolean[] = [];
  maxBitrate = 0;
  ends = 0;
  #source: MediaSource | undefined;
  readonly #sink: MediaSink = {
    kind: 'video',
    sourceChanged: (source) => {
      this.#source = source;
      this.told.push(source !== undefined);
      source?.requestKeyframe();
    },
    write: (packet) => {
      this.flowIn('video').packet();
      this.got.push(packet);
    },
    ended: () => this.ends++,
  };

  constructor(context: ObjectContext, _params: Record<string, unknown> = {}) {
    super(context, 'WebRtcEndpoint');
    Object.defineProperty(this.#sink, 'maxBitrate', { get: () => this.maxBitrate });
  }

  /** What it is fed by now. */
  get feed(): MediaSource | undefined {
    return this.#source;
  }

  override source(kind: MediaKind): MediaSource | undefined {
    return kind === 'video' ? this.given : undefined;
  }

  override sink(kind: MediaKind): MediaSink | undefined {
    return kind === 'video' ? this.#sink : undefined;
  }

  /** Sends the packet of this sequence number, and gives it back. */
  send(sequence: number, ssrc = 1111, arrivedAt = 0): MediaPacket {
    const packet = mediaPacket({ sequence, ssrc, keyframe: true, arrivedAt });
    this.flowOut('video').packet();
    this.given.give(packet);
    return packet;
  }
}

export class Bench {
  readonly events: ObjectEvent[] = [];
  readonly registry: ObjectRegistry;
  readonly pipeline: MediaPipeline;
  readonly #listeners = new Set<TickListener>();
  #now = 0;

  constructor(overrides: Partial<Environment> = {}) {
    const ticker = {
      add: (listener: TickListener) => this.#listeners.add(listener),
      remove: (listener: TickListener) => this.#listeners.delete(listener),
    };
    this.registry = new ObjectRegistry({
      environment: { log: pino({ enabled: false }), ticker, ...overrides } as unknown as Environment,
      info: serverInfo({}),
      sessionIds: () => [],
      publish: (event) => this.events.push(event),
      released: () => undefined,
    });
    this.pipeline = this.registry.create('MediaPipeline', MediaPipeline, undefined, {}) as MediaPipeline;
  }

  make<Made extends MediaObject>(
    type: new (context: ObjectContext, params: Record<string, unknown>) => Made,
    params: Record<string, unknown> = {},
  ): Made {
    const parent = (params.hub as MediaObject | undefined) ?? this.pipeline;
    return this.registry.create(type.name, type, parent, params) as Made;
  }

  /** Lets time pass, in ms. */
  pass(duration: number): void {
    for (const end = this.#now + duration; this.#now < end;) {
      this.#now += TICK_MS;
      for (const listener of [...this.#listeners]) listener(this.#now);
    }
  }

  /** The events of `source` of this type, by their data. */
  eventsOf(source: MediaObject, type: string): Readonly<Record<string, unknown>>[] {
    return this.events
      .filter((event) => event.source === source && event.type === type)
      .map(({ data }) => data);
  }
}

/** A relay that tells nobody anything. */
export function quietRelay(chainTooLong: () => void = () => undefined): RelayTrack {
  return new RelayTrack({ kind: 'video', flow: { packet: () => undefined }, chainTooLong });
}
