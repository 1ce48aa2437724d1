// What leaves the media port: datagrams in batches, because batches are what a faster sender can speed up.

import type { Path } from './path.ts';

export interface OutgoingPacket {
  readonly bytes: Buffer;
  readonly path: Path;
}

export interface PacketSender {
  /** Hands packets to the network in order. Losing one is the network's business: no error, no promise. */
  send(batch: readonly OutgoingPacket[]): void;
}

/** Collects what one turn of the event loop sends, and hands it over as one batch at the end of that turn. */
export class SendQueue {
  readonly #sender: PacketSender;
  #batch: OutgoingPacket[] = [];
  readonly #flush = () => {
    const batch = this.#batch;
    this.#batch = [];
    this.#sender.send(batch);
  };

  constructor(sender: PacketSender) {
    this.#sender = sender;
  }

  push(bytes: Buffer, path: Path): void {
    if (this.#batch.push({ bytes, path }) === 1) queueMicrotask(this.#flush);
  }
}
