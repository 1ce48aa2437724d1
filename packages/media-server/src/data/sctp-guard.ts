// What a packet of SCTP must be like before the association may see it (RFC 9260, section 3). The association behind it
// trusts lengths and counts: a length of 0 would never end, and what waits for its other half would grow without bound.

/** No path carries more in one datagram. In bytes. */
const MAX_PACKET_LENGTH = 2048;

/** Stream ids are below this; browsers use no others. Announced as the number of streams. */
export const MAX_STREAMS = 1024;

/** How far a peer may be ahead of the first TSN that is missing. Later ones are dropped, and so come again. */
const RECEIVE_WINDOW_TSNS = 1024;

const COMMON_HEADER_LENGTH = 12;
const CHUNK_HEADER_LENGTH = 4;

const CHUNK = {
  data: 0,
  init: 1,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
  /** RFC 6525, section 3.1. */
  reconfig: 130,
  /** RFC 3758, section 3.2. */
  forwardTsn: 192,
} as const;

/** RFC 6525, section 4. */
const RECONFIG_PARAMETER = { outgoingReset: 13, response: 16, addOutgoing: 17 } as const;

/** Where the association stands. TSNs: unsigned 32 bits. */
export interface AssociationView {
  readonly established: boolean;
  /** Whether there is no place for more data and resets: what is not acknowledged comes again. */
  readonly isFull: boolean;
  /** Up to which every TSN of the peer has come; undefined before INIT. */
  readonly receivedTsn: number | undefined;
  /** The last one of ours that was used. */
  readonly sentTsn: number;
}

/** Whether the association may be given this packet. The checksum and the verification tag are its own to check. */
export function mayPass(packet: Buffer, view: AssociationView): boolean {
  if (packet.length > MAX_PACKET_LENGTH) return false;
  let position = COMMON_HEADER_LENGTH;
  let established = view.established;
  let chunks = 0;
  let inits = 0;
  while (position + CHUNK_HEADER_LENGTH <= packet.length) {
    const type = packet[position];
    const length = packet.readUInt16BE(position + 2);
    if (length < CHUNK_HEADER_LENGTH || position + length > packet.length) return false;
    const body = packet.subarray(position + CHUNK_HEADER_LENGTH, position + length);
    // A cookie is followed by data in the same packet; a wrong one is noticed by the association.
    if (type === CHUNK.cookieEcho && view.receivedTsn !== undefined) established = true;
    if (!isAcceptable(type, body, { ...view, established })) return false;
    chunks++;
    inits += type === CHUNK.init ? 1 : 0;
    position += padded(length);
  }
  return chunks > 0 && (inits === 0 || chunks === 1);
}

function isAcceptable(type: number, body: Buffer, view: AssociationView): boolean {
  switch (type) {
    case CHUNK.data:
      return (
        view.established &&
        !view.isFull &&
        body.length > 12 &&
        isWithinWindow(body.readUInt32BE(0), view) &&
        body.readUInt16BE(4) < MAX_STREAMS
      );
    case CHUNK.init:
      // A peer connection has one association for life: another INIT would only forget what it knows.
      return !view.established && body.length >= 16 && areParameters(body.subarray(16));
    case CHUNK.sack:
      return view.established && isSack(body, view.sentTsn);
    case CHUNK.heartbeat:
    case CHUNK.heartbeatAck:
    case CHUNK.abort:
    case CHUNK.error:
      return areParameters(body);
    case CHUNK.shutdown:
      return view.established && body.length === 4;
    case CHUNK.shutdownAck:
    case CHUNK.shutdownComplete:
    case CHUNK.cookieEcho:
    case CHUNK.cookieAck:
      return true;
    case CHUNK.reconfig:
      return view.established && areParameters(body) && areReconfigurations(body, view);
    case CHUNK.forwardTsn:
      return view.established && isForwardTsn(body, view);
    default:
      return false;
  }
}

function isWithinWindow(tsn: number, { receivedTsn }: AssociationView): boolean {
  return receivedTsn !== undefined && distance(receivedTsn, tsn) <= RECEIVE_WINDOW_TSNS;
}

/** RFC 9260, section 3.3.4: acknowledges nothing that was not sent, and its gaps are in order. */
function isSack(body: Buffer, sentTsn: number): boolean {
  if (body.length < 12) return false;
  const gaps = body.readUInt16BE(8);
  const duplicates = body.readUInt16BE(10);
  if (body.length < 12 + 4 * (gaps + duplicates)) return false;
  const outstanding = distance(body.readUInt32BE(0), sentTsn);
  if (outstanding < 0) return false;
  let covered = 0;
  for (let index = 0; index < gaps; index++) {
    const start = body.readUInt16BE(12 + 4 * index);
    const end = body.readUInt16BE(14 + 4 * index);
    if (start <= covered || end < start || end > outstanding) return false;
    covered = end;
  }
  return true;
}

function isForwardTsn(body: Buffer, view: AssociationView): boolean {
  if (body.length < 4 || body.length % 4 !== 0 || !isWithinWindow(body.readUInt32BE(0), view)) return false;
  for (let position = 4; position < body.length; position += 4) {
    if (body.readUInt16BE(position) >= MAX_STREAMS) return false;
  }
  return true;
}

interface Parameter {
  readonly type: number;
  readonly value: Buffer;
}

/** Type, length and value after each other, padded to 4 bytes (RFC 9260, section 3.2.1). Undefined: none that is whole. */
function* readParameters(body: Buffer): Generator<Parameter | undefined, void> {
  let position = 0;
  while (position + 4 <= body.length) {
    const length = body.readUInt16BE(position + 2);
    if (length < 4 || position + length > body.length) {
      yield undefined;
      return;
    }
    yield { type: body.readUInt16BE(position), value: body.subarray(position + 4, position + length) };
    position += padded(length);
  }
}

function areParameters(body: Buffer): boolean {
  for (const parameter of readParameters(body)) if (!parameter) return false;
  return true;
}

function areReconfigurations(body: Buffer, view: AssociationView): boolean {
  for (const parameter of readParameters(body)) {
    const length = parameter?.value.length ?? 0;
    if (parameter?.type === RECONFIG_PARAMETER.outgoingReset) {
      // Each one waits for its turn behind the data, also one that says the same again.
      if (view.isFull || length < 12 || length % 2 !== 0) return false;
      // It comes again; carried out too early, it would tear the last messages off (RFC 6525, section 5.2.2).
      const lastTsn = parameter.value.readUInt32BE(8);
      if (view.receivedTsn === undefined || distance(view.receivedTsn, lastTsn) > 0) return false;
    }
    const isOther =
      parameter?.type === RECONFIG_PARAMETER.response || parameter?.type === RECONFIG_PARAMETER.addOutgoing;
    if (isOther && length < 8) return false;
  }
  return true;
}

/** Chunks and parameters begin at multiples of 4 bytes. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

/** How far `to` is ahead of `from`, negative when behind, in the arithmetic of serial numbers (RFC 1982). */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
