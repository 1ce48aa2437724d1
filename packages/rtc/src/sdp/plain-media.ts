// Reads what a session description says of plain RTP besides what all descriptions say: where the media goes, by which
// ports, and with which keys. What we agree to is decided in plain-negotiation.ts.
import { isIPv4, isIPv6 } from 'node:net';
import { ipAddressFromBytes, ipAddressToBytes } from '../stun/ip-address.ts';
import { readOffer, type OfferedMedia } from './offer.ts';
import { readCrypto, type SdesCrypto } from './plain-crypto.ts';
import { SdpError } from './sdp-error.ts';

/** Where one line's media goes. */
export interface PlainPlace {
  /** IP literal in its canonical form. */
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
}

export interface PlainMedia {
  readonly described: OfferedMedia;
  /** Undefined when none is named, or not yet: on hold (RFC 3264, section 8.4), or to be learned. */
  readonly place: PlainPlace | undefined;
  /** Whether the peer connects to us, and is to be found where its media comes from (RFC 4145, section 4). */
  readonly comesToUs: boolean;
  /** Those that can be used, in their order. */
  readonly cryptos: readonly SdesCrypto[];
}

/** The discard port: "I have none to name" (RFC 4145, section 4.1). */
const DISCARD_PORT = 9;

/**
 * Reads an offer, or an answer to one of ours.
 * @throws {SdpError} as `readOffer`, for a malformed address or port, and for an address that is not one peer's:
 * multicast, broadcast
 */
export function readPlainMedia(text: string): PlainMedia[] {
  const { media } = readOffer(text);
  const [session, ...sections] = sectionsOf(text);
  return media.map((described, index) => {
    const lines = sections[index];
    const { type, port, transport } = described;
    const comesToUs =
      transport.setup === 'active' ||
      port === DISCARD_PORT ||
      [...lines, ...session].includes('a=direction:active');
    // What is refused names nothing, and what is learned is not read.
    const isNamed = (type === 'audio' || type === 'video') && port !== 0 && !comesToUs;
    const address = isNamed ? usable(readConnection(lines) ?? readConnection(session)) : undefined;
    return {
      described,
      place: address === undefined ? undefined : { address, port, rtcpPort: readRtcpPort(lines, described) },
      comesToUs,
      cryptos: valuesOf(lines, 'crypto').flatMap((value) => readCrypto(value) ?? []),
    };
  });
}

/** The lines of the session, then those of each m-line. */
function sectionsOf(text: string): [string[], ...string[][]] {
  const sections: [string[], ...string[][]] = [[]];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('m=')) sections.push([]);
    sections[sections.length - 1].push(line.trimEnd());
  }
  return sections;
}

function valuesOf(lines: readonly string[], attribute: string): string[] {
  const prefix = `a=${attribute}:`;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

/** The canonical address of a section's c-line. Names are refused: whoever resolves them decides where media goes. */
function readConnection(lines: readonly string[]): string | undefined {
  const line = lines.find((line) => line.startsWith('c='));
  if (line === undefined) return undefined;
  const [, version, address] = /^c=IN IP([46]) ([0-9A-Fa-f:.]{2,45})(?:\/.*)?$/.exec(line) ?? [];
  if (address === undefined || !(version === '4' ? isIPv4(address) : isIPv6(address)))
    throw SdpError.malformed('the address of a c-line, which must be an IP literal');
  return ipAddressFromBytes(ipAddressToBytes(address));
}

/** @throws {SdpError} for none, and for one that reaches more than one peer */
function usable(address: string | undefined): string | undefined {
  if (address === undefined) throw SdpError.malformed('no c-line says where media goes');
  const bytes = ipAddressToBytes(address);
  if (bytes.every((byte) => byte === 0)) return undefined;
  const many = bytes.length === 4 ? bytes[0] >= 224 : bytes[0] === 0xff;
  if (many) throw SdpError.mismatch('media is sent to one peer, not to a multicast or broadcast address');
  return address;
}

/** RFC 3605; by default the port after that of RTP (RFC 3550, section 11). Another address for RTCP is not followed. */
function readRtcpPort(lines: readonly string[], { port, rtcpMux }: OfferedMedia): number {
  if (rtcpMux) return port;
  const [value] = valuesOf(lines, 'rtcp');
  if (value === undefined) {
    if (port === 65_535) throw SdpError.malformed('no port is left for RTCP');
    return port + 1;
  }
  const rtcpPort = Number(/^(\d{1,5})(?: .*)?$/.exec(value)?.[1]);
  if (!(rtcpPort >= 1 && rtcpPort <= 65_535)) throw SdpError.malformed('the port of a=rtcp');
  return rtcpPort;
}
