// The server's side of one DTLS 1.2 handshake, message by message: decides what is taken of the client's offer, checks
// every proof, and derives the keys. It knows no records, no datagrams and no time.
import { randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Fingerprint } from '../sdp/offer.ts';
import { SRTP_PROFILE_PARAMETERS, type SrtpKeys, type SrtpProfile } from '../srtp/srtp-profile.ts';
import { ByteReader } from './byte-reader.ts';
import { checkCertificateVerify, readClientCertificate } from './client-authentication.ts';
import { readClientHello, type ClientHello } from './client-hello.ts';
import { ALERT, HandshakeRefusedError, MalformedMessageError } from './dtls-errors.ts';
import { HANDSHAKE, writeMessage, type HandshakeMessage } from './handshake-message.ts';
import { GROUP, KeyExchange, type Group } from './key-exchange.ts';
import * as schedule from './key-schedule.ts';
import type { RecordProtection } from './record-protection.ts';
import { DTLS_1_2 } from './record.ts';
import * as messages from './server-messages.ts';

export interface DtlsServerOptions {
  readonly certificate: {
    readonly der: Buffer;
    /** ECDSA, P-256. */
    readonly privateKey: KeyObject;
  };
  /** What the client's certificate must match; undefined accepts any. */
  readonly remoteFingerprint: Fingerprint | undefined;
  /** In order of preference. */
  readonly profiles: readonly SrtpProfile[];
}

export type HandshakeStep =
  'client-hello' | 'certificate' | 'client-key-exchange' | 'certificate-verify' | 'finished' | 'done';

/** What a message of the client led to. */
export type HandshakeResult =
  | { readonly type: 'flight'; readonly messages: readonly HandshakeMessage[] }
  | { readonly type: 'keys'; readonly read: RecordProtection; readonly write: RecordProtection }
  | {
      readonly type: 'done';
      readonly finished: HandshakeMessage;
      readonly send: SrtpKeys;
      readonly receive: SrtpKeys;
    }
  | { readonly type: 'next' };

/** X25519 first: it takes as long as secp256r1, and its keys leave less to get wrong. */
const GROUPS: readonly Group[] = ['x25519', 'secp256r1'];

const RANDOM_LENGTH = 32;

export class ServerHandshake {
  readonly #options: DtlsServerOptions;
  #step: HandshakeStep = 'client-hello';
  #nextNumber = 0;
  /** All messages of both ends so far, whole. */
  #transcript: Buffer[] = [];
  #hello: ClientHello | undefined;
  #profile: SrtpProfile | undefined;
  #randoms: schedule.Randoms | undefined;
  #exchange: KeyExchange | undefined;
  #clientKey: KeyObject | undefined;
  #masterSecret: Buffer | undefined;

  constructor(options: DtlsServerOptions) {
    this.#options = options;
  }

  get step(): HandshakeStep {
    return this.#step;
  }

  /**
   * Takes the client's next whole message. Throws MalformedMessageError, which leaves everything as it was, or
   * HandshakeRefusedError, after which nothing more may come.
   */
  handle(message: HandshakeMessage): HandshakeResult {
    switch (this.#step) {
      case 'client-hello':
        return this.#handleClientHello(expect(message, HANDSHAKE.clientHello));
      case 'certificate':
        this.#clientKey = readClientCertificate(
          expect(message, HANDSHAKE.certificate).body,
          this.#options.remoteFingerprint,
        );
        this.#advance('client-key-exchange', message);
        return { type: 'next' };
      case 'client-key-exchange':
        return this.#handleClientKeyExchange(expect(message, HANDSHAKE.clientKeyExchange));
      case 'certificate-verify': {
        const { body } = expect(message, HANDSHAKE.certificateVerify);
        checkCertificateVerify(body, defined(this.#clientKey), this.#transcript);
        this.#advance('finished', message);
        return { type: 'next' };
      }
      case 'finished':
        return this.#handleFinished(expect(message, HANDSHAKE.finished));
      case 'done':
        throw new MalformedMessageError('the handshake is over');
    }
  }

  #handleClientHello(message: HandshakeMessage): HandshakeResult {
    const hello = readClientHello(message.body);
    const { group, profile } = this.#agree(hello);
    const randoms = { client: hello.random, server: randomBytes(RANDOM_LENGTH) };
    const exchange = new KeyExchange(group);
    const { der, privateKey } = this.#options.certificate;
    this.#hello = hello;
    this.#profile = profile;
    this.#randoms = randoms;
    this.#exchange = exchange;
    this.#advance('certificate', message);
    const flight = [
      this.#message(
        HANDSHAKE.serverHello,
        messages.serverHello({
          random: randoms.server,
          srtpProfileId: SRTP_PROFILE_PARAMETERS[profile].id,
          extendedMasterSecret: hello.extendedMasterSecret,
          pointFormats: hello.pointFormats !== undefined,
          renegotiation: hello.renegotiation !== undefined,
        }),
      ),
      this.#message(HANDSHAKE.certificate, messages.certificateMessage(der)),
      this.#message(HANDSHAKE.serverKeyExchange, messages.serverKeyExchange(exchange, randoms, privateKey)),
      this.#message(HANDSHAKE.certificateRequest, messages.certificateRequest()),
      this.#message(HANDSHAKE.serverHelloDone, Buffer.alloc(0)),
    ];
    return { type: 'flight', messages: flight };
  }

  /** Finds what both ends can do; throws HandshakeRefusedError. */
  #agree(hello: ClientHello): { group: Group; profile: SrtpProfile } {
    // Versions count downwards: a larger number is an older one.
    if (hello.version > DTLS_1_2) throw new HandshakeRefusedError('no DTLS 1.2', ALERT.protocolVersion);
    if (!hello.cipherSuites.includes(messages.CIPHER_SUITE)) throw noCommon('cipher suite');
    // Without the extension a client knows SHA-1 only (RFC 5246, section 7.4.1.4.1), which nobody should sign with.
    if (!hello.signatureSchemes?.includes(messages.SIGNATURE_SCHEME.ecdsaSha256))
      throw noCommon('signature scheme');
    if (hello.pointFormats?.includes(0) === false) throw noCommon('point format');
    // Without the extension the choice is the server's (RFC 8422, section 4).
    const group = hello.groups ? GROUPS.find((name) => hello.groups?.includes(GROUP[name])) : 'secp256r1';
    if (!group) throw noCommon('group');
    const profile = this.#options.profiles.find((name) =>
      hello.srtpProfileIds?.includes(SRTP_PROFILE_PARAMETERS[name].id),
    );
    if (!profile) throw noCommon('SRTP profile');
    // RFC 5746, section 3.6.
    if (hello.renegotiation && hello.renegotiation.length > 0)
      throw new HandshakeRefusedError('a renegotiation without a first handshake', ALERT.handshakeFailure);
    return { group, profile };
  }

  /** RFC 8422, section 5.7. */
  #handleClientKeyExchange(message: HandshakeMessage): HandshakeResult {
    const reader = new ByteReader(message.body, 'the ClientKeyExchange');
    const publicKey = reader.vector8();
    reader.expectEnd();
    const preMasterSecret = defined(this.#exchange).sharedSecret(publicKey);
    this.#advance('certificate-verify', message);
    const randoms = defined(this.#randoms);
    this.#masterSecret = defined(this.#hello).extendedMasterSecret
      ? schedule.extendedMasterSecret(preMasterSecret, this.#transcript)
      : schedule.plainMasterSecret(preMasterSecret, randoms);
    const { client, server } = schedule.recordKeys(this.#masterSecret, randoms);
    return { type: 'keys', read: client, write: server };
  }

  #handleFinished(message: HandshakeMessage): HandshakeResult {
    const masterSecret = defined(this.#masterSecret);
    const expected = schedule.verifyData(masterSecret, 'client', this.#transcript);
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected))
      throw new HandshakeRefusedError('the handshake was altered on its way', ALERT.decryptError);
    this.#advance('done', message);
    const verifyData = schedule.verifyData(masterSecret, 'server', this.#transcript);
    const finished = this.#message(HANDSHAKE.finished, verifyData);
    const keys = schedule.srtpKeys(masterSecret, defined(this.#randoms), defined(this.#profile));
    this.#forget();
    return { type: 'done', finished, send: keys.server, receive: keys.client };
  }

  #advance(step: HandshakeStep, message: HandshakeMessage): void {
    this.#transcript.push(writeMessage(message));
    this.#step = step;
  }

  /** A message of ours, numbered and entered in the transcript. */
  #message(type: number, body: Buffer): HandshakeMessage {
    const message = { type, number: this.#nextNumber++, body };
    this.#transcript.push(writeMessage(message));
    return message;
  }

  /** A connection lives for hours: what only the handshake needed goes. */
  #forget(): void {
    this.#transcript = [];
    this.#hello = undefined;
    this.#randoms = undefined;
    this.#exchange = undefined;
    this.#clientKey = undefined;
    this.#masterSecret = undefined;
  }
}

function expect(message: HandshakeMessage, type: number): HandshakeMessage {
  if (message.type !== type)
    throw new MalformedMessageError(`handshake message ${message.type} came instead of ${type}`);
  return message;
}

function noCommon(what: string): HandshakeRefusedError {
  return new HandshakeRefusedError(`no common ${what}`, ALERT.handshakeFailure);
}

/** What an earlier step has set. */
function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of the handshake was left out');
  return value;
}
