// The client's side of one DTLS 1.2 handshake, message by message: offers what this end can do, checks every proof of the
// server, and derives the keys. It knows no records, no datagrams and no time.
import { randomBytes, sign, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SRTP_PROFILE_PARAMETERS, type SrtpProfile } from '../srtp/srtp-profile.ts';
import { ByteReader, uint16s, vector } from './byte-reader.ts';
import { EXTENSION, readExtensions } from './client-hello.ts';
import { clientHello, clientKeyExchange } from './client-messages.ts';
import { ALERT, HandshakeRefusedError, MalformedMessageError } from './dtls-errors.ts';
import {
  defined,
  expect,
  GROUPS,
  type DtlsOptions,
  type Handshake,
  type HandshakeResult,
} from './handshake.ts';
import { HANDSHAKE, type HandshakeMessage } from './handshake-message.ts';
import { GROUP, KeyExchange } from './key-exchange.ts';
import * as schedule from './key-schedule.ts';
import { checkSignature, readPeerCertificate } from './peer-authentication.ts';
import { DTLS_1_2 } from './record.ts';
import { certificateMessage } from './server-messages.ts';
import { CIPHER_SUITE, CIPHER_SUITE_NAME, SIGNATURE_SCHEME } from './signature-scheme.ts';
import { Transcript } from './transcript.ts';

type ClientStep =
  | 'server-hello'
  | 'certificate'
  | 'server-key-exchange'
  | 'certificate-request'
  | 'server-hello-done'
  | 'finished'
  | 'done';

/** What the ServerHello chose. */
interface Choice {
  readonly cipherSuite: number;
  readonly profile: SrtpProfile;
  readonly extendedMasterSecret: boolean;
}

const RANDOM_LENGTH = 32;
const NULL_COMPRESSION = 0;
const NAMED_CURVE = 3;
const SUITES: readonly number[] = Object.values(CIPHER_SUITE);
const EXTENSIONS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

export class ClientHandshake implements Handshake {
  readonly #options: DtlsOptions;
  readonly #random = randomBytes(RANDOM_LENGTH);
  #step: ClientStep = 'server-hello';
  /** Without the messages that only a cookie was asked and given in. */
  readonly #transcript = new Transcript();
  #hasCookie = false;
  #choice: Choice | undefined;
  #randoms: schedule.Randoms | undefined;
  #serverKey: KeyObject | undefined;
  #exchange: KeyExchange | undefined;
  #preMasterSecret: Buffer | undefined;
  #certificateRequested = false;
  #masterSecret: Buffer | undefined;

  constructor(options: DtlsOptions) {
    this.#options = options;
  }

  get step(): ClientStep {
    return this.#step;
  }

  get isDone(): boolean {
    return this.#step === 'done';
  }

  begin(): HandshakeResult {
    return this.#hello(Buffer.alloc(0));
  }

  isAskedAgainBy(type: number): boolean {
    if (this.#step === 'server-hello') return type === HANDSHAKE.helloVerifyRequest;
    return this.#step === 'finished' && type === HANDSHAKE.serverHelloDone;
  }

  handle(message: HandshakeMessage): HandshakeResult {
    switch (this.#step) {
      case 'server-hello':
        if (message.type === HANDSHAKE.helloVerifyRequest) return this.#handleVerifyRequest(message);
        return this.#handleServerHello(expect(message, HANDSHAKE.serverHello));
      case 'certificate':
        return this.#handleCertificate(expect(message, HANDSHAKE.certificate));
      case 'server-key-exchange':
        return this.#handleServerKeyExchange(expect(message, HANDSHAKE.serverKeyExchange));
      case 'certificate-request':
        if (message.type === HANDSHAKE.serverHelloDone) return this.#handleServerHelloDone(message);
        this.#certificateRequested = expect(message, HANDSHAKE.certificateRequest) === message;
        return this.#advance('server-hello-done', message);
      case 'server-hello-done':
        return this.#handleServerHelloDone(expect(message, HANDSHAKE.serverHelloDone));
      case 'finished':
        return this.#handleFinished(expect(message, HANDSHAKE.finished));
      case 'done':
        throw new MalformedMessageError('the handshake is over');
    }
  }

  #hello(cookie: Buffer): HandshakeResult {
    const body = clientHello({
      random: this.#random,
      cookie,
      cipherSuites: SUITES,
      groups: GROUPS,
      signatureSchemes: Object.values(SIGNATURE_SCHEME),
      srtpProfileIds: this.#options.profiles.map((profile) => SRTP_PROFILE_PARAMETERS[profile].id),
    });
    this.#transcript.forget();
    return { type: 'flight', messages: [this.#transcript.say(HANDSHAKE.clientHello, body)] };
  }

  /** RFC 6347, section 4.2.1: the same hello once more, with the server's cookie; neither is part of the transcript. */
  #handleVerifyRequest(message: HandshakeMessage): HandshakeResult {
    if (this.#hasCookie) throw new MalformedMessageError('a second HelloVerifyRequest');
    const reader = new ByteReader(message.body, 'the HelloVerifyRequest');
    reader.uint16(); // version, which says nothing (RFC 6347, section 4.2.1)
    const cookie = Buffer.from(reader.vector8());
    reader.expectEnd();
    this.#hasCookie = true;
    return this.#hello(cookie);
  }

  /** RFC 5246, section 7.4.1.3. */
  #handleServerHello(message: HandshakeMessage): HandshakeResult {
    const reader = new ByteReader(message.body, 'the ServerHello');
    const version = reader.uint16();
    if (version !== DTLS_1_2) throw new HandshakeRefusedError('no DTLS 1.2', ALERT.protocolVersion);
    const random = Buffer.from(reader.bytes(RANDOM_LENGTH));
    reader.vector8(); // session id, for a resumption that never comes
    const cipherSuite = reader.uint16();
    if (reader.uint8() !== NULL_COMPRESSION || !SUITES.includes(cipherSuite)) throw notOffered();
    const extensions = reader.isAtEnd
      ? new Map<number, Buffer>()
      : readExtensions(reader.vector16(), "the ServerHello's extensions");
    reader.expectEnd();
    for (const type of extensions.keys())
      if (!EXTENSIONS.has(type)) throw notOffered(ALERT.unsupportedExtension);
    const renegotiation = extensions.get(EXTENSION.renegotiationInfo);
    // RFC 5746, section 3.4: of a first handshake it is an empty vector.
    if (renegotiation && !renegotiation.equals(Buffer.of(0))) throw notOffered();
    this.#choice = {
      cipherSuite,
      profile: this.#chosenProfile(extensions.get(EXTENSION.useSrtp)),
      extendedMasterSecret: extensions.has(EXTENSION.extendedMasterSecret),
    };
    this.#randoms = { client: this.#random, server: random };
    return this.#advance('certificate', message);
  }

  /** RFC 5764, sections 4.1.1 and 4.1.3: exactly one, and no MKI, since none was offered. */
  #chosenProfile(extension: Buffer | undefined): SrtpProfile {
    if (!extension) throw new HandshakeRefusedError('no common SRTP profile', ALERT.handshakeFailure);
    const reader = new ByteReader(extension, 'use_srtp');
    const [id, ...others] = reader.uint16List();
    const mki = reader.vector8();
    reader.expectEnd();
    const profile = this.#options.profiles.find((name) => SRTP_PROFILE_PARAMETERS[name].id === id);
    if (!profile || others.length > 0 || mki.length > 0) throw notOffered();
    return profile;
  }

  #handleCertificate(message: HandshakeMessage): HandshakeResult {
    const key = readPeerCertificate(message.body, this.#options.remoteFingerprint);
    const isEcdsa = defined(this.#choice).cipherSuite === CIPHER_SUITE.ecdheEcdsa;
    if ((key.asymmetricKeyType === 'ec') !== isEcdsa)
      throw new HandshakeRefusedError(
        "the peer's certificate does not go with the cipher suite",
        ALERT.illegalParameter,
      );
    this.#serverKey = key;
    return this.#advance('server-key-exchange', message);
  }

  /** RFC 8422, section 5.4: the server's key of this handshake, signed with that of its certificate. */
  #handleServerKeyExchange(message: HandshakeMessage): HandshakeResult {
    const reader = new ByteReader(message.body, 'the ServerKeyExchange');
    const curveType = reader.uint8();
    const groupId = reader.uint16();
    const publicKey = Buffer.from(reader.vector8());
    const parameters = message.body.subarray(0, 4 + publicKey.length);
    const { client, server } = defined(this.#randoms);
    checkSignature(reader, defined(this.#serverKey), Buffer.concat([client, server, parameters]));
    const group = GROUPS.find((name) => GROUP[name] === groupId);
    if (curveType !== NAMED_CURVE || !group) throw notOffered();
    this.#exchange = new KeyExchange(group);
    this.#preMasterSecret = secretWith(this.#exchange, publicKey);
    return this.#advance('certificate-request', message);
  }

  #handleServerHelloDone(message: HandshakeMessage): HandshakeResult {
    const exchange = defined(this.#exchange);
    const preMasterSecret = defined(this.#preMasterSecret);
    this.#advance('finished', message);
    const { der, privateKey } = this.#options.certificate;
    const messages: HandshakeMessage[] = [];
    if (this.#certificateRequested)
      messages.push(this.#transcript.say(HANDSHAKE.certificate, certificateMessage(der)));
    messages.push(this.#transcript.say(HANDSHAKE.clientKeyExchange, clientKeyExchange(exchange.publicKey)));
    const randoms = defined(this.#randoms);
    const masterSecret = defined(this.#choice).extendedMasterSecret
      ? schedule.extendedMasterSecret(preMasterSecret, this.#transcript.messages)
      : schedule.plainMasterSecret(preMasterSecret, randoms);
    this.#masterSecret = masterSecret;
    if (this.#certificateRequested) {
      const signature = sign('sha256', Buffer.concat(this.#transcript.messages), privateKey);
      const body = Buffer.concat([uint16s(SIGNATURE_SCHEME.ecdsaSha256), vector(2, signature)]);
      messages.push(this.#transcript.say(HANDSHAKE.certificateVerify, body));
    }
    const { client, server } = schedule.recordKeys(masterSecret, randoms);
    const finished = this.#transcript.say(
      HANDSHAKE.finished,
      schedule.verifyData(masterSecret, 'client', this.#transcript.messages),
    );
    return { type: 'keys', read: server, write: client, flight: { messages, finished } };
  }

  #handleFinished(message: HandshakeMessage): HandshakeResult {
    const masterSecret = defined(this.#masterSecret);
    const expected = schedule.verifyData(masterSecret, 'server', this.#transcript.messages);
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected))
      throw new HandshakeRefusedError('the handshake was altered on its way', ALERT.decryptError);
    const { profile, cipherSuite } = defined(this.#choice);
    const keys = schedule.srtpKeys(masterSecret, defined(this.#randoms), profile);
    this.#advance('done', message);
    this.#forget();
    return {
      type: 'done',
      send: keys.client,
      receive: keys.server,
      cipherSuite: CIPHER_SUITE_NAME[cipherSuite],
    };
  }

  #advance(step: ClientStep, message: HandshakeMessage): HandshakeResult {
    this.#transcript.heard(message);
    this.#step = step;
    return { type: 'next' };
  }

  /** A connection lives for hours: what only the handshake needed goes. */
  #forget(): void {
    this.#transcript.forget();
    this.#choice = undefined;
    this.#randoms = undefined;
    this.#serverKey = undefined;
    this.#exchange = undefined;
    this.#preMasterSecret = undefined;
    this.#masterSecret = undefined;
  }
}

function notOffered(alert: number = ALERT.illegalParameter): HandshakeRefusedError {
  return new HandshakeRefusedError('the peer chose what was not offered', alert);
}

/** What the server has signed is what it means: a key that is none of the group ends the handshake. */
function secretWith(exchange: KeyExchange, publicKey: Buffer): Buffer {
  try {
    return exchange.sharedSecret(publicKey);
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
    throw new HandshakeRefusedError(error.message, ALERT.illegalParameter);
  }
}
