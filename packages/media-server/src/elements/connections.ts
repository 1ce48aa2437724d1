// Who feeds whom: the connections of elements, and the hanging of media sinks on media sources that follows from them.
// An element's source or sink may come later than the connection (negotiation), go, or be replaced: `wire` catches up.
import type { MediaType } from '@parley/protocol';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';

/** What one end of a connection must offer; an element is one. Undefined: nothing of that kind at the moment. */
export interface MediaEnd {
  source(kind: MediaKind): MediaSource | undefined;
  sink(kind: MediaKind): MediaSink | undefined;
  dataSource(): DataSource | undefined;
  dataSink(): DataSink | undefined;
}

export const MEDIA_TYPES: readonly MediaType[] = ['AUDIO', 'VIDEO', 'DATA'];

/** A sink that hangs on a source, and how to take it off. */
interface Hung {
  readonly source: MediaSource | DataSource;
  readonly sink: MediaSink | DataSink;
  readonly takeOff: () => void;
}

export class Connection<End extends MediaEnd> {
  readonly source: End;
  readonly sink: End;
  readonly type: MediaType;
  sourceDescription: string;
  sinkDescription: string;
  #hung: Hung | undefined;

  constructor(source: End, sink: End, type: MediaType, sourceDescription: string, sinkDescription: string) {
    this.source = source;
    this.sink = sink;
    this.type = type;
    this.sourceDescription = sourceDescription;
    this.sinkDescription = sinkDescription;
  }

  /** Hangs the sink on the source that they have now. Leaves a flow alone that is right already. */
  wire(): void {
    if (this.type === 'DATA') this.#wireData(this.source.dataSource(), this.sink.dataSink());
    else this.#wireMedia(this.type === 'AUDIO' ? 'audio' : 'video');
  }

  unwire(): void {
    const hung = this.#hung;
    this.#hung = undefined;
    hung?.takeOff();
  }

  #wireMedia(kind: MediaKind): void {
    const source = this.source.source(kind);
    const sink = this.sink.sink(kind);
    if (this.#isHung(source, sink)) return;
    this.unwire();
    if (!source || !sink) return;
    const takeOff = (): void => {
      source.removeSink(sink);
      sink.sourceChanged(undefined);
    };
    this.#hung = { source, sink, takeOff };
    sink.sourceChanged(source);
    source.addSink(sink);
  }

  #wireData(source: DataSource | undefined, sink: DataSink | undefined): void {
    if (this.#isHung(source, sink)) return;
    this.unwire();
    if (!source || !sink) return;
    this.#hung = { source, sink, takeOff: () => source.removeSink(sink) };
    source.addSink(sink);
  }

  #isHung(source: Hung['source'] | undefined, sink: Hung['sink'] | undefined): boolean {
    return this.#hung !== undefined && this.#hung.source === source && this.#hung.sink === sink;
  }
}
