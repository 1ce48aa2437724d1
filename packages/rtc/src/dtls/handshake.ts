// What the two sides of a DTLS 1.2 handshake have in common: how the connection drives them, and what they lead to.
import type { KeyObject } from 'node:crypto';
import type { Fingerprint } from '../sdp/offer.ts';
import type { SrtpKeys, SrtpProfile } from '../srtp/srtp-profile.ts';
import { MalformedMessageError } from './dtls-errors.ts';
import type { HandshakeMessage } from './handshake-message.ts';
import type { Group } from './key-exchange.ts';
import type { RecordProtection } from './record-protection.ts';

export interface DtlsOptions {
  readonly certificate: {
    readonly der: Buffer;
    /** ECDSA, P-256. */
    readonly privateKey: KeyObject;
  };
  /** What the peer's certificate must match; undefined accepts any. */
  readonly remoteFingerprint: Fingerprint | undefined;
  /** In order of preference. */
  readonly profiles: readonly SrtpProfile[];
}

/** What a message of the peer led to. */
export type HandshakeResult =
  | { readonly type: 'flight'; readonly messages: readonly HandshakeMessage[] }
  | {
      readonly type: 'keys';
      readonly read: RecordProtection;
      readonly write: RecordProtection;
      /** What is to be sent now: messages in the clear, and Finished under the keys. */
      readonly flight?: {
        readonly messages: readonly HandshakeMessage[];
        readonly finished: HandshakeMessage;
      };
    }
  | {
      readonly type: 'done';
      /** The last flight, when it is ours. */
      readonly finished?: HandshakeMessage;
      readonly send: SrtpKeys;
      readonly receive: SrtpKeys;
      /** IANA's name. */
      readonly cipherSuite: string;
    }
  | { readonly type: 'next' };

export interface Handshake {
  /** What comes next, for whoever has to find out why it did not. */
  readonly step: string;
  readonly isDone: boolean;
  /** What is to be sent before anything came; undefined: the peer speaks first. To be called once, at first. */
  begin(): HandshakeResult | undefined;
  /**
   * Takes the peer's next whole message. Throws MalformedMessageError, which leaves everything as it was, or
   * HandshakeRefusedError, after which nothing more may come.
   */
  handle(message: HandshakeMessage): HandshakeResult;
  /** Whether a peer who repeats a message of this type has not got our last flight (RFC 6347, section 4.2.4). */
  isAskedAgainBy(type: number): boolean;
}

/** X25519 first: it takes as long as secp256r1, and its keys leave less to get wrong. */
export const GROUPS: readonly Group[] = ['x25519', 'secp256r1'];

export function expect(message: HandshakeMessage, type: number): HandshakeMessage {
  if (message.type !== type)
    throw new MalformedMessageError(`handshake message ${message.type} came instead of ${type}`);
  return message;
}

/** What an earlier step has set. */
export function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of the handshake was left out');
  return value;
}
