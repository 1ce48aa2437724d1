// Makes the self-signed ECDSA P-256 certificate of a DTLS endpoint, as browsers make theirs: nobody looks at anything in
// it but its key, since the fingerprint in the SDP vouches for the whole.
import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import {
  derBitString,
  derInteger,
  derObjectIdentifier,
  derSequence,
  derSet,
  derTime,
  derUtf8,
  der,
} from './der.ts';

export interface SelfSignedCertificate {
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  /** SHA-256 over the DER form, upper-case hex pairs with colons (RFC 8122, section 5). */
  readonly fingerprint: string;
}

const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Clocks differ; and no process should outlive its certificate. */
const VALID_BEFORE_MS = DAY_MS;
const VALID_AFTER_MS = 10 * 365 * DAY_MS;

/** RFC 5280, section 4.1. `now`: ms since 1970. */
export function createSelfSignedCertificate(now: number): SelfSignedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = derSequence(derObjectIdentifier(ECDSA_WITH_SHA256));
  const name = derSequence(derSet(derSequence(derObjectIdentifier(COMMON_NAME), derUtf8('WebRTC'))));
  const content = derSequence(
    der(0xa0, derInteger(Buffer.of(2))), // version 3
    derInteger(randomBytes(16)),
    algorithm,
    name,
    derSequence(derTime(new Date(now - VALID_BEFORE_MS)), derTime(new Date(now + VALID_AFTER_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const certificate = derSequence(content, algorithm, derBitString(sign('sha256', content, privateKey)));
  return { der: certificate, privateKey, fingerprint: new X509Certificate(certificate).fingerprint256 };
}
