// Reads the text of an offer, or of an answer to one of ours, into checked values. Everything that may be echoed is
// validated here, so that no text of the other side reaches our output unseen. What we agree to is decided in answer.ts
// and read-answer.ts.
import { parse, type MediaDescription, type SharedAttributes } from 'sdp-transform';
import { SdpError } from './sdp-error.ts';

/** Larger than any browser's offer with its candidates: Chromium's for two lines has 5.4 kB. */
const MAX_SDP_LENGTH = 64 * 1024;
const MAX_MEDIA_LINES = 64;
/** Bounds the work per m-line; 7-bit payload types allow no more. */
const MAX_FORMATS = 128;

/** The attributes that reach the parser; all others are ignored, whatever they hold. */
const READ_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['group', 'msid-semantic', 'ice-options', 'ice-ufrag', 'ice-pwd', 'fingerprint', 'setup'],
  ...['sendrecv', 'sendonly', 'recvonly', 'inactive', 'mid', 'bundle-only', 'rtcp-mux', 'rtcp-rsize'],
  ...['rtpmap', 'fmtp', 'rtcp-fb', 'extmap', 'ssrc', 'ssrc-group'],
  ...['sctp-port', 'max-message-size'],
]);

/** RFC 8866 token. */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}$/;
const PRINTABLE_WORD = /^[!-~]{1,255}$/;
const M_LINE = /^m=\w{1,32} \d{1,5} [A-Za-z0-9/]{1,64} \S.*$/;
const PARAMETER_NAME = /^[A-Za-z][\w.-]{0,63}$/;
const PARAMETER_VALUE = /^[!-:<-~]{0,1024}$/;
/** RFC 8839 says ice-char, 4 and 22 to 256 of them; base64 and base64url variants are seen as well. */
const ICE_UFRAG = /^[\w+/=-]{4,256}$/;
const ICE_PWD = /^[\w+/=-]{22,256}$/;

const FINGERPRINT_BYTES = new Map([
  ['sha-1', 20],
  ['sha-224', 28],
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type OfferedSetup = 'actpass' | 'active' | 'passive' | 'holdconn';

/** A certificate's fingerprint: algorithm in lower case, value as upper-case hex with colons (RFC 8122). */
export interface Fingerprint {
  algorithm: string;
  value: string;
}

/** What one m-line, or the session as its default, says about ICE and DTLS. */
export interface OfferedTransport {
  iceUfrag: string | undefined;
  icePwd: string | undefined;
  fingerprint: Fingerprint | undefined;
  setup: OfferedSetup | undefined;
}

export interface OfferedPayload {
  payloadType: number;
  encoding: string;
  clockRate: number;
  channels: number;
  parameters: Record<string, string>;
  /** `type` or `type subtype` of each `a=rtcp-fb` for it, e.g. `nack pli`. */
  feedback: ReadonlySet<string>;
}

export interface OfferedMedia {
  /** The first word of the m-line: audio, video, application, ... */
  type: string;
  port: number;
  protocol: string;
  /** As in the m-line, checked to be printable words. */
  formats: readonly string[];
  mid: string | undefined;
  bundleOnly: boolean;
  direction: Direction;
  rtcpMux: boolean;
  rtcpRsize: boolean;
  transport: OfferedTransport;
  /** The RTP payloads that have a mapping, in the order of the m-line. */
  payloads: readonly OfferedPayload[];
  headerExtensions: readonly { id: number; uri: string }[];
  /** Undefined for a line that is no data channel. */
  sctp: OfferedSctp | undefined;
  ssrc: number | undefined;
  rtxSsrc: number | undefined;
  cname: string | undefined;
}

/** The far end of an SCTP association (RFC 8841). */
export interface OfferedSctp {
  port: number;
  /** Largest message that it takes, in bytes; 0: any. */
  maxMessageSize: number;
  /** Whether the m-line names the port itself, as before RFC 8841. */
  isOldForm: boolean;
}

export interface Offer {
  /** The mids of the first BUNDLE group; undefined when none was offered. */
  bundle: readonly string[] | undefined;
  msidSemantic: boolean;
  trickle: boolean;
  media: readonly OfferedMedia[];
}

/**
 * Reads an offer or an answer (RFC 8866, RFC 8829). Lines may end in CRLF, CR or LF; unknown lines are ignored; ICE,
 * DTLS and mid lines may be missing, and may stand at either level.
 * @throws {SdpError} if the text is empty, too large or not SDP, or if a value that we use is malformed.
 */
export function readOffer(text: string): Offer {
  if (text.length > MAX_SDP_LENGTH) throw SdpError.tooLarge(text.length, MAX_SDP_LENGTH);
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw SdpError.empty();
  if (lines[0] !== 'v=0') throw SdpError.malformed('it does not begin with v=0');
  const mediaLines = lines.filter((line) => line.startsWith('m='));
  if (mediaLines.length > MAX_MEDIA_LINES) throw SdpError.tooManyMedia(mediaLines.length, MAX_MEDIA_LINES);
  if (!mediaLines.every((line) => M_LINE.test(line))) throw SdpError.malformed('m-line');

  const session = parse(lines.filter(isRead).join('\n'));
  const sessionTransport = readTransport(session);
  const media = session.media.map((section) => readMedia(section, session, sessionTransport));
  const mids = media.flatMap(({ mid }) => (mid === undefined ? [] : [mid]));
  if (new Set(mids).size !== mids.length) throw SdpError.malformed('two m-lines have the same mid');
  const group = session.groups?.find(({ type }) => type === 'BUNDLE');
  return {
    bundle: group && String(group.mids).trim().split(/ +/),
    msidSemantic: session.msidSemantic !== undefined,
    trickle: [session, ...session.media].some(({ iceOptions }) =>
      String(iceOptions ?? '')
        .split(' ')
        .includes('trickle'),
    ),
    media,
  };
}

function isRead(line: string): boolean {
  if (!line.startsWith('a=')) return line.startsWith('m=');
  return READ_ATTRIBUTES.has(/^[a-z-]+/.exec(line.slice(2))?.[0] ?? '');
}

function readMedia(
  section: MediaDescription,
  session: SharedAttributes,
  sessionTransport: OfferedTransport,
): OfferedMedia {
  const formats = String(section.payloads ?? '')
    .trim()
    .split(/ +/);
  if (formats.length > MAX_FORMATS) throw SdpError.malformed('too many formats in an m-line');
  const own = readTransport(section);
  return {
    type: section.type,
    port: section.port,
    protocol: section.protocol,
    formats: formats.map((format) => checked(format, PRINTABLE_WORD, 'format in an m-line')),
    mid: optional(section.mid, TOKEN, 'mid'),
    bundleOnly: section.bundleOnly !== undefined,
    direction: section.direction ?? session.direction ?? 'sendrecv',
    rtcpMux: section.rtcpMux !== undefined,
    rtcpRsize: section.rtcpRsize !== undefined,
    transport: {
      iceUfrag: own.iceUfrag ?? sessionTransport.iceUfrag,
      icePwd: own.icePwd ?? sessionTransport.icePwd,
      fingerprint: own.fingerprint ?? sessionTransport.fingerprint,
      setup: own.setup ?? sessionTransport.setup,
    },
    payloads: readPayloads(section, formats),
    headerExtensions: readHeaderExtensions(section, session),
    sctp: readSctp(section, formats),
    ...readSources(section),
  };
}

function readTransport(level: SharedAttributes): OfferedTransport {
  return {
    iceUfrag: optional(level.iceUfrag, ICE_UFRAG, 'ice-ufrag'),
    icePwd: optional(level.icePwd, ICE_PWD, 'ice-pwd'),
    fingerprint: level.fingerprint && readFingerprint(level.fingerprint.type, level.fingerprint.hash),
    setup: level.setup === undefined ? undefined : readSetup(level.setup),
  };
}

function readFingerprint(type: unknown, hash: unknown): Fingerprint {
  const algorithm = String(type).toLowerCase();
  const value = String(hash).toUpperCase();
  const bytes = FINGERPRINT_BYTES.get(algorithm);
  if (
    bytes === undefined ||
    value.length !== bytes * 3 - 1 ||
    !/^[0-9A-F]{2}(?::[0-9A-F]{2})*$/.test(value)
  ) {
    throw SdpError.malformed('fingerprint');
  }
  return { algorithm, value };
}

function readSetup(value: string): OfferedSetup {
  if (value === 'actpass' || value === 'active' || value === 'passive' || value === 'holdconn') return value;
  throw SdpError.malformed('setup');
}

/** Mappings that may be left out of an offer: the static payload types of RFC 3551 that we carry. */
const STATIC_PAYLOADS = new Map([
  [0, 'PCMU'],
  [8, 'PCMA'],
]);

function readPayloads(section: MediaDescription, formats: readonly string[]): OfferedPayload[] {
  const payloads: OfferedPayload[] = [];
  for (const format of new Set(formats)) {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) continue;
    const payloadType = Number(format);
    const mapping = section.rtp.find(({ payload }) => payload === payloadType);
    const encoding = mapping ? String(mapping.codec) : STATIC_PAYLOADS.get(payloadType);
    if (encoding === undefined) continue;
    const fmtp = section.fmtp.find(({ payload }) => payload === payloadType);
    payloads.push({
      payloadType,
      encoding,
      clockRate: mapping ? Number(mapping.rate) : 8000,
      channels: Number(mapping?.encoding ?? 1),
      parameters: readParameters(String(fmtp?.config ?? '')),
      feedback: new Set(
        (section.rtcpFb ?? [])
          .filter(({ payload }) => payload === payloadType || payload === '*')
          .map(({ type, subtype }) => (subtype === undefined ? String(type) : `${type} ${subtype}`)),
      ),
    });
  }
  return payloads;
}

/** `a=1;b=2` and the like to a record; parts that are no parameter (RED's `111/111`) are left out. */
function readParameters(config: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const part of config.split(';')) {
    const [name = '', ...rest] = part.trim().split('=');
    const value = rest.join('=');
    if (PARAMETER_NAME.test(name) && PARAMETER_VALUE.test(value)) parameters[name.toLowerCase()] = value;
  }
  return parameters;
}

/**
 * Only identifiers that fit the one-byte form (RFC 8285, section 4.2), and only extensions offered for both ways: those
 * that we know are never offered otherwise.
 */
function readHeaderExtensions(
  section: MediaDescription,
  session: SharedAttributes,
): { id: number; uri: string }[] {
  const extensions = section.ext ?? session.ext ?? [];
  const seen = new Set<number>();
  return extensions
    .filter((extension) => extension['encrypt-uri'] === undefined && extension.direction === undefined)
    .map(({ value, uri }) => ({ id: value, uri: String(uri) }))
    .filter(({ id }) => id >= 1 && id <= 14 && !seen.has(id) && seen.add(id));
}

const SCTP_PROTOCOL = /^(?:(?:UDP|TCP)\/)?DTLS\/SCTP$/;
/** RFC 8841, section 6: what a peer takes that does not say. */
const DEFAULT_MAX_MESSAGE_SIZE = 64 * 1024;

function readSctp(section: MediaDescription, formats: readonly string[]): OfferedSctp | undefined {
  if (!SCTP_PROTOCOL.test(section.protocol)) return undefined;
  const isOldForm = /^\d{1,5}$/.test(formats[0] ?? '');
  const port = isOldForm ? Number(formats[0]) : section.sctpPort;
  if (port === undefined) return undefined;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw SdpError.malformed('sctp-port');
  const maxMessageSize = section.maxMessageSize ?? DEFAULT_MAX_MESSAGE_SIZE;
  if (!Number.isSafeInteger(maxMessageSize) || maxMessageSize < 0)
    throw SdpError.malformed('max-message-size');
  return { port, maxMessageSize, isOldForm };
}

function readSources(section: MediaDescription): Pick<OfferedMedia, 'ssrc' | 'rtxSsrc' | 'cname'> {
  const pair = section.ssrcGroups?.find(({ semantics }) => semantics === 'FID');
  const [first, second] = pair ? String(pair.ssrcs).trim().split(/ +/).map(readSsrc) : [];
  const ssrc = first ?? (section.ssrcs?.[0] && readSsrc(section.ssrcs[0].id));
  const cname = section.ssrcs?.find(({ attribute }) => attribute === 'cname')?.value;
  return { ssrc, rtxSsrc: second, cname: cname === undefined ? undefined : String(cname).slice(0, 255) };
}

function readSsrc(value: string | number): number {
  const ssrc = Number(value);
  if (!/^\d{1,10}$/.test(String(value)) || ssrc > 0xffffffff) throw SdpError.malformed('ssrc');
  return ssrc;
}

function checked(value: unknown, pattern: RegExp, what: string): string {
  const text = String(value);
  if (!pattern.test(text)) throw SdpError.malformed(what);
  return text;
}

function optional(value: unknown, pattern: RegExp, what: string): string | undefined {
  return value === undefined ? undefined : checked(value, pattern, what);
}
