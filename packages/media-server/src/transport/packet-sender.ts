// What leaves the media port: datagrams in batches, because batches are what a faster sender can speed up.

export interface OutgoingDatagram {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

export interface PacketSender {
  /** Hands datagrams to the network in order. Losing one is the network's business: no error, no promise. */
  send(batch: readonly OutgoingDatagram[]): void;
}

/** Collects what one turn of the event loop sends, and hands it over as one batch at the end of that turn. */
export class SendQueue {
  readonly #sender: PacketSender;
  #batch: OutgoingDatagram[] = [];
  readonly #flush = () => {
    const batch = this.#batch;
    this.#batch = [];
    this.#sender.send(batch);
  };

  constructor(sender: PacketSender) {
    this.#sender = sender;
  }

  push(bytes: Buffer, address: string, port: number): void {
    if (this.#batch.push({ bytes, address, port }) === 1) queueMicrotask(this.#flush);
  }
}
