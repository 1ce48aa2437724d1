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
  /** The chunks of ours that the peer has not acknowledged. */
  readonly sentQueue: readonly unknown[];
  /** By stream: the chunks that wait for the rest of their message, or for earlier messages. */
  readonly inboundStreams: Record<number, { readonly reassembly: readonly unknown[] }>;
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
