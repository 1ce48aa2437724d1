// How messages of data channels pass through a pipeline, as interfaces: they leave an element at a DataSource and enter it
// at a DataSink. The counterpart of forwarding/track.ts; what a channel is and who has one is not known here.

/** One whole message. Shared by all sinks, so nobody changes its bytes. */
export interface DataMessage {
  readonly bytes: Buffer;
  /** Whether the bytes are UTF-8 text to the receiver's application, rather than binary (RFC 8831, section 6.6). */
  readonly isText: boolean;
}

export interface DataSink {
  /** Takes one message, in the order of the source. Must not throw: what cannot be delivered is dropped. */
  write(message: DataMessage): void;
  /**
   * Undefined: there is room for more, and so it is where this is absent. Else resolves when there is room again, or when it
   * is not worth waiting for any longer; never rejects. Who writes all the same may lose messages.
   */
  room?(): Promise<void> | undefined;
  /** To how many a message goes that is written here; absent: to one. */
  reach?(): number;
}

export interface DataSource {
  addSink(sink: DataSink): void;
  removeSink(sink: DataSink): void;
}

/** A source that gives each message to every sink. For elements that take data from the network or pass it on. */
export class DataFanOut implements DataSource, DataSink {
  readonly #sinks = new Set<DataSink>();

  addSink(sink: DataSink): void {
    this.#sinks.add(sink);
  }

  removeSink(sink: DataSink): void {
    this.#sinks.delete(sink);
  }

  write(message: DataMessage): void {
    for (const sink of this.#sinks) sink.write(message);
  }

  /** When all sinks have room. */
  room(): Promise<void> | undefined {
    return roomOf(this.#sinks);
  }

  reach(): number {
    return reachOf(this.#sinks);
  }
}

/** To how many a message goes that is written to all of them. */
export function reachOf(sinks: Iterable<DataSink>): number {
  let reach = 0;
  for (const sink of sinks) reach += sink.reach?.() ?? 1;
  return reach;
}

/** When all of them have room; undefined: they have. */
export function roomOf(sinks: Iterable<DataSink>): Promise<void> | undefined {
  const awaited = [...sinks].map((sink) => sink.room?.()).filter((room) => room !== undefined);
  return awaited.length === 0 ? undefined : Promise.all(awaited).then(() => undefined);
}
