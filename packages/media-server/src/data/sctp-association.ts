// One SCTP association over one DTLS connection: packets in and out, whole messages of streams in and out. Everything that
// the peer can make grow has a bound here. Timers are the library's; close() ends them.
import type { Logger } from 'pino';
import { DeliveryGate } from './delivery-gate.ts';
import { keepToLimits } from './partial-reliability.ts';
import { MAX_STREAMS, mayPass } from './sctp-guard.ts';
import type { Sctp, SctpConstructor, SctpInternals } from './sctp-library.ts';

/** Of what waits to be sent or acknowledged, in bytes. A peer that is slower than that loses what comes after. */
const MAX_BUFFERED_BYTES = 8 * 2 ** 20;

/** What a waiting message costs besides its bytes, so that empty ones are not free. */
const MESSAGE_OVERHEAD = 512;

/** What a chunk costs that waits for its acknowledgement: its bytes, at most 1200, and what is kept about it. */
const CHUNK_COST = 2048;

/** Chunks of the peer that wait for the rest of their message: four times the largest message that is announced. */
const MAX_HELD_CHUNKS = 2048;

/** Of whole messages that wait for room in the pipeline: twice the window, so only of a peer that disregards it. */
const MAX_HELD_BYTES = 2 * 2 ** 20;

export interface SctpAssociationOptions {
  readonly log: Logger;
  /** As the SDP of either side says. */
  readonly localPort: number;
  readonly remotePort: number;
  /** Sends one packet; it fits into a datagram. */
  send(packet: Buffer): void;
  onEstablished(): void;
  onMessage(streamId: number, ppid: number, bytes: Buffer): void;
  /** Told when one message less waits for its turn. */
  onTaken(): void;
  /** The peer has closed its side of these streams, or has agreed to the closing of ours. */
  onStreamsReset(streamIds: readonly number[]): void;
  /** Told once, unless `close` was called before. */
  onClosed(): void;
}

export interface OutgoingMessage {
  readonly streamId: number;
  readonly ppid: number;
  /** At least one byte: SCTP has no empty messages. */
  readonly bytes: Buffer;
  readonly ordered: boolean;
  /** Not sent any more, nor sent again, after this, in ms of the monotonic clock. */
  readonly expiresAt: number | undefined;
  /** How often it is sent again at most when it is lost; undefined: until it arrives. */
  readonly maxRetransmits: number | undefined;
  /** Told when it is on its way, as opposed to expired. */
  onSent?(): void;
}

type Job =
  | { readonly type: 'message'; readonly message: OutgoingMessage }
  | { readonly type: 'reset'; readonly streamId: number };

export class SctpAssociation {
  readonly #options: SctpAssociationOptions;
  readonly #sctp: Sctp;
  readonly #internals: SctpInternals;
  readonly #gate: DeliveryGate;
  readonly #jobs: Job[] = [];
  /** Those among the jobs. */
  readonly #resets = new Set<number>();
  /** The packets are handled one after another, though the library gives way in the middle of each. */
  #handled: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #working = false;
  #tellingWindow = false;
  #closed = false;

  /** Waits for the peer to begin, as browsers do. */
  constructor(Library: SctpConstructor, options: SctpAssociationOptions) {
    this.#options = options;
    this.#sctp = new Library(
      { send: async (packet) => options.send(packet), close: () => undefined },
      options.localPort,
    );
    this.#internals = this.#sctp as unknown as SctpInternals;
    keepToLimits(this.#internals);
    this.#gate = new DeliveryGate((bytes) => this.#narrowWindow(bytes));
    this.#sctp._inboundStreamsMax = MAX_STREAMS;
    this.#sctp._outboundStreamsCount = MAX_STREAMS;
    this.#sctp.stateChanged.connected.subscribe(() => {
      if (!this.#closed) options.onEstablished();
    });
    this.#sctp.stateChanged.closed.subscribe(() => this.#ended());
    this.#sctp.onReceive.subscribe((streamId, ppid, bytes) => {
      this.#pass(bytes.length, () => options.onMessage(streamId, ppid, bytes));
    });
    this.#sctp.onReconfigStreams.subscribe((streamIds) => {
      this.#pass(0, () => options.onStreamsReset(streamIds));
    });
    this.#perform(() => this.#sctp.start(options.remotePort));
  }

  get established(): boolean {
    return !this.#closed && this.#sctp.state === 'connected';
  }

  /** Of messages that wait for their turn, with what they cost besides. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Of messages that wait for their turn or for an acknowledgement, with what they cost besides. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#internals.sentQueue.length * CHUNK_COST;
  }

  /** Delivers nothing more until then, and lets the peer wait too. */
  holdUntil(room: Promise<void>): void {
    this.#gate.shutUntil(room);
  }

  /** Takes one packet of the peer, whose memory is kept. Never throws: what makes no sense is dropped. */
  handlePacket(packet: Buffer): void {
    if (this.#closed) return;
    this.#handled = this.#handled.then(() => this.#handle(packet));
  }

  /** Sends a message when its turn comes. False: too much is waiting already, and it is lost. */
  send(message: OutgoingMessage): boolean {
    if (this.#closed) return false;
    const cost = message.bytes.length + MESSAGE_OVERHEAD;
    if (this.bufferedBytes + cost > MAX_BUFFERED_BYTES) return false;
    this.#waitingBytes += cost;
    this.#jobs.push({ type: 'message', message });
    this.#perform(() => this.#work());
    return true;
  }

  /** Closes our side of a stream (RFC 6525), after what was sent on it before. */
  resetStream(streamId: number): void {
    if (this.#closed || this.#resets.has(streamId)) return;
    this.#resets.add(streamId);
    this.#jobs.push({ type: 'reset', streamId });
    this.#perform(() => this.#work());
  }

  /**
   * Delivers what is held, closes our side of these streams, in this order, takes leave of the peer (ABORT) and ends all timers. What waits to be
   * sent is lost. Idempotent.
   */
  close(streamIds: readonly number[] = []): void {
    if (this.#closed) return;
    this.#gate.flush();
    // So that the peer's application is told of closed channels, rather than of a broken connection.
    this.#perform(() => this.#reset(streamIds));
    this.#closed = true;
    this.#jobs.length = 0;
    this.#perform(() => this.#sctp.stop());
  }

  async #handle(packet: Buffer): Promise<void> {
    if (this.#closed) return;
    const { lastReceivedTsn, localTsn } = this.#internals;
    const view = {
      established: this.established,
      isFull: this.#gate.heldBytes > MAX_HELD_BYTES,
      receivedTsn: lastReceivedTsn,
      sentTsn: localTsn - 1,
    };
    if (!mayPass(packet, view)) return;
    try {
      await this.#internals.handleData(packet);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'a packet of SCTP was dropped');
    }
    this.#receiveComplete();
    if (this.#heldChunks() <= MAX_HELD_CHUNKS) return;
    this.#options.log.warn('the peer leaves too many messages unfinished: SCTP ends');
    this.#ended();
  }

  /** A mistake of whoever takes it must not become one of the protocol. */
  #pass(length: number, deliver: () => void): void {
    this.#gate.pass(length + MESSAGE_OVERHEAD, () => {
      try {
        deliver();
      } catch (error) {
        this.#options.log.error({ err: error }, 'what came over SCTP was not taken');
      }
    });
  }

  /** The library leaves messages behind when those of several streams were waiting for the same packet. */
  #receiveComplete(): void {
    const sctp = this.#internals;
    for (const stream of Object.values(sctp.inboundStreams)) {
      for (let waiting = Infinity; stream.reassembly.length > 0 && stream.reassembly.length < waiting;) {
        waiting = stream.reassembly.length;
        for (const message of stream.popMessages()) {
          sctp.advertisedRwnd += message[2].length;
          sctp.receive(...message);
        }
      }
    }
  }

  #heldChunks(): number {
    let held = 0;
    for (const { reassembly } of Object.values(this.#internals.inboundStreams)) held += reassembly.length;
    return held;
  }

  /** One message after another, each when the one before is out of the library's own queue, which has no bound. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
        if (job.type === 'message') {
          await this.#sendNow(job.message);
        } else {
          this.#resets.delete(job.streamId);
          await this.#reset([job.streamId]);
        }
      }
    } finally {
      this.#working = false;
    }
  }

  async #sendNow(message: OutgoingMessage): Promise<void> {
    const { streamId, ppid, bytes, ordered, expiresAt, maxRetransmits } = message;
    this.#waitingBytes -= bytes.length + MESSAGE_OVERHEAD;
    this.#options.onTaken();
    if (expiresAt !== undefined && performance.now() > expiresAt) return;
    message.onSent?.();
    await this.#sctp.send(streamId, ppid, bytes, { ordered, maxRetransmits, expiry: expiresAt });
  }

  async #reset(streamIds: readonly number[]): Promise<void> {
    const { reconfigQueue } = this.#sctp;
    for (const streamId of streamIds) if (!reconfigQueue.includes(streamId)) reconfigQueue.push(streamId);
    await this.#sctp.transmitReconfigRequest();
  }

  /** What is held takes up the window; when it goes, the peer is told, which may wait for nothing else. */
  #narrowWindow(bytes: number): void {
    this.#internals.advertisedRwnd -= bytes;
    if (bytes > 0 || this.#tellingWindow) return;
    this.#tellingWindow = true;
    // Once for all that is delivered now.
    queueMicrotask(() => {
      this.#tellingWindow = false;
      if (!this.established) return;
      this.#internals.sackNeeded = true;
      this.#perform(() => this.#internals.sendSack());
    });
  }

  #ended(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onClosed();
  }

  #perform(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#options.log.warn({ err: error }, 'SCTP failed'));
  }
}
