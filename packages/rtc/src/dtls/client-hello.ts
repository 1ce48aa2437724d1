// What a ClientHello offers (RFC 5246, section 7.4.1.2, RFC 6347, section 4.2.1). What of it is taken is decided elsewhere.
import { ByteReader } from './byte-reader.ts';
import { MalformedMessageError } from './dtls-errors.ts';

export interface ClientHello {
  readonly version: number;
  readonly random: Buffer;
  readonly cipherSuites: readonly number[];
  /** Undefined where the client sent no such extension. */
  readonly groups: readonly number[] | undefined;
  readonly signatureSchemes: readonly number[] | undefined;
  readonly pointFormats: Buffer | undefined;
  readonly srtpProfileIds: readonly number[] | undefined;
  readonly extendedMasterSecret: boolean;
  /** The `renegotiated_connection` of RFC 5746, section 3.2; empty in a first handshake. */
  readonly renegotiation: Buffer | undefined;
}

/** IANA, "TLS ExtensionType Values". */
export const EXTENSION = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const;

/** A cipher suite's number that says the same as an empty renegotiation_info (RFC 5746, section 3.3). */
const RENEGOTIATION_SIGNAL = 0x00ff;

const RANDOM_LENGTH = 32;
const NULL_COMPRESSION = 0;

/** Reads the body of a ClientHello; a session id and a cookie are allowed and ignored. Throws MalformedMessageError. */
export function readClientHello(body: Buffer): ClientHello {
  const reader = new ByteReader(body, 'the ClientHello');
  const version = reader.uint16();
  const random = reader.bytes(RANDOM_LENGTH);
  reader.vector8(); // session id
  reader.vector8(); // cookie
  const cipherSuites = reader.uint16List();
  if (!reader.vector8().includes(NULL_COMPRESSION))
    throw new MalformedMessageError('the ClientHello insists on compression');
  const extensions = reader.isAtEnd
    ? new Map<number, Buffer>()
    : readExtensions(reader.vector16(), "the ClientHello's extensions");
  reader.expectEnd();

  const read = <T>(type: number, parse: (reader: ByteReader) => T): T | undefined => {
    const extension = extensions.get(type);
    if (!extension) return undefined;
    const content = new ByteReader(extension, `extension ${type} of the ClientHello`);
    const value = parse(content);
    content.expectEnd();
    return value;
  };
  const signal = cipherSuites.includes(RENEGOTIATION_SIGNAL) ? Buffer.alloc(0) : undefined;
  return {
    version,
    random,
    cipherSuites,
    groups: read(EXTENSION.supportedGroups, (content) => content.uint16List()),
    signatureSchemes: read(EXTENSION.signatureAlgorithms, (content) => content.uint16List()),
    pointFormats: read(EXTENSION.pointFormats, (content) => content.vector8()),
    srtpProfileIds: read(EXTENSION.useSrtp, (content) => {
      const ids = content.uint16List();
      content.vector8(); // an MKI, which a server may leave unused (RFC 5764, section 4.1.3)
      return ids;
    }),
    extendedMasterSecret: read(EXTENSION.extendedMasterSecret, () => true) ?? false,
    renegotiation: read(EXTENSION.renegotiationInfo, (content) => content.vector8()) ?? signal,
  };
}

/** By type, out of what follows their length in a hello. `name` goes into errors. Throws MalformedMessageError. */
export function readExtensions(bytes: Buffer, name: string): Map<number, Buffer> {
  const reader = new ByteReader(bytes, name);
  const extensions = new Map<number, Buffer>();
  while (!reader.isAtEnd) {
    const type = reader.uint16();
    if (extensions.has(type)) throw new MalformedMessageError(`extension ${type} comes twice`);
    extensions.set(type, reader.vector16());
  }
  return extensions;
}
