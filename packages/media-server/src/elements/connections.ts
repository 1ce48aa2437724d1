// Who feeds whom: the connections of elements, and the hanging of media sinks on media sources that follows from them.
// An element's source or sink may come later than the connection (negotiation), go, or be replaced: `wire` catches up.
import type { MediaType } from '@parley/protocol';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import { LatencyProbe } from '../forwarding/latency-probe.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';

/** What one end of a connection must offer; an element is one. Undefined: nothing of that kind at the moment. */
export interface MediaEnd {
  source(kind: MediaKind): MediaSource | undefined;
  sink(kind: MediaKind): MediaSink | undefined;
  dataSource(): DataSource | undefined;
  dataSink(): DataSink | undefined;
}

/** The only pad, stream and bin there is: elements carry one audio, one video and one bundle of data channels. */
export const DEFAULT_DESCRIPTION = 'default';

export const MEDIA_TYPES: readonly MediaType[] = ['AUDIO', 'VIDEO', 'DATA'];

/** A sink that hangs on a source, and how to take it off. */
interface Hung {
  readonly source: MediaSource | DataSource;
  readonly sink: MediaSink | DataSink;
  readonly takeOff: () => void;
  /** Puts a probe in front of the sink, or takes it away, without telling the sink; data has none. */
  readonly measure?: (measured: boolean) => LatencyProbe | undefined;
}

export class Connection<End extends MediaEnd> {
  readonly source: End;
  readonly sink: End;
  readonly type: MediaType;
  readonly sourceDescription: string;
  readonly sinkDescription: string;
  #hung: Hung | undefined;
  #measured = false;
  #probe: LatencyProbe | undefined;

  constructor(source: End, sink: End, type: MediaType, sourceDescription: string, sinkDescription: string) {
    this.source = source;
    this.sink = sink;
    this.type = type;
    this.sourceDescription = sourceDescription;
    this.sinkDescription = sinkDescription;
  }

  /** How late packets come to the sink; undefined while that is not measured, or nothing is hung. */
  get probe(): LatencyProbe | undefined {
    return this.#probe;
  }

  /** What flows goes on undisturbed. */
  measure(measured: boolean): void {
    if (this.#measured === measured) return;
    this.#measured = measured;
    this.#probe = this.#hung?.measure?.(measured);
  }

  /**
   * Hangs the sink on the source that they have now. Leaves a flow alone that is right already. Between streams of other
   * names than the default one nothing flows, for no element has any; as at the original, the connection is kept all the same.
   */
  wire(): void {
    if (this.sourceDescription !== DEFAULT_DESCRIPTION || this.sinkDescription !== DEFAULT_DESCRIPTION)
      return;
    if (this.type === 'DATA') this.#wireData(this.source.dataSource(), this.sink.dataSink());
    else this.#wireMedia(this.type === 'AUDIO' ? 'audio' : 'video');
  }

  unwire(): void {
    const hung = this.#hung;
    this.#hung = undefined;
    this.#probe = undefined;
    hung?.takeOff();
  }

  #wireMedia(kind: MediaKind): void {
    const source = this.source.source(kind);
    const sink = this.sink.sink(kind);
    if (this.#isHung(source, sink)) return;
    this.unwire();
    if (!source || !sink) return;
    let hanging = this.#measured ? new LatencyProbe(sink) : sink;
    const takeOff = (): void => {
      source.removeSink(hanging);
      sink.sourceChanged(undefined);
    };
    const measure = (measured: boolean): LatencyProbe | undefined => {
      source.removeSink(hanging);
      const probe = measured ? new LatencyProbe(sink) : undefined;
      hanging = probe ?? sink;
      source.addSink(hanging);
      return probe;
    };
    this.#hung = { source, sink, takeOff, measure };
    if (hanging instanceof LatencyProbe) this.#probe = hanging;
    sink.sourceChanged(source);
    source.addSink(hanging);
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
