// Which cause of the closed list a failure is, and what a person is told of it.
import {
  causeTexts,
  NoAnswerError,
  type EndReason,
  type FailureCause,
  type RefusalReason,
} from '@parley/protocol';
import { NothingAcceptedError } from './peer-leg.ts';
import { refusalReason } from './refusals.ts';

/** What a refusal means for a leg; what is not named is the server's own trouble with the stream. */
const REFUSALS: Partial<Record<RefusalReason, FailureCause>> = {
  'not-in-a-room': 'signalling-lost',
  'unknown-stream': 'stream-ended',
  'not-yours': 'permission-withdrawn',
  'sdp-refused': 'sdp-refused',
  'media-server-unreachable': 'media-server-unreachable',
};

const ENDS: Readonly<Record<EndReason, FailureCause>> = {
  stopped: 'stream-ended',
  left: 'stream-ended',
  'connection-lost': 'signalling-lost',
  'media-lost': 'sender-sends-nothing',
  'media-server-lost': 'media-server-unreachable',
  failed: 'endpoint-refused',
};

/** Why a try to establish a leg failed, from what its requests or the browser's own negotiation threw. */
export function causeOf(error: unknown): FailureCause {
  const reason = refusalReason(error);
  if (reason) return REFUSALS[reason] ?? 'endpoint-refused';
  if (error instanceof NoAnswerError) return 'signalling-lost';
  if (error instanceof NothingAcceptedError) return 'sdp-refused';
  // The browser could not make an offer, or not use the answer (W3C WebRTC, section 4.4.1.5).
  if (error instanceof DOMException) return 'sdp-refused';
  return 'endpoint-refused';
}

/** Why the server ended an own stream. */
export function causeOfEnd(reason: EndReason): FailureCause {
  return ENDS[reason];
}

/** What is wrong, and what to do about it, in one line. */
export function sentencesOf(cause: FailureCause): string {
  const { participant, remedy } = causeTexts[cause];
  return `${participant} ${remedy}`;
}

/** Said while a remedy is under way. */
export function repairing(cause: FailureCause): string {
  return `Repairing: ${causeTexts[cause].participant}`;
}
