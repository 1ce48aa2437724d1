// Whether the peer is who the SDP promised: its certificate's fingerprint, and the proof that it holds the key.
import { createHash, timingSafeEqual, verify, X509Certificate, type KeyObject } from 'node:crypto';
import type { Fingerprint } from '../sdp/offer.ts';
import { ByteReader } from './byte-reader.ts';
import { ALERT, HandshakeRefusedError } from './dtls-errors.ts';
import { SIGNATURE_SCHEME } from './signature-scheme.ts';

/** RFC 8122, section 5, without the hashes that are broken. */
const FINGERPRINT_HASHES: Readonly<Record<string, string>> = {
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
};

/** Shorter RSA keys prove nothing; longer ones only cost time. In bits. */
const MIN_RSA_BITS = 1024;
const MAX_RSA_BITS = 8192;

/**
 * Reads the body of the peer's Certificate message and returns the public key of its first certificate. Throws
 * MalformedMessageError, or HandshakeRefusedError when there is none, it is not the `expected` one, or its key is of a
 * kind that was not asked for. Without `expected` any certificate will do.
 */
export function readPeerCertificate(body: Buffer, expected: Fingerprint | undefined): KeyObject {
  const reader = new ByteReader(body, "the peer's Certificate message");
  const chain = new ByteReader(reader.vector24(), "the peer's certificate chain");
  reader.expectEnd();
  if (chain.isAtEnd) throw new HandshakeRefusedError('the peer sent no certificate', ALERT.handshakeFailure);
  const der = chain.vector24();
  if (expected && !fingerprintMatches(der, expected))
    throw new HandshakeRefusedError(
      "fingerprint mismatch: the peer's certificate is not the one that its SDP promised",
      ALERT.badCertificate,
    );
  let key: KeyObject;
  try {
    key = new X509Certificate(der).publicKey;
  } catch {
    throw new HandshakeRefusedError("the peer's certificate cannot be read", ALERT.badCertificate);
  }
  if (!isUsable(key))
    throw new HandshakeRefusedError("the peer's certificate has an unusable key", ALERT.badCertificate);
  return key;
}

/**
 * Checks the body of a CertificateVerify (RFC 5246, section 7.4.8) against all handshake messages before it. Throws
 * MalformedMessageError or HandshakeRefusedError.
 */
export function checkCertificateVerify(body: Buffer, key: KeyObject, transcript: readonly Buffer[]): void {
  const reader = new ByteReader(body, 'the CertificateVerify');
  checkSignature(reader, key, Buffer.concat(transcript));
}

/**
 * Reads a signature with its scheme, up to the end, and checks that the key made it of `signed` (RFC 5246, section 4.7).
 * Throws MalformedMessageError or HandshakeRefusedError.
 */
export function checkSignature(reader: ByteReader, key: KeyObject, signed: Buffer): void {
  const scheme = reader.uint16();
  const signature = reader.vector16();
  reader.expectEnd();
  const expected =
    key.asymmetricKeyType === 'ec' ? SIGNATURE_SCHEME.ecdsaSha256 : SIGNATURE_SCHEME.rsaPkcs1Sha256;
  if (scheme !== expected)
    throw new HandshakeRefusedError('the peer signed in a way it was not asked to', ALERT.illegalParameter);
  if (!verify('sha256', signed, key, signature))
    throw new HandshakeRefusedError(
      'the peer does not hold the key of its certificate, or the handshake was altered',
      ALERT.decryptError,
    );
}

function fingerprintMatches(der: Buffer, expected: Fingerprint): boolean {
  const hash = FINGERPRINT_HASHES[expected.algorithm.toLowerCase()];
  if (hash === undefined) return false;
  const digest = createHash(hash).update(der).digest();
  const promised = Buffer.from(expected.value.replaceAll(':', ''), 'hex');
  return promised.length === digest.length && timingSafeEqual(promised, digest);
}

function isUsable(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'ec') return true;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return key.asymmetricKeyType === 'rsa' && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
}
