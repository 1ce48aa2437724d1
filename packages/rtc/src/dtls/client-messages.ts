// The bodies of the messages that only a client sends in a handshake: as asked for, without deciding anything.
import { uint16s, vector } from './byte-reader.ts';
import { EXTENSION } from './client-hello.ts';
import { GROUP, type Group } from './key-exchange.ts';
import { DTLS_1_2 } from './record.ts';

const NULL_COMPRESSION = 0;
const UNCOMPRESSED_POINTS = 0;

export interface ClientHelloContent {
  /** 32 bytes. */
  readonly random: Buffer;
  /** As a HelloVerifyRequest has asked for it; empty at first. */
  readonly cookie: Buffer;
  readonly cipherSuites: readonly number[];
  readonly groups: readonly Group[];
  readonly signatureSchemes: readonly number[];
  /** IANA, "DTLS-SRTP Protection Profiles". */
  readonly srtpProfileIds: readonly number[];
}

/** RFC 5246, section 7.4.1.2, RFC 6347, section 4.2.1. The session id is empty: nothing is resumed. */
export function clientHello(content: ClientHelloContent): Buffer {
  const extension = (type: number, body: Buffer) => Buffer.concat([uint16s(type), vector(2, body)]);
  const extensions = [
    extension(EXTENSION.supportedGroups, vector(2, uint16s(...content.groups.map((name) => GROUP[name])))),
    extension(EXTENSION.pointFormats, vector(1, Buffer.of(UNCOMPRESSED_POINTS))),
    extension(EXTENSION.signatureAlgorithms, vector(2, uint16s(...content.signatureSchemes))),
    extension(
      EXTENSION.useSrtp,
      Buffer.concat([vector(2, uint16s(...content.srtpProfileIds)), Buffer.of(0)]),
    ),
    extension(EXTENSION.extendedMasterSecret, Buffer.alloc(0)),
    extension(EXTENSION.renegotiationInfo, Buffer.of(0)),
  ];
  return Buffer.concat([
    uint16s(DTLS_1_2),
    content.random,
    vector(1, Buffer.alloc(0)),
    vector(1, content.cookie),
    vector(2, uint16s(...content.cipherSuites)),
    vector(1, Buffer.of(NULL_COMPRESSION)),
    vector(2, Buffer.concat(extensions)),
  ]);
}

/** RFC 8422, section 5.7. */
export function clientKeyExchange(publicKey: Buffer): Buffer {
  return vector(1, publicKey);
}
