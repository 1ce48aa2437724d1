// One DTLS 1.2 handshake as the server, over datagrams that somebody else moves: the narrow interface behind which
// werift's engine can be replaced. What the engine leaves unchecked is checked here before any key is used: that the
// certificate is the one the SDP promised, that the peer holds its private key, and that the handshake was not altered.
import { createHash, createHmac, createVerify, timingSafeEqual, X509Certificate } from 'node:crypto';
import { DtlsServer, type DtlsSocket } from 'werift';
import { SRTP_PROFILE_PARAMETERS, type SrtpKeys, type SrtpProfile } from '@parley/rtc';
import type { DtlsCertificate } from './certificate.ts';

export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

/** A certificate fingerprint as SDP carries it (RFC 8122, section 5): `sha-256` and hex pairs with colons. */
export interface Fingerprint {
  readonly algorithm: string;
  readonly value: string;
}

export interface DtlsSessionOptions {
  readonly certificate: DtlsCertificate;
  /** What the peer's certificate must match; undefined accepts any, for SDP that carries none. */
  readonly remoteFingerprint: Fingerprint | undefined;
  send(datagram: Buffer): void;
  onState(state: DtlsState, reason?: string): void;
  onKeys(send: SrtpKeys, receive: SrtpKeys): void;
}

/** In order of preference; the ids are those of the IANA registry of DTLS-SRTP protection profiles. */
const PROFILES: readonly SrtpProfile[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'];

/** RFC 6347, section 4.1: type, version, epoch, sequence number, length. */
const RECORD_HEADER_LENGTH = 13;
const EPOCH_OFFSET = 3;
const SEQUENCE_OFFSET = 5;
const LENGTH_OFFSET = 11;

/** RFC 5246, section 6.2.1: content types. */
const ALERT = 21;
const HANDSHAKE = 22;

/** RFC 5246, section 7.2. */
const WARNING = 1;
const FATAL = 2;
const CLOSE_NOTIFY = 0;

/** RFC 5246, section 7.4: handshake types. */
const CERTIFICATE_VERIFY = 15;
const FINISHED = 20;

/** RFC 6347, section 4.2.2: type, length, message sequence number, fragment offset, fragment length. */
const MESSAGE_HEADER_LENGTH = 12;
const MESSAGE_LENGTH_OFFSET = 1;
const FRAGMENT_LENGTH_OFFSET = 9;

/** The engine makes room for what a fragment claims. A browser's largest message, its Certificate, has some 400 bytes. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** The engine keeps fragments until a message is whole. Thirty flights of a browser's, repetitions and all. */
const MAX_HANDSHAKE_BYTES = 64 * 1024;
/** Of the peer's Finished, once connected, because our answer to it may have been lost. */
const MAX_REPETITIONS = 16;

const HASH_NAMES: Record<number, string> = { 4: 'sha256', 5: 'sha384', 6: 'sha512' };

export class DtlsSession {
  readonly #options: DtlsSessionOptions;
  readonly #socket: DtlsServer;
  readonly #transport: DtlsSocket['options']['transport'];
  #state: DtlsState = 'new';
  #handshakeBytes = 0;
  #repetitions = 0;

  constructor(options: DtlsSessionOptions) {
    this.#options = options;
    const profiles = PROFILES.map((profile) => SRTP_PROFILE_PARAMETERS[profile].id) as NonNullable<
      DtlsSocket['options']['srtpProfiles']
    >;
    this.#transport = {
      type: 'udp',
      address: { address: '0.0.0.0', port: 0, family: 'IPv4' },
      closed: false,
      onData: () => {},
      send: async (datagram: Buffer) => {
        if (this.#state !== 'closed') options.send(datagram);
      },
      close: async () => {},
    };
    this.#socket = new DtlsServer({
      transport: this.#transport,
      srtpProfiles: profiles,
      cert: options.certificate.certPem,
      key: options.certificate.keyPem,
      signatureHash: options.certificate.signatureHash,
      certificateRequest: true,
      extendedMasterSecret: true,
    });
    this.#socket.onConnect.subscribe(() => this.#finish());
    this.#socket.onError.subscribe((error) =>
      this.#fail(error instanceof Error ? error.message : String(error)),
    );
    this.#socket.onClose.subscribe(() => this.#setState('closed'));
  }

  get state(): DtlsState {
    return this.#state;
  }

  /** Takes one datagram of the peer. Never throws: what makes no sense is dropped. */
  handleDatagram(datagram: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    if (this.#state === 'new') this.#setState('connecting');
    for (const record of recordsOf(datagram)) this.#handleRecord(record);
  }

  /** Says goodbye to a connected peer (RFC 5246, section 7.2.1), so that it need not wait for a timeout. Idempotent. */
  close(): void {
    if (this.#state === 'connected') {
      const sequenceNumber = ++this.#socket.dtls.recordSequenceNumber;
      this.#options.send(protectedAlert(this.#socket, sequenceNumber));
    }
    this.#setState('closed');
  }

  #handleRecord(record: Buffer): void {
    const type = record[0];
    const isProtected = record.readUInt16BE(EPOCH_OFFSET) > 0;
    if (type === ALERT) {
      // An alert in the clear could be anybody's; a handshake that cannot go on ends by its deadline.
      if (isProtected && this.#state === 'connected') this.#handleAlert(record);
      return;
    }
    // Once connected, nothing in the clear counts: a forged ClientHello would begin the handshake anew.
    if (this.#state === 'connected' && !(isProtected && type === HANDSHAKE)) return;
    if (this.#state === 'connected' && ++this.#repetitions > MAX_REPETITIONS) return;
    if (!isProtected && type === HANDSHAKE && !claimsLittle(record)) return;
    this.#handshakeBytes += record.length;
    if (this.#handshakeBytes > MAX_HANDSHAKE_BYTES)
      return this.#fail('the handshake does not come to an end');
    try {
      this.#transport.onData(record, ['0.0.0.0', 0]);
    } catch (error) {
      this.#fail(`bad DTLS record: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #handleAlert(record: Buffer): void {
    const alert = this.#decrypt(record);
    if (alert && (alert[0] === FATAL || alert[1] === CLOSE_NOTIFY)) this.#setState('closed');
  }

  /** The clear content of a protected record, or undefined when it is not the peer's. */
  #decrypt(record: Buffer): Buffer | undefined {
    const header = {
      contentType: record[0],
      protocolVersion: { major: record[1], minor: record[2] },
      epoch: record.readUInt16BE(EPOCH_OFFSET),
      sequenceNumber: record.readUIntBE(SEQUENCE_OFFSET, 6),
      contentLen: record.length - RECORD_HEADER_LENGTH,
    };
    const plaintext = { recordLayerHeader: header, fragment: record.subarray(RECORD_HEADER_LENGTH) };
    try {
      return this.#socket.cipher.decryptPacket(
        plaintext as Parameters<DtlsSocket['cipher']['decryptPacket']>[0],
      );
    } catch {
      // Forged or damaged: as if it had never come.
      return undefined;
    }
  }

  #finish(): void {
    if (this.#state !== 'connecting') return;
    const problem = this.#problemWithPeer();
    if (problem !== undefined) return this.#fail(problem);
    const profile = PROFILES.find(
      (name) => SRTP_PROFILE_PARAMETERS[name].id === this.#socket.srtp.srtpProfile,
    );
    if (!profile) return this.#fail('no common SRTP profile');
    const { masterKeyLength, masterSaltLength } = SRTP_PROFILE_PARAMETERS[profile];
    const keys = this.#socket.extractSessionKeys(masterKeyLength, masterSaltLength);
    this.#options.onKeys(
      { profile, masterKey: keys.localKey as Buffer, masterSalt: keys.localSalt as Buffer },
      { profile, masterKey: keys.remoteKey as Buffer, masterSalt: keys.remoteSalt as Buffer },
    );
    this.#setState('connected');
  }

  #problemWithPeer(): string | undefined {
    const der = this.#socket.remoteCertificate;
    if (!der) return 'the peer sent no certificate';
    const expected = this.#options.remoteFingerprint;
    if (expected && !fingerprintMatches(der, expected))
      return "the certificate does not match the SDP's fingerprint";

    const messages = this.#socket.dtls.sortedHandshakeCache;
    const verify = messages.findIndex((message) => message.msg_type === CERTIFICATE_VERIFY);
    const finished = messages.findIndex((message) => message.msg_type === FINISHED);
    if (verify < 0 || finished < verify) return 'the peer did not prove that the certificate is its own';
    const transcript = (end: number) =>
      Buffer.concat(messages.slice(0, end).map((message) => message.serialize()));
    if (!signatureIsValid(messages[verify].fragment, transcript(verify), der)) {
      return 'the peer does not hold the key of its certificate';
    }
    const expectedFinished = clientVerifyData(this.#socket.cipher.masterSecret, transcript(finished));
    const actualFinished = messages[finished].fragment;
    if (
      actualFinished.length !== expectedFinished.length ||
      !timingSafeEqual(actualFinished, expectedFinished)
    ) {
      return 'the handshake was altered on its way';
    }
    return undefined;
  }

  #fail(reason: string): void {
    if (this.#state === 'connecting' || this.#state === 'new') this.#setState('failed', reason);
  }

  #setState(state: DtlsState, reason?: string): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#options.onState(state, reason);
  }
}

/** The whole records of a datagram (RFC 6347, section 4.1.1); what is cut short at its end is left out. */
function* recordsOf(datagram: Buffer): Generator<Buffer> {
  let start = 0;
  while (start + RECORD_HEADER_LENGTH <= datagram.length) {
    const end = start + RECORD_HEADER_LENGTH + datagram.readUInt16BE(start + LENGTH_OFFSET);
    if (end > datagram.length) return;
    yield datagram.subarray(start, end);
    start = end;
  }
}

/** Whether the messages of a clear handshake record are no longer than any of a browser's. */
function claimsLittle(record: Buffer): boolean {
  let at = RECORD_HEADER_LENGTH;
  while (at + MESSAGE_HEADER_LENGTH <= record.length) {
    if (record.readUIntBE(at + MESSAGE_LENGTH_OFFSET, 3) > MAX_MESSAGE_BYTES) return false;
    at += MESSAGE_HEADER_LENGTH + record.readUIntBE(at + FRAGMENT_LENGTH_OFFSET, 3);
  }
  return true;
}

/** A close_notify under the keys of `socket`, as a whole record of epoch 1. */
export function protectedAlert(socket: DtlsSocket, sequenceNumber: number): Buffer {
  const header = {
    contentType: ALERT,
    protocolVersion: { major: 0xfe, minor: 0xfd },
    epoch: 1,
    sequenceNumber,
  };
  const { fragment } = socket.cipher.encryptPacket({
    recordLayerHeader: { ...header, contentLen: 2 },
    fragment: Buffer.from([WARNING, CLOSE_NOTIFY]),
  } as Parameters<DtlsSocket['cipher']['encryptPacket']>[0]);
  const record = Buffer.alloc(RECORD_HEADER_LENGTH + fragment.length);
  record.set([ALERT, 0xfe, 0xfd]);
  record.writeUInt16BE(1, EPOCH_OFFSET);
  record.writeUIntBE(sequenceNumber, SEQUENCE_OFFSET, 6);
  record.writeUInt16BE(fragment.length, LENGTH_OFFSET);
  fragment.copy(record, RECORD_HEADER_LENGTH);
  return record;
}

/** RFC 8122, section 5: the hash is over the certificate's DER form. */
function fingerprintMatches(der: Buffer, expected: Fingerprint): boolean {
  const algorithm = expected.algorithm.toLowerCase().replace('-', '');
  if (!['sha256', 'sha384', 'sha512'].includes(algorithm)) return false;
  const digest = createHash(algorithm).update(der).digest();
  const promised = Buffer.from(expected.value.replaceAll(':', ''), 'hex');
  return promised.length === digest.length && timingSafeEqual(promised, digest);
}

/** RFC 5246, section 7.4.8: algorithm (hash, signature), length, signature over all handshake messages so far. */
function signatureIsValid(certificateVerify: Buffer, transcript: Buffer, der: Buffer): boolean {
  if (certificateVerify.length < 4) return false;
  const hash = HASH_NAMES[certificateVerify[0]];
  const signature = certificateVerify.subarray(4, 4 + certificateVerify.readUInt16BE(2));
  if (!hash || signature.length === 0) return false;
  try {
    const { publicKey } = new X509Certificate(der);
    return createVerify(hash).update(transcript).verify(publicKey, signature);
  } catch {
    // A certificate or key that OpenSSL cannot read proves nothing.
    return false;
  }
}

/** RFC 5246, section 7.4.9: PRF(master_secret, "client finished", Hash(handshake_messages))[0..11], with SHA-256. */
function clientVerifyData(masterSecret: Buffer, transcript: Buffer): Buffer {
  const seed = Buffer.concat([
    Buffer.from('client finished'),
    createHash('sha256').update(transcript).digest(),
  ]);
  const a1 = createHmac('sha256', masterSecret).update(seed).digest();
  return createHmac('sha256', masterSecret).update(a1).update(seed).digest().subarray(0, 12);
}
