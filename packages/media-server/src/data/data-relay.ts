// A place in the pipeline where messages of data channels pass through. The counterpart of forwarding/relay-track.ts.
import { Passage, type Depth } from '../forwarding/passage.ts';
import { reachOf, roomOf, type DataMessage, type DataSink, type DataSource } from './data-flow.ts';

const depth: Depth = { value: 0 };

export class DataRelay implements DataSource, DataSink {
  readonly #passage: Passage;
  #sinks: readonly DataSink[] = [];

  /** `chainTooLong` is told that a message ends here which has come through too many relays. */
  constructor(chainTooLong: () => void) {
    this.#passage = new Passage(depth, chainTooLong);
  }

  addSink(sink: DataSink): void {
    if (!this.#sinks.includes(sink)) this.#sinks = [...this.#sinks, sink];
  }

  removeSink(sink: DataSink): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
  }

  room(): Promise<void> | undefined {
    if (!this.#passage.enter()) return undefined;
    try {
      return roomOf(this.#sinks);
    } finally {
      this.#passage.leave();
    }
  }

  reach(): number {
    if (!this.#passage.enter()) return 0;
    try {
      return reachOf(this.#sinks);
    } finally {
      this.#passage.leave();
    }
  }

  write(message: DataMessage): void {
    if (!this.#passage.enter()) return;
    try {
      for (const sink of this.#sinks) sink.write(message);
    } finally {
      this.#passage.leave();
    }
  }
}
