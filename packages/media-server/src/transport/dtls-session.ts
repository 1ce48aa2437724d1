// What the transport needs of DTLS, between @parley/rtc's DtlsConnection and the callbacks of one peer connection.
import {
  DtlsConnection,
  type DtlsAction,
  type DtlsRole,
  type Fingerprint,
  type SrtpKeys,
  type SrtpProfile,
} from '@parley/rtc';
import type { DtlsCertificate } from './certificate.ts';
import type { HalfOpenHandshakes } from './half-open-handshakes.ts';

export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

export interface DtlsSessionOptions {
  readonly role: DtlsRole;
  /** Those of the same media port that are under way. */
  readonly handshakes: HalfOpenHandshakes;
  readonly certificate: DtlsCertificate;
  /** What the peer's certificate must match; undefined accepts any, for SDP that carries none. */
  readonly remoteFingerprint: Fingerprint | undefined;
  send(datagram: Buffer): void;
  onState(state: DtlsState, reason?: string): void;
  onKeys(send: SrtpKeys, receive: SrtpKeys): void;
  /** Application data of the peer, one record: what data channels are made of. Absent: nobody waits for any. */
  onData?(bytes: Buffer): void;
}

/** In order of preference. */
const PROFILES: readonly SrtpProfile[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'];

export class DtlsSession {
  readonly #options: DtlsSessionOptions;
  readonly #connection: DtlsConnection;
  #state: DtlsState = 'new';
  #cipherSuite: string | undefined;
  #failure: string | undefined;

  constructor(options: DtlsSessionOptions) {
    this.#options = options;
    const { role, certificate, remoteFingerprint } = options;
    this.#connection = new DtlsConnection({ role, certificate, remoteFingerprint, profiles: PROFILES });
  }

  get state(): DtlsState {
    return this.#state;
  }

  /** IANA's name, once connected. */
  get cipherSuite(): string | undefined {
    return this.#cipherSuite;
  }

  /** Why it failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** There is a way to the peer: a client begins now. Idempotent. `now` in ms. */
  begin(now: number): void {
    if (this.#options.role !== 'client' || this.#state !== 'new') return;
    this.#setState('connecting');
    this.#perform(this.#connection.start(now));
    this.#options.handshakes.begin(this);
  }

  /** Takes one datagram of the peer; `now` in ms. Never throws: what makes no sense is dropped. */
  handleDatagram(datagram: Buffer, now: number): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    if (this.#state === 'new') this.#setState('connecting');
    this.#perform(this.#connection.handleDatagram(datagram, now));
    // From its first message on it has a deadline and takes memory; before, it is only noise that was dropped.
    if (this.#state === 'connecting' && this.#connection.nextDeadline() !== undefined)
      this.#options.handshakes.begin(this);
  }

  /** Ends a handshake that is under way without a word to the peer, which will give up by itself. */
  giveUp(reason: string): void {
    this.#connection.close();
    this.#setState('failed', reason);
  }

  /** Sends again what was lost and gives up what takes too long; to be called every few ten milliseconds. */
  tick(now: number): void {
    this.#perform(this.#connection.due(now));
  }

  /** Sends application data in one datagram, once connected; before and after, it is dropped. */
  sendData(bytes: Buffer): void {
    this.#perform(this.#connection.send(bytes));
  }

  /** Says goodbye to a connected peer (RFC 5246, section 7.2.1), so that it need not wait for a timeout. Idempotent. */
  close(): void {
    this.#perform(this.#connection.close());
    this.#setState('closed');
  }

  #perform(actions: readonly DtlsAction[]): void {
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          this.#options.send(action.datagram);
          break;
        case 'connected':
          this.#cipherSuite = action.cipherSuite;
          this.#options.onKeys(action.send, action.receive);
          this.#setState('connected');
          break;
        case 'failed':
          this.#setState('failed', action.reason);
          break;
        case 'closed':
          this.#setState('closed');
          break;
        case 'application-data':
          this.#options.onData?.(action.bytes);
          break;
      }
    }
  }

  #setState(state: DtlsState, reason?: string): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#failure ??= reason;
    if (state !== 'connecting') this.#options.handshakes.end(this);
    this.#options.onState(state, reason);
  }
}
