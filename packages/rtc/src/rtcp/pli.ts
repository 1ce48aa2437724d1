// Picture loss indication (RFC 4585, section 6.3.1): a decoder cannot go on without a key frame.
import {
  allocateFeedback,
  FEEDBACK_HEADER_LENGTH,
  FORMAT_PLI,
  RTCP_PAYLOAD_FEEDBACK,
} from './rtcp-header.ts';
import type { FeedbackParties } from './rtcp-header.ts';

export interface PictureLossIndication extends FeedbackParties {
  readonly type: 'pli';
}

/** Reads a packet without its first four bytes. Undefined when it is too short. */
export function parsePictureLossIndication(body: Buffer): PictureLossIndication | undefined {
  if (body.length < 8) return undefined;
  return { type: 'pli', senderSsrc: body.readUInt32BE(0), mediaSsrc: body.readUInt32BE(4) };
}

export function writePli(parties: FeedbackParties): Buffer {
  return allocateFeedback(RTCP_PAYLOAD_FEEDBACK, FORMAT_PLI, parties, FEEDBACK_HEADER_LENGTH);
}
