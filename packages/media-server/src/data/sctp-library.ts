// The SCTP of werift, alone: the library gives it out only with data channels and DTLS of its own around it, and neither is
// used here. Loaded when the first data channels are negotiated: it takes 30 MB that most servers never need.
import type { RTCDtlsTransport, RTCSctpTransport } from 'werift';

/** One association of werift's. What it takes from the network has to be checked before: see sctp-guard.ts. */
export type Sctp = RTCSctpTransport['sctp'];

/** What carries the packets of an association. */
export interface SctpCarrier {
  /** Set by the association. Not to be called: it lets failures go unhandled. */
  onData?: ((packet: Buffer) => void) | undefined;
  send(packet: Buffer): Promise<void>;
  close(): void;
}

export type SctpConstructor = new (carrier: SctpCarrier, port: number) => Sctp;

/** A chunk of data that is sent: a message, or a piece of it. */
export interface OutgoingChunk {
  readonly tsn: number;
  readonly streamId: number;
  readonly streamSeqNum: number;
  readonly flags: number;
  /** What it counts for in `flightSize`. */
  bookSize: number;
  readonly sentCount: number;
  readonly acked: boolean;
  abandoned: boolean;
  /** It is to be sent again, and does not count as being on its way. */
  retransmit: boolean;
  readonly maxRetransmits: number | undefined;
  readonly expiry: number | undefined;
}

export type InboundMessage = readonly [streamId: number, ppid: number, bytes: Buffer];

export interface InboundStream {
  /** The chunks that wait for the rest of their message, or for earlier messages. */
  readonly reassembly: readonly unknown[];
  /** Takes out what is complete and has its turn; stops behind a message whose next one has no number next to its own. */
  popMessages(): Iterable<InboundMessage>;
}

/** What is used of an association beyond its declared interface; its version is pinned by the lock file and the tests. */
export interface SctpInternals {
  /** Takes one packet; rejects for what it cannot read. */
  handleData(packet: Buffer): Promise<void>;
  /** Up to which every TSN has come; undefined before INIT. */
  readonly lastReceivedTsn: number | undefined;
  /** Of the next chunk to be sent. */
  readonly localTsn: number;
  /** What is told to the peer of the room for more, in bytes. */
  advertisedRwnd: number;
  sackNeeded: boolean;
  /** Tells the peer how far it has come, and of the room, when `sackNeeded`. */
  sendSack(): Promise<void>;
  /** The chunks of ours that the peer has not acknowledged, and those that were not sent yet, by number. */
  readonly sentQueue: OutgoingChunk[];
  readonly outboundQueue: OutgoingChunk[];
  /** Of what is on its way, in bytes. */
  flightSize: number;
  /** Up to which the peer has acknowledged everything, and up to which it need not. */
  readonly lastSackedTsn: number;
  advancedPeerAckTsn: number;
  /** Sent next, once. */
  forwardTsnChunk: { readonly bytes: Buffer } | undefined;
  /** Types of chunks that the peer knows besides the usual ones. */
  readonly remoteExtensions: readonly number[];
  /** Asked of each chunk that seems lost: whether it, with its message, is not to be sent again. */
  maybeAbandon(chunk: OutgoingChunk): boolean;
  /** Called with each acknowledgement, and when none comes. */
  updateAdvancedPeerAckPoint(): void;
  readonly inboundStreams: Record<number, InboundStream>;
  /** Tells of a message that came: stream, payload protocol, bytes. */
  receive(...message: InboundMessage): void;
}

let loading: Promise<SctpConstructor> | undefined;

export function loadSctp(): Promise<SctpConstructor> {
  loading ??= import('werift').then(({ RTCSctpTransport: Transport, Event }) => {
    const holder = new Transport();
    const dtls = { id: 'none', onStateChange: new Event() };
    holder.setDtlsTransport(dtls as unknown as RTCDtlsTransport);
    return holder.sctp.constructor as SctpConstructor;
  });
  return loading;
}
