// Full intra request (RFC 5104, section 4.3.1): a key frame is wanted, for instance by someone who has just joined.
import {
  allocateFeedback,
  FEEDBACK_HEADER_LENGTH,
  FORMAT_FIR,
  RTCP_PAYLOAD_FEEDBACK,
} from './rtcp-header.ts';
import type { FeedbackParties } from './rtcp-header.ts';

export interface FullIntraRequest extends FeedbackParties {
  readonly type: 'fir';
  /** `sequence`, 8 bits: a new request has a new number, a repetition keeps it. */
  readonly entries: readonly { readonly ssrc: number; readonly sequence: number }[];
}

const ENTRY_LENGTH = 8;

/** Reads a packet without its first four bytes. Undefined when it holds no entry. */
export function parseFullIntraRequest(body: Buffer): FullIntraRequest | undefined {
  if (body.length < 8 + ENTRY_LENGTH) return undefined;
  const entries: { ssrc: number; sequence: number }[] = [];
  for (let at = 8; at + ENTRY_LENGTH <= body.length; at += ENTRY_LENGTH) {
    entries.push({ ssrc: body.readUInt32BE(at), sequence: body[at + 4] });
  }
  return { type: 'fir', senderSsrc: body.readUInt32BE(0), mediaSsrc: body.readUInt32BE(4), entries };
}

/** The sources asked are in the entries, at least one, else a RangeError; the media SSRC of the header is 0. */
export function writeFir(request: Pick<FullIntraRequest, 'senderSsrc' | 'entries'>): Buffer {
  if (request.entries.length === 0) throw new RangeError('a full intra request names at least one source');
  const length = FEEDBACK_HEADER_LENGTH + request.entries.length * ENTRY_LENGTH;
  const parties = { senderSsrc: request.senderSsrc, mediaSsrc: 0 };
  const packet = allocateFeedback(RTCP_PAYLOAD_FEEDBACK, FORMAT_FIR, parties, length);
  request.entries.forEach((entry, index) => {
    packet.writeUInt32BE(entry.ssrc, FEEDBACK_HEADER_LENGTH + index * ENTRY_LENGTH);
    packet[FEEDBACK_HEADER_LENGTH + index * ENTRY_LENGTH + 4] = entry.sequence;
  });
  return packet;
}
