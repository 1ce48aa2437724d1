// The server's side of one DTLS 1.2 handshake, message by message: decides what is taken of the client's offer, checks
// every proof, and derives the keys. It knows no records, no datagrams and no time.
import { randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SRTP_PROFILE_PARAMETERS, type SrtpProfile } from '../srtp/srtp-profile.ts';
import { ByteReader } from './byte-reader.ts';
import { readClientHello, type ClientHello } from './client-hello.ts';
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
import { GROUP, KeyExchange, type Group } from './key-exchange.ts';
import * as schedule from './key-schedule.ts';
import { checkCertificateVerify, readPeerCertificate } from './peer-authentication.ts';
import { DTLS_1_2 } from './record.ts';
import * as messages from './server-messages.ts';
import { CIPHER_SUITE, CIPHER_SUITE_NAME, SIGNATURE_SCHEME } from './signature-scheme.ts';
import { Transcript } from './transcript.ts';

type ServerStep =
  'client-hello' | 'certificate' | 'client-key-exchange' | 'certificate-verify' | 'finished' | 'done';

const RANDOM_LENGTH = 32;

export class ServerHandshake implements Handshake {
  readonly #options: DtlsOptions;
  #step: ServerStep = 'client-hello';
  readonly #transcript = new Transcript();
  #hello: ClientHello | undefined;
  #profile: SrtpProfile | undefined;
  #randoms: schedule.Randoms | undefined;
  #exchange: KeyExchange | undefined;
  #clientKey: KeyObject | undefined;
  #masterSecret: Buffer | undefined;

  constructor(options: DtlsOptions) {
    this.#options = options;
  }

  get step(): ServerStep {
    return this.#step;
  }

  get isDone(): boolean {
    return this.#step === 'done';
  }

  /** The client speaks first. */
  begin(): undefined {
    return undefined;
  }

  isAskedAgainBy(type: number): boolean {
    return this.isDone ? type === HANDSHAKE.finished : this.#step === 'certificate';
  }

  handle(message: HandshakeMessage): HandshakeResult {
    switch (this.#step) {
      case 'client-hello':
        return this.#handleClientHello(expect(message, HANDSHAKE.clientHello));
      case 'certificate':
        this.#clientKey = readPeerCertificate(
          expect(message, HANDSHAKE.certificate).body,
          this.#options.remoteFingerprint,
        );
        this.#advance('client-key-exchange', message);
        return { type: 'next' };
      case 'client-key-exchange':
        return this.#handleClientKeyExchange(expect(message, HANDSHAKE.clientKeyExchange));
      case 'certificate-verify': {
        const { body } = expect(message, HANDSHAKE.certificateVerify);
        checkCertificateVerify(body, defined(this.#clientKey), this.#transcript.messages);
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
      this.#transcript.say(
        HANDSHAKE.serverHello,
        messages.serverHello({
          random: randoms.server,
          srtpProfileId: SRTP_PROFILE_PARAMETERS[profile].id,
          extendedMasterSecret: hello.extendedMasterSecret,
          pointFormats: hello.pointFormats !== undefined,
          renegotiation: hello.renegotiation !== undefined,
        }),
      ),
      this.#transcript.say(HANDSHAKE.certificate, messages.certificateMessage(der)),
      this.#transcript.say(
        HANDSHAKE.serverKeyExchange,
        messages.serverKeyExchange(exchange, randoms, privateKey),
      ),
      this.#transcript.say(HANDSHAKE.certificateRequest, messages.certificateRequest()),
      this.#transcript.say(HANDSHAKE.serverHelloDone, Buffer.alloc(0)),
    ];
    return { type: 'flight', messages: flight };
  }

  /** Finds what both ends can do; throws HandshakeRefusedError. */
  #agree(hello: ClientHello): { group: Group; profile: SrtpProfile } {
    // Versions count downwards: a larger number is an older one.
    if (hello.version > DTLS_1_2) throw new HandshakeRefusedError('no DTLS 1.2', ALERT.protocolVersion);
    if (!hello.cipherSuites.includes(CIPHER_SUITE.ecdheEcdsa)) throw noCommon('cipher suite');
    // Without the extension a client knows SHA-1 only (RFC 5246, section 7.4.1.4.1), which nobody should sign with.
    if (!hello.signatureSchemes?.includes(SIGNATURE_SCHEME.ecdsaSha256)) throw noCommon('signature scheme');
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
      ? schedule.extendedMasterSecret(preMasterSecret, this.#transcript.messages)
      : schedule.plainMasterSecret(preMasterSecret, randoms);
    const { client, server } = schedule.recordKeys(this.#masterSecret, randoms);
    return { type: 'keys', read: client, write: server };
  }

  #handleFinished(message: HandshakeMessage): HandshakeResult {
    const masterSecret = defined(this.#masterSecret);
    const expected = schedule.verifyData(masterSecret, 'client', this.#transcript.messages);
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected))
      throw new HandshakeRefusedError('the handshake was altered on its way', ALERT.decryptError);
    this.#advance('done', message);
    const verifyData = schedule.verifyData(masterSecret, 'server', this.#transcript.messages);
    const finished = this.#transcript.say(HANDSHAKE.finished, verifyData);
    const keys = schedule.srtpKeys(masterSecret, defined(this.#randoms), defined(this.#profile));
    this.#forget();
    return {
      type: 'done',
      finished,
      send: keys.server,
      receive: keys.client,
      cipherSuite: CIPHER_SUITE_NAME[CIPHER_SUITE.ecdheEcdsa],
    };
  }

  #advance(step: ServerStep, message: HandshakeMessage): void {
    this.#transcript.heard(message);
    this.#step = step;
  }

  /** A connection lives for hours: what only the handshake needed goes. */
  #forget(): void {
    this.#transcript.forget();
    this.#hello = undefined;
    this.#randoms = undefined;
    this.#exchange = undefined;
    this.#clientKey = undefined;
    this.#masterSecret = undefined;
  }
}

function noCommon(what: string): HandshakeRefusedError {
  return new HandshakeRefusedError(`no common ${what}`, ALERT.handshakeFailure);
}
