// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb): the total a receiver believes it can take.
import {
  allocateFeedback,
  FEEDBACK_HEADER_LENGTH,
  FORMAT_APPLICATION,
  RTCP_PAYLOAD_FEEDBACK,
} from './rtcp-header.ts';

export interface ReceiverEstimatedMaximumBitrate {
  readonly type: 'remb';
  readonly senderSsrc: number;
  /** Bits per second. */
  readonly bitrate: number;
  /** The sources that the bitrate is for, all of them together. */
  readonly ssrcs: readonly number[];
}

const IDENTIFIER = 'REMB';
const MANTISSA_BITS = 18;
const MAX_MANTISSA = 2 ** MANTISSA_BITS - 1;
const MAX_EXPONENT = 63;
const MAX_SSRCS = 255;
/** Where the list of sources begins in the body: two SSRCs, identifier, count and bitrate come before. */
const SSRCS_OFFSET = 16;

/** Reads a packet without its first four bytes. Undefined for other application feedback and when it is too short. */
export function parseRemb(body: Buffer): ReceiverEstimatedMaximumBitrate | undefined {
  if (body.length < SSRCS_OFFSET || body.toString('latin1', 8, 12) !== IDENTIFIER) return undefined;
  const count = body[12];
  if (SSRCS_OFFSET + count * 4 > body.length) return undefined;
  const exponent = body[13] >> 2;
  const mantissa = ((body[13] & 0x03) << 16) | body.readUInt16BE(14);
  const ssrcs: number[] = [];
  for (let index = 0; index < count; index++) ssrcs.push(body.readUInt32BE(SSRCS_OFFSET + index * 4));
  return { type: 'remb', senderSsrc: body.readUInt32BE(0), bitrate: mantissa * 2 ** exponent, ssrcs };
}

/**
 * The bitrate is kept to 18 significant bits, rounded down, so that nobody is told of more than there is.
 * Throws a RangeError for more than 255 sources and for a bitrate that is negative or no number.
 */
export function writeRemb(remb: Omit<ReceiverEstimatedMaximumBitrate, 'type'>): Buffer {
  if (remb.ssrcs.length > MAX_SSRCS) throw new RangeError(`${remb.ssrcs.length} sources in one REMB`);
  if (!(remb.bitrate >= 0)) throw new RangeError(`a bitrate of ${remb.bitrate}`);
  let exponent = 0;
  let mantissa = Math.floor(remb.bitrate);
  while (mantissa > MAX_MANTISSA && exponent < MAX_EXPONENT) {
    mantissa = Math.floor(mantissa / 2);
    exponent += 1;
  }
  mantissa = Math.min(mantissa, MAX_MANTISSA);
  const length = 4 + SSRCS_OFFSET + remb.ssrcs.length * 4;
  const parties = { senderSsrc: remb.senderSsrc, mediaSsrc: 0 };
  const packet = allocateFeedback(RTCP_PAYLOAD_FEEDBACK, FORMAT_APPLICATION, parties, length);
  packet.write(IDENTIFIER, FEEDBACK_HEADER_LENGTH, 'latin1');
  packet[16] = remb.ssrcs.length;
  packet[17] = (exponent << 2) | (mantissa >> 16);
  packet.writeUInt16BE(mantissa & 0xffff, 18);
  remb.ssrcs.forEach((ssrc, index) => packet.writeUInt32BE(ssrc, 4 + SSRCS_OFFSET + index * 4));
  return packet;
}
