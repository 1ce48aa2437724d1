// Asks a DTLS server which SRTP profile it would take, by a ClientHello that is never followed up. For whoever judges a
// server from outside; a handshake is begun with it, not made.
import { randomBytes } from 'node:crypto';
import { ByteReader } from './byte-reader.ts';
import { EXTENSION } from './client-hello.ts';
import { clientHello } from './client-messages.ts';
import { MalformedMessageError } from './dtls-errors.ts';
import { HANDSHAKE, readFragments, writeMessage } from './handshake-message.ts';
import { CONTENT, readRecords, writeRecord } from './record.ts';

export interface HelloProbe {
  /** Ids of the SRTP profiles that are offered, and nothing else is (IANA, "DTLS-SRTP Protection Profiles"). */
  readonly profiles: readonly number[];
  /** As the server asked for it; undefined in the first ClientHello. */
  readonly cookie?: Buffer | undefined;
}

export type HelloAnswer =
  /** RFC 6347, section 4.2.1: the same once more, with this cookie. */
  | { readonly type: 'cookie'; readonly cookie: Buffer }
  /** `profile` undefined: no SRTP at all. `version` as on the wire, 0xfefd for DTLS 1.2. */
  | { readonly type: 'hello'; readonly version: number; readonly profile: number | undefined }
  | { readonly type: 'refused'; readonly alert: number };

const RANDOM_LENGTH = 32;

/** ECDHE with ECDSA or RSA and AES-GCM, as browsers offer them (RFC 5289). */
const CIPHER_SUITES = [0xc02b, 0xc02f, 0xc02c, 0xc030];
/** ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256, rsa_pkcs1_sha256 (RFC 8446, section 4.2.3). */
const SIGNATURE_SCHEMES = [0x0403, 0x0804, 0x0401];

/** One datagram. */
export function writeHelloProbe({ profiles, cookie }: HelloProbe): Buffer {
  const body = clientHello({
    random: randomBytes(RANDOM_LENGTH),
    cookie: cookie ?? Buffer.alloc(0),
    cipherSuites: CIPHER_SUITES,
    groups: ['secp256r1', 'x25519'],
    signatureSchemes: SIGNATURE_SCHEMES,
    srtpProfileIds: profiles,
  });
  // The second ClientHello is the second message and the second record of this end.
  const number = cookie === undefined ? 0 : 1;
  const message = writeMessage({ type: HANDSHAKE.clientHello, number, body });
  return writeRecord(CONTENT.handshake, 0, number, message);
}

/** What the server says to it; undefined when the datagram is something else or malformed. */
export function readHelloAnswer(datagram: Buffer): HelloAnswer | undefined {
  try {
    for (const { type, epoch, fragment } of readRecords(datagram)) {
      if (epoch !== 0) continue;
      if (type === CONTENT.alert && fragment.length === 2) return { type: 'refused', alert: fragment[1] };
      if (type !== CONTENT.handshake) continue;
      const answer = readHandshake(fragment);
      if (answer !== undefined) return answer;
    }
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
  }
  return undefined;
}

function readHandshake(content: Buffer): HelloAnswer | undefined {
  for (const { type, length, offset, bytes } of readFragments(content)) {
    // Both are shorter than the smallest path MTU, so that no server has a reason to fragment them.
    if (offset !== 0 || bytes.length !== length) continue;
    const reader = new ByteReader(bytes, "the server's answer");
    const version = reader.uint16();
    if (type === HANDSHAKE.helloVerifyRequest)
      return { type: 'cookie', cookie: Buffer.from(reader.vector8()) };
    if (type === HANDSHAKE.serverHello) return { type: 'hello', version, profile: chosenProfile(reader) };
  }
  return undefined;
}

/** @param reader behind the version of a ServerHello */
function chosenProfile(reader: ByteReader): number | undefined {
  reader.bytes(RANDOM_LENGTH);
  reader.vector8();
  reader.uint16();
  reader.uint8();
  if (reader.isAtEnd) return undefined;
  const extensions = new ByteReader(reader.vector16(), "the ServerHello's extensions");
  while (!extensions.isAtEnd) {
    const type = extensions.uint16();
    const content = extensions.vector16();
    if (type === EXTENSION.useSrtp) return new ByteReader(content, 'use_srtp').uint16List()[0];
  }
  return undefined;
}
