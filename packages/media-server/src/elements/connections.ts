// Who feeds whom: the connections of elements, and the hanging of media sinks on media sources that follows from them.
// An element's source or sink may come later than the connection (negotiation), go, or be replaced: `wire` catches up.
import type { MediaType } from '@parley/protocol';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';

/** What one end of a connection must offer; an element is one. Undefined: nothing of that kind at the moment. */
export interface MediaEnd {
  source(kind: MediaKind): MediaSource | undefined;
  sink(kind: MediaKind): MediaSink | undefined;
}

export const MEDIA_TYPES: readonly MediaType[] = ['AUDIO', 'VIDEO', 'DATA'];

/** DATA has no media of its own here: such connections are book-kept only. */
const KINDS: Record<MediaType, MediaKind | undefined> = { AUDIO: 'audio', VIDEO: 'video', DATA: undefined };

export class Connection<End extends MediaEnd> {
  readonly source: End;
  readonly sink: End;
  readonly type: MediaType;
  sourceDescription: string;
  sinkDescription: string;
  #hung: { source: MediaSource; sink: MediaSink } | undefined;

  constructor(source: End, sink: End, type: MediaType, sourceDescription: string, sinkDescription: string) {
    this.source = source;
    this.sink = sink;
    this.type = type;
    this.sourceDescription = sourceDescription;
    this.sinkDescription = sinkDescription;
  }

  /** Hangs the sink on the source that they have now. Leaves a flow alone that is right already. */
  wire(): void {
    const kind = KINDS[this.type];
    if (kind === undefined) return;
    const source = this.source.source(kind);
    const sink = this.sink.sink(kind);
    if (this.#hung && this.#hung.source === source && this.#hung.sink === sink) return;
    this.unwire();
    if (!source || !sink) return;
    this.#hung = { source, sink };
    sink.sourceChanged(source);
    source.addSink(sink);
  }

  unwire(): void {
    if (!this.#hung) return;
    const { source, sink } = this.#hung;
    this.#hung = undefined;
    source.removeSink(sink);
    sink.sourceChanged(undefined);
  }
}
