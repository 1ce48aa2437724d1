// An element: takes in media, gives out media, or both, and is connected to others of its pipeline.
// What the media is and where it comes from is the subclass's; here is who feeds whom and whether anything flows.
import { KurentoError, type MediaType } from '@parley/protocol';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import { Connection, MEDIA_TYPES } from './connections.ts';
import { FlowMonitor } from './flow-monitor.ts';
import { MediaObject, type ObjectContext } from './media-object.ts';

/** The only pad, stream and bin there is: elements carry one audio and one video. */
const DEFAULT_DESCRIPTION = 'default';

/** As observed at the original: video from outside is missed sooner than anything else. */
const VIDEO_OUT_SILENCE_MS = 2_000;
const SILENCE_MS = 4_000;

/** One entry of `getStats`: a Kurento type derived from `Stats`, by its name in `__type__`. */
export interface StatsRecord {
  readonly __type__: string;
  readonly id: string;
  readonly type: string;
  /** In ms since 1970. */
  readonly timestampMillis: number;
  readonly [field: string]: unknown;
}

export interface ElementConnectionData {
  readonly source: MediaElement;
  readonly sink: MediaElement;
  readonly type: MediaType;
  readonly sourceDescription: string;
  readonly sinkDescription: string;
}

export abstract class MediaElement extends MediaObject {
  readonly #incoming = new Map<MediaType, Connection<MediaElement>>();
  readonly #outgoing = new Set<Connection<MediaElement>>();
  readonly #flowsIn: Record<MediaKind, FlowMonitor>;
  readonly #flowsOut: Record<MediaKind, FlowMonitor>;
  readonly #tick = (now: number): void => this.#tickFlows(now);

  constructor(context: ObjectContext, className: string) {
    super(context, className);
    const monitor = (direction: 'In' | 'Out', kind: MediaKind, silenceMs: number) =>
      new FlowMonitor(silenceMs, (flowing) => this.#flowChanged(direction, kind, flowing));
    this.#flowsIn = { audio: monitor('In', 'audio', SILENCE_MS), video: monitor('In', 'video', SILENCE_MS) };
    this.#flowsOut = {
      audio: monitor('Out', 'audio', SILENCE_MS),
      video: monitor('Out', 'video', VIDEO_OUT_SILENCE_MS),
    };
  }

  /** Where media of this kind leaves the element into the pipeline; undefined while, or because, there is none. */
  abstract source(kind: MediaKind): MediaSource | undefined;

  /** Where media of this kind enters the element from the pipeline; undefined while, or because, it takes none. */
  abstract sink(kind: MediaKind): MediaSink | undefined;

  /** Where messages of data channels leave the element into the pipeline; undefined while, or because, there are none. */
  dataSource(): DataSource | undefined {
    return undefined;
  }

  /** Where such messages enter the element from the pipeline; undefined while, or because, it takes none. */
  dataSink(): DataSink | undefined {
    return undefined;
  }

  /**
   * Feeds the sink: audio, video and data, or only `mediaType`. A sink has one source per type: a new one replaces the
   * old one. An element may feed itself.
   * @throws KurentoError CONNECT_ERROR when the sink is in another pipeline or gone
   */
  connect(
    sink: MediaElement,
    mediaType?: MediaType,
    sourceMediaDescription = DEFAULT_DESCRIPTION,
    sinkMediaDescription = DEFAULT_DESCRIPTION,
  ): void {
    if (this.isReleased || sink.isReleased)
      throw new KurentoError('CONNECT_ERROR', `'${this.id}' or '${sink.id}' was released`);
    if (sink.mediaPipeline !== this.mediaPipeline)
      throw new KurentoError(
        'CONNECT_ERROR',
        `Elements of different pipelines cannot be connected: '${this.id}' and '${sink.id}'`,
      );
    for (const type of mediaType ? [mediaType] : MEDIA_TYPES)
      this.#connectOne(sink, type, sourceMediaDescription, sinkMediaDescription);
  }

  /** Undoes `connect`, for all types or only `mediaType`. What is not connected is left as it is. */
  disconnect(
    sink: MediaElement,
    mediaType?: MediaType,
    _sourceMediaDescription?: string,
    _sinkMediaDescription?: string,
  ): void {
    for (const type of mediaType ? [mediaType] : MEDIA_TYPES) {
      const connection = sink.#incoming.get(type);
      if (connection?.source !== this) continue;
      this.#undo(connection);
      this.#emitConnection('ElementDisconnected', connection);
    }
  }

  /** Who feeds this element. */
  getSourceConnections(mediaType?: MediaType, description?: string): ElementConnectionData[] {
    return this.#describe(this.#incoming.values(), mediaType, description, 'sinkDescription');
  }

  /** Whom this element feeds. */
  getSinkConnections(mediaType?: MediaType, description?: string): ElementConnectionData[] {
    return this.#describe(this.#outgoing, mediaType, description, 'sourceDescription');
  }

  /** Whether media comes from the pipeline into this element. */
  isMediaFlowingIn(mediaType: MediaType, sinkMediaDescription = DEFAULT_DESCRIPTION): boolean {
    return this.#isFlowing(this.#flowsIn, mediaType, sinkMediaDescription);
  }

  /** Whether media goes from this element into the pipeline. */
  isMediaFlowingOut(mediaType: MediaType, sourceMediaDescription = DEFAULT_DESCRIPTION): boolean {
    return this.#isFlowing(this.#flowsOut, mediaType, sourceMediaDescription);
  }

  /** Always false: media is forwarded as it comes. */
  isMediaTranscoding(_mediaType: MediaType, _binName?: string): boolean {
    return false;
  }

  /** By id; null as long as there is nothing to count, as at the original. */
  getStats(mediaType?: MediaType): Record<string, StatsRecord> | null {
    const records = [
      ...(mediaType === undefined || mediaType === 'AUDIO' ? this.stats('audio') : []),
      ...(mediaType === undefined || mediaType === 'VIDEO' ? this.stats('video') : []),
    ];
    if (records.length === 0) return null;
    return Object.fromEntries(records.map((record) => [record.id, record]));
  }

  /** What `getStats` reports of this kind of media. */
  protected stats(_kind: MediaKind): readonly StatsRecord[] {
    return [];
  }

  /** Where the subclass reports packets from the pipeline. Keep the monitor at hand: `packet()` is for the packet path. */
  protected flowIn(kind: MediaKind): FlowMonitor {
    return this.#flowsIn[kind];
  }

  /** Where the subclass reports packets into the pipeline. */
  protected flowOut(kind: MediaKind): FlowMonitor {
    return this.#flowsOut[kind];
  }

  /** To be called by the subclass when what `source` or `sink` give has changed: connections catch up. */
  protected mediaChanged(): void {
    if (this.isReleased) return;
    for (const connection of this.#incoming.values()) connection.wire();
    for (const connection of this.#outgoing) connection.wire();
  }

  /** A subclass that overrides this calls it first: packets stop before what carries them is taken down. */
  protected override onRelease(): void | Promise<void> {
    for (const connection of [...this.#incoming.values(), ...this.#outgoing])
      connection.source.#undo(connection);
    this.environment.ticker.remove(this.#tick);
  }

  #connectOne(sink: MediaElement, type: MediaType, sourceDescription: string, sinkDescription: string): void {
    const present = sink.#incoming.get(type);
    if (present?.source === this) {
      present.sourceDescription = sourceDescription;
      present.sinkDescription = sinkDescription;
      this.#emitConnection('ElementConnected', present);
      return;
    }
    present?.source.disconnect(sink, type);
    const connection = new Connection<MediaElement>(this, sink, type, sourceDescription, sinkDescription);
    sink.#incoming.set(type, connection);
    this.#outgoing.add(connection);
    connection.wire();
    this.#emitConnection('ElementConnected', connection);
  }

  #undo(connection: Connection<MediaElement>): void {
    connection.unwire();
    this.#outgoing.delete(connection);
    connection.sink.#incoming.delete(connection.type);
  }

  #emitConnection(
    event: 'ElementConnected' | 'ElementDisconnected',
    connection: Connection<MediaElement>,
  ): void {
    this.emit(event, {
      sink: connection.sink,
      mediaType: connection.type,
      sourceMediaDescription: connection.sourceDescription,
      sinkMediaDescription: connection.sinkDescription,
    });
  }

  #describe(
    connections: Iterable<Connection<MediaElement>>,
    mediaType: MediaType | undefined,
    description: string | undefined,
    side: 'sourceDescription' | 'sinkDescription',
  ): ElementConnectionData[] {
    return [...connections]
      .filter((connection) => mediaType === undefined || connection.type === mediaType)
      .filter((connection) => !description || connection[side] === description)
      .map(({ source, sink, type, sourceDescription, sinkDescription }) => ({
        source,
        sink,
        type,
        sourceDescription,
        sinkDescription,
      }));
  }

  #isFlowing(flows: Record<MediaKind, FlowMonitor>, mediaType: MediaType, description: string): boolean {
    if (mediaType === 'DATA' || description !== DEFAULT_DESCRIPTION) return false;
    return flows[mediaType === 'AUDIO' ? 'audio' : 'video'].flowing;
  }

  #flowChanged(direction: 'In' | 'Out', kind: MediaKind, flowing: boolean): void {
    const mediaType: MediaType = kind === 'audio' ? 'AUDIO' : 'VIDEO';
    if (flowing && !this.isReleased) this.environment.ticker.add(this.#tick);
    this.emit(`MediaFlow${direction}StateChanged`, {
      state: flowing ? 'FLOWING' : 'NOT_FLOWING',
      padName: DEFAULT_DESCRIPTION,
      mediaType,
    });
    if (direction === 'Out' && flowing)
      this.emit('MediaTranscodingStateChanged', {
        state: 'NOT_TRANSCODING',
        binName: DEFAULT_DESCRIPTION,
        mediaType,
      });
  }

  #tickFlows(now: number): void {
    const flows = [...Object.values(this.#flowsIn), ...Object.values(this.#flowsOut)];
    for (const flow of flows) flow.tick(now);
    if (!flows.some((flow) => flow.flowing)) this.environment.ticker.remove(this.#tick);
  }
}
