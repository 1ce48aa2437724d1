// An element: takes in media, gives out media, or both, and is connected to others of its pipeline.
// What the media is and where it comes from is the subclass's; here is who feeds whom and whether anything flows.
import { KurentoError, type MediaType } from '@parley/protocol';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import { Connection, DEFAULT_DESCRIPTION, MEDIA_TYPES } from './connections.ts';
import { dumpDot } from './dot-files.ts';
import { dotGraph, type DotDetails } from './dot-graph.ts';
import { elementStats, type StatsRecord } from './element-stats.ts';
import type { FlowMonitor } from './flow-monitor.ts';
import { MediaFlows, type FlowDirection } from './media-flows.ts';
import { MediaObject, type ObjectContext } from './media-object.ts';
import type { MediaPipeline } from './media-pipeline.ts';
import { WantedFormats } from './wanted-formats.ts';

export type { StatsRecord };

const MEDIA_KINDS: readonly MediaKind[] = ['audio', 'video'];

/** How many connections may end in one element: three, unless it is given streams of other names, which nothing uses. */
const MAX_INPUTS = 64;

/** Of the name of a stream, in characters. */
const MAX_DESCRIPTION = 256;

export interface ElementConnectionData {
  readonly source: MediaElement;
  readonly sink: MediaElement;
  readonly type: MediaType;
  readonly sourceDescription: string;
  readonly sinkDescription: string;
}

export abstract class MediaElement extends MediaObject {
  /** By media type and the sink's description: each of them has one source. */
  readonly #incoming = new Map<string, Connection<MediaElement>>();
  readonly #outgoing = new Set<Connection<MediaElement>>();
  readonly #flows: MediaFlows;
  readonly #formats = new WantedFormats();
  #maxEncoderBitrate = 0;

  constructor(context: ObjectContext, className: string) {
    super(context, className);
    const { ticker } = this.environment;
    this.#flows = new MediaFlows({
      ticker,
      changed: (direction, kind, flowing) => this.#flowChanged(direction, kind, flowing),
      goesOn: () => MEDIA_KINDS.forEach((kind) => this.#complainOfFormat(kind)),
    });
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
   * Feeds the sink: audio, video and data, or only `mediaType`. A sink has one source per type and description of its own:
   * a new one replaces the old one. An element may feed itself.
   * @throws KurentoError CONNECT_ERROR when the sink is in another pipeline or gone, NOT_ENOUGH_RESOURCES for too many
   * descriptions, MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for one that is too long
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
    const [from, to] = [named(sourceMediaDescription), named(sinkMediaDescription)];
    if (Math.max(from.length, to.length) > MAX_DESCRIPTION)
      throw new KurentoError(
        'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
        `The description of a stream has ${MAX_DESCRIPTION} characters at most`,
      );
    const types = mediaType ? [mediaType] : MEDIA_TYPES;
    const added = types.filter((type) => !sink.#incoming.has(keyOf(type, to))).length;
    if (sink.#incoming.size + added > MAX_INPUTS)
      throw new KurentoError(
        'NOT_ENOUGH_RESOURCES',
        `'${sink.id}' is fed under too many descriptions: ${MAX_INPUTS} connections end there at most`,
      );
    for (const type of types) this.#connectOne(sink, type, from, to);
  }

  /** Undoes `connect`, for all types or only `mediaType`. What is not connected like that is left as it is. */
  disconnect(
    sink: MediaElement,
    mediaType?: MediaType,
    sourceMediaDescription = DEFAULT_DESCRIPTION,
    sinkMediaDescription = DEFAULT_DESCRIPTION,
  ): void {
    for (const type of mediaType ? [mediaType] : MEDIA_TYPES) {
      const connection = sink.#incoming.get(keyOf(type, named(sinkMediaDescription)));
      if (connection?.source !== this) continue;
      if (connection.sourceDescription !== named(sourceMediaDescription)) continue;
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
    return named(sinkMediaDescription) === DEFAULT_DESCRIPTION && this.#flows.isFlowing('In', mediaType);
  }

  /** Whether media goes from this element into the pipeline. */
  isMediaFlowingOut(mediaType: MediaType, sourceMediaDescription = DEFAULT_DESCRIPTION): boolean {
    return named(sourceMediaDescription) === DEFAULT_DESCRIPTION && this.#flows.isFlowing('Out', mediaType);
  }

  /** Always false: media is forwarded as it comes. */
  isMediaTranscoding(_mediaType: MediaType, _binName?: string): boolean {
    return false;
  }

  /** By id: of the media, of data channels, and of the element itself; all, or only of `mediaType`. */
  getStats(mediaType?: MediaType): Record<string, StatsRecord> | null {
    const wanted = (type: MediaType): boolean => mediaType === undefined || mediaType === type;
    const inputs = [...this.#incoming.values()].filter(({ type }) => wanted(type));
    const records = [
      ...(wanted('AUDIO') ? this.stats('audio') : []),
      ...(wanted('VIDEO') ? this.stats('video') : []),
      ...(wanted('DATA') ? this.dataStats() : []),
      elementStats(this.id, this.isEndpoint, inputs),
    ];
    return Object.fromEntries(records.map((record) => [record.id, record]));
  }

  /** The element and what it is connected with, in the language of GraphViz. */
  getGstreamerDot(details?: DotDetails): string {
    const sources = this.getSourceConnections().map(({ source }) => source);
    const sinks = this.getSinkConnections().map(({ sink }) => sink);
    return dotGraph(this.name, [...new Set([this, ...sources, ...sinks])], details);
  }

  /** Writes that into a file of the data folder. */
  async dumpGstreamerDot(details?: DotDetails): Promise<void> {
    await dumpDot(this.environment, this, this.getGstreamerDot(details));
  }

  /** Always 0: nothing is encoded here. */
  get encoderBitrate(): number {
    return 0;
  }

  /** Always 0: nothing is encoded here. */
  get minEncoderBitrate(): number {
    return 0;
  }

  /** In bit/s, 0: no bound. Whoever makes the video that leaves this element is asked for no more. */
  get maxEncoderBitrate(): number {
    return this.#maxEncoderBitrate;
  }

  /**
   * @throws KurentoError NOT_IMPLEMENTED where nobody can be asked, MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0
   */
  set maxEncoderBitrate(bitsPerSecond: number) {
    this.boundVideo(checkedBitrate(bitsPerSecond));
    this.#maxEncoderBitrate = bitsPerSecond;
  }

  /**
   * Says which codec is expected to leave this element; an `Error` event tells when another one does. The bitrate is the
   * sender's.
   * @throws KurentoError NOT_IMPLEMENTED when another one flows already, and for raw sound
   */
  setAudioFormat({ codec }: { readonly codec: string }): void {
    this.#formats.expect('audio', codec, this.#flowingCodec('audio'));
  }

  /** The same for video. The frame rate is the sender's. */
  setVideoFormat({ codec }: { readonly codec: string }): void {
    this.#formats.expect('video', codec, this.#flowingCodec('video'));
  }

  /** Begins or ends measuring how late media comes to this element. */
  measureLatency(measured: boolean): void {
    for (const connection of this.#incoming.values()) connection.measure(measured);
  }

  /**
   * Bounds the video that leaves the element, in bit/s, 0: not at all. For subclasses that can ask whoever makes it.
   * @throws KurentoError NOT_IMPLEMENTED
   */
  protected boundVideo(_bitsPerSecond: number): void {
    const message = `Nothing is encoded in '${this.id}', and whoever made its video cannot be asked for less`;
    throw new KurentoError('NOT_IMPLEMENTED', message);
  }

  /** Whether media leaves the server here, or comes to it. */
  protected get isEndpoint(): boolean {
    return false;
  }

  /** What `getStats` reports of this kind of media. */
  protected stats(_kind: MediaKind): readonly StatsRecord[] {
    return [];
  }

  /** What `getStats` reports of data channels and of the session that they belong to. */
  protected dataStats(): readonly StatsRecord[] {
    return [];
  }

  /** Where the subclass reports packets from the pipeline. Keep the monitor at hand: `packet()` is for the packet path. */
  protected flowIn(kind: MediaKind): FlowMonitor {
    return this.#flows.in[kind];
  }

  /** Where the subclass reports packets into the pipeline. */
  protected flowOut(kind: MediaKind): FlowMonitor {
    return this.#flows.out[kind];
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
    this.#flows.close();
  }

  #connectOne(sink: MediaElement, type: MediaType, sourceDescription: string, sinkDescription: string): void {
    const key = keyOf(type, sinkDescription);
    const present = sink.#incoming.get(key);
    if (present?.source === this && present.sourceDescription === sourceDescription) {
      this.#emitConnection('ElementConnected', present);
      return;
    }
    present?.source.disconnect(sink, type, present.sourceDescription, sinkDescription);
    const connection = new Connection<MediaElement>(this, sink, type, sourceDescription, sinkDescription);
    sink.#incoming.set(key, connection);
    this.#outgoing.add(connection);
    connection.measure(this.#isMeasured);
    connection.wire();
    this.#emitConnection('ElementConnected', connection);
  }

  get #isMeasured(): boolean {
    return (this.mediaPipeline as MediaPipeline | undefined)?.latencyStats ?? false;
  }

  #undo(connection: Connection<MediaElement>): void {
    connection.unwire();
    this.#outgoing.delete(connection);
    connection.sink.#incoming.delete(keyOf(connection.type, connection.sinkDescription));
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

  #flowChanged(direction: FlowDirection, kind: MediaKind, flowing: boolean): void {
    const mediaType: MediaType = kind === 'audio' ? 'AUDIO' : 'VIDEO';
    this.emit(`MediaFlow${direction}StateChanged`, {
      state: flowing ? 'FLOWING' : 'NOT_FLOWING',
      padName: DEFAULT_DESCRIPTION,
      mediaType,
    });
    if (direction === 'In') return;
    if (flowing)
      this.emit('MediaTranscodingStateChanged', {
        state: 'NOT_TRANSCODING',
        binName: DEFAULT_DESCRIPTION,
        mediaType,
      });
    this.#complainOfFormat(kind);
  }

  #complainOfFormat(kind: MediaKind): void {
    const complaint = this.#formats.complaint(kind, this.#flowingCodec(kind));
    if (complaint) this.emit('Error', { ...complaint });
  }

  #flowingCodec(kind: MediaKind): string | undefined {
    return this.#flows.out[kind].flowing ? this.source(kind)?.codec?.name : undefined;
  }
}

/** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0 */
export function checkedBitrate(bitrate: number): number {
  if (bitrate >= 0) return bitrate;
  throw new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', 'A bitrate is at least 0, which means no bound');
}

/** An empty description is none: clients that must give one give that. */
function named(description: string): string {
  return description === '' ? DEFAULT_DESCRIPTION : description;
}

function keyOf(type: MediaType, sinkDescription: string): string {
  return `${type} ${sinkDescription}`;
}
