// ICE candidate lines (RFC 8839, section 5.1) and the priorities of our own. Connectivity checks are elsewhere.
import { isIPv4, isIPv6 } from 'node:net';

export type CandidateTransport = 'udp' | 'tcp';
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';
export type TcpCandidateType = 'active' | 'passive' | 'so';

export interface IceCandidate {
  foundation: string;
  /** 1 RTP (and everything multiplexed with it), 2 RTCP. */
  component: number;
  transport: CandidateTransport;
  priority: number;
  /** An IP address or a name (mDNS `….local`), without brackets. */
  address: string;
  port: number;
  type: CandidateType;
  relatedAddress?: string;
  relatedPort?: number;
  /** RFC 6544; only with `transport: 'tcp'`. */
  tcpType?: TcpCandidateType;
}

const MAX_LENGTH = 512;
const FOUNDATION = /^[A-Za-z0-9+/]{1,32}$/;
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Reads `candidate:…`, with or without the `a=` and `candidate:` before it. Extensions that we do not know are skipped.
 * Returns undefined for everything that is not a usable candidate: empty text (end of candidates), nonsense, other
 * transports than UDP and TCP.
 */
export function parseCandidate(text: string): IceCandidate | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const words = text
    .trim()
    .replace(/^(?:a=)?candidate:/, '')
    .split(/[ \t]+/);
  const [
    foundation = '',
    component = '',
    transport = '',
    priority = '',
    address = '',
    port = '',
    typ,
    type = '',
  ] = words;
  const candidate: IceCandidate = {
    foundation,
    component: wholeNumber(component, 256),
    transport: transport.toLowerCase() as CandidateTransport,
    priority: wholeNumber(priority, 0x7fffffff),
    address,
    port: wholeNumber(port, 65535),
    type: type as CandidateType,
  };
  const extensions = new Map<string, string>();
  for (let i = 8; i + 1 < words.length; i += 2) extensions.set(words[i], words[i + 1]);
  const raddr = extensions.get('raddr');
  const rport = extensions.get('rport');
  if (raddr !== undefined && rport !== undefined) {
    candidate.relatedAddress = raddr;
    candidate.relatedPort = wholeNumber(rport, 65535);
  }
  const tcpType = extensions.get('tcptype');
  if (tcpType !== undefined) candidate.tcpType = tcpType as TcpCandidateType;
  return typ === 'typ' && isValid(candidate) ? candidate : undefined;
}

/**
 * The value of an `a=candidate` attribute, `candidate:` included and `a=` not: what browsers take and give.
 * @throws {TypeError} if a field cannot stand in such a line.
 */
export function writeCandidate(candidate: IceCandidate): string {
  if (!isValid(candidate)) throw new TypeError('Not a valid ICE candidate');
  const { foundation, component, transport, priority, address, port, type } = candidate;
  let text = `candidate:${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}`;
  if (candidate.relatedAddress !== undefined) {
    text += ` raddr ${candidate.relatedAddress} rport ${candidate.relatedPort ?? 0}`;
  }
  if (candidate.tcpType !== undefined) text += ` tcptype ${candidate.tcpType}`;
  return text;
}

export interface HostCandidateOptions {
  component?: number;
  /** 'tcp' gives a passive candidate: we listen, the browser connects. */
  transport?: CandidateTransport;
  /** 0 to 65535; larger is preferred. Addresses of one host should differ (RFC 8445, section 5.1.2.1). */
  localPreference?: number;
}

/** Type preferences: RFC 8445, section 5.1.2.2; TCP is below every UDP type but relayed (RFC 6544, 4.2). */
const HOST_UDP_PREFERENCE = 126;
const REFLEXIVE_PREFERENCE = 100;
const HOST_TCP_PREFERENCE = 90;
/** RFC 6544, section 4.2: direction preference of passive candidates. */
const TCP_PASSIVE_DIRECTION = 4;

/**
 * A host candidate with priority and foundation by RFC 8445, sections 5.1.1.3 and 5.1.2 (RFC 6544 for TCP).
 * @throws {TypeError} if the address or port cannot stand in a candidate line.
 */
export function hostCandidate(
  address: string,
  port: number,
  { component = 1, transport = 'udp', localPreference = 65535 }: HostCandidateOptions = {},
): IceCandidate {
  const typePreference = transport === 'udp' ? HOST_UDP_PREFERENCE : HOST_TCP_PREFERENCE;
  const local =
    transport === 'udp' ? localPreference : TCP_PASSIVE_DIRECTION * 2 ** 13 + (localPreference >> 3);
  const candidate: IceCandidate = {
    foundation: foundationOf(`host ${transport} ${address}`),
    component,
    transport,
    priority: typePreference * 2 ** 24 + local * 2 ** 8 + (256 - component),
    address,
    port,
    type: 'host',
    ...(transport === 'tcp' && { tcpType: 'passive' as const }),
  };
  if (!isValid(candidate)) throw new TypeError('Not a valid ICE candidate');
  return candidate;
}

/**
 * A server reflexive candidate over UDP: how `base`, which is the address and port of a host candidate, looks to `server`
 * (RFC 8445, sections 5.1.1.2 and 5.1.1.3). Without `base` the line keeps it to itself, as RFC 8839, section 5.1, allows.
 * @throws {TypeError} if an address or port cannot stand in a candidate line.
 */
export function reflexiveCandidate(
  outside: { readonly address: string; readonly port: number },
  base: { readonly address: string; readonly port: number } | undefined,
  server: string,
): IceCandidate {
  const untold = { address: isIPv6(outside.address) ? '::' : '0.0.0.0', port: 9 };
  const candidate: IceCandidate = {
    foundation: foundationOf(`srflx udp ${base?.address} ${server}`),
    component: 1,
    transport: 'udp',
    priority: REFLEXIVE_PREFERENCE * 2 ** 24 + 65_535 * 2 ** 8 + 255,
    address: outside.address,
    port: outside.port,
    type: 'srflx',
    relatedAddress: (base ?? untold).address,
    relatedPort: (base ?? untold).port,
  };
  if (!isValid(candidate)) throw new TypeError('Not a valid ICE candidate');
  return candidate;
}

/**
 * A relayed candidate over UDP, on the relay of `server`, below all others (RFC 8445, section 5.1.2.2). Keeps to itself how
 * this side looks to the server, as RFC 8839, section 5.1, allows.
 * @throws {TypeError} if an address or port cannot stand in a candidate line.
 */
export function relayedCandidate(
  { address, port }: { readonly address: string; readonly port: number },
  server: string,
): IceCandidate {
  const reflexive = reflexiveCandidate({ address, port }, undefined, server);
  const priority = reflexive.priority - REFLEXIVE_PREFERENCE * 2 ** 24;
  return { ...reflexive, foundation: foundationOf(`relay udp ${server}`), priority, type: 'relay' };
}

/** Equal for equal texts, as good as never for others: 32-bit FNV-1a in decimal. */
function foundationOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return String(hash >>> 0);
}

function isValid(candidate: IceCandidate): boolean {
  return (
    FOUNDATION.test(candidate.foundation) &&
    inRange(candidate.component, 1, 256) &&
    (candidate.transport === 'udp' || candidate.transport === 'tcp') &&
    inRange(candidate.priority, 0, 0x7fffffff) &&
    isAddress(candidate.address) &&
    inRange(candidate.port, 0, 65535) &&
    ['host', 'srflx', 'prflx', 'relay'].includes(candidate.type) &&
    (candidate.relatedAddress === undefined || isAddress(candidate.relatedAddress)) &&
    (candidate.relatedPort === undefined || inRange(candidate.relatedPort, 0, 65535)) &&
    (candidate.tcpType === undefined || ['active', 'passive', 'so'].includes(candidate.tcpType))
  );
}

function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%')) || HOST_NAME.test(text);
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** NaN for anything but digits, or above `max`. */
function wholeNumber(text: string, max: number): number {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : NaN;
}
