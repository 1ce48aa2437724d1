// The bodies of the messages that a server sends in a handshake: as asked for, without deciding anything.
import { sign, type KeyObject } from 'node:crypto';
import { uint16s, vector } from './byte-reader.ts';
import { EXTENSION } from './client-hello.ts';
import { GROUP, type KeyExchange } from './key-exchange.ts';
import type { Randoms } from './key-schedule.ts';
import { DTLS_1_2 } from './record.ts';
import { CIPHER_SUITE, SIGNATURE_SCHEME } from './signature-scheme.ts';

const NULL_COMPRESSION = 0;
const UNCOMPRESSED_POINTS = 0;
const NAMED_CURVE = 3;

/** RFC 5246, section 7.4.4, and RFC 8422, section 5.5. */
const CLIENT_CERTIFICATE_TYPE = { rsaSign: 1, ecdsaSign: 64 } as const;

export interface ServerHelloContent {
  readonly random: Buffer;
  readonly srtpProfileId: number;
  /** Which answers to extensions of the client go in. */
  readonly extendedMasterSecret: boolean;
  readonly pointFormats: boolean;
  readonly renegotiation: boolean;
}

/** RFC 5246, section 7.4.1.3. The session id is empty: nothing is resumed. */
export function serverHello(content: ServerHelloContent): Buffer {
  const extensions = [extension(EXTENSION.useSrtp, uint16s(2, content.srtpProfileId), Buffer.of(0))];
  if (content.extendedMasterSecret) extensions.push(extension(EXTENSION.extendedMasterSecret));
  if (content.renegotiation) extensions.push(extension(EXTENSION.renegotiationInfo, Buffer.of(0)));
  if (content.pointFormats)
    extensions.push(extension(EXTENSION.pointFormats, vector(1, Buffer.of(UNCOMPRESSED_POINTS))));
  return Buffer.concat([
    uint16s(DTLS_1_2),
    content.random,
    vector(1, Buffer.alloc(0)),
    uint16s(CIPHER_SUITE.ecdheEcdsa),
    Buffer.of(NULL_COMPRESSION),
    vector(2, Buffer.concat(extensions)),
  ]);
}

/** RFC 5246, section 7.4.2: a chain of one. */
export function certificateMessage(der: Buffer): Buffer {
  return vector(3, vector(3, der));
}

/** RFC 8422, section 5.4; the signature covers both randoms and our public key. */
export function serverKeyExchange(exchange: KeyExchange, randoms: Randoms, privateKey: KeyObject): Buffer {
  const parameters = Buffer.concat([
    Buffer.of(NAMED_CURVE),
    uint16s(GROUP[exchange.group]),
    vector(1, exchange.publicKey),
  ]);
  const signature = sign('sha256', Buffer.concat([randoms.client, randoms.server, parameters]), privateKey);
  return Buffer.concat([parameters, uint16s(SIGNATURE_SCHEME.ecdsaSha256), vector(2, signature)]);
}

/** RFC 5246, section 7.4.4: any issuer, since it is the fingerprint that counts. */
export function certificateRequest(): Buffer {
  return Buffer.concat([
    vector(1, Buffer.of(CLIENT_CERTIFICATE_TYPE.ecdsaSign, CLIENT_CERTIFICATE_TYPE.rsaSign)),
    vector(2, uint16s(SIGNATURE_SCHEME.ecdsaSha256, SIGNATURE_SCHEME.rsaPkcs1Sha256)),
    vector(2, Buffer.alloc(0)),
  ]);
}

function extension(type: number, ...content: Buffer[]): Buffer {
  return Buffer.concat([uint16s(type), vector(2, Buffer.concat(content))]);
}
