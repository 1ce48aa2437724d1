// What goes wrong while somebody joins, and how it may end: with media confirmed both ways, or, where nothing can help,
// with one of the causes that say the truth.
import { isAnswerTo, isMethod, type MessageRule } from '@parley/bad-network';
import type { FailureCause } from '@parley/protocol';
import type { MediaFaults } from './media-network.ts';

export interface JoinFault {
  readonly name: string;
  readonly media?: MediaFaults;
  readonly signalling?: readonly MessageRule[];
  /** Which process is killed, at a moment within the first 1.5 s of the join. */
  readonly kill?: 'media server' | 'application server';
  /** Nothing can help: each leg that is not confirmed must say one of these. */
  readonly causes?: { readonly up: readonly FailureCause[]; readonly down: readonly FailureCause[] };
}

const swallowed = (request: string): MessageRule => ({
  direction: 'down',
  matches: isAnswerTo(request),
  fault: { do: 'swallow' },
  times: 1,
});

export const JOIN_FAULTS: readonly JoinFault[] = [
  { name: 'the first 3 s of UDP are dropped', media: { udpDeadMs: 3_000 } },
  {
    name: 'the first 3 s of UDP are dropped, and TCP is blocked',
    media: { udpDeadMs: 3_000, tcp: 'blocked' },
  },
  { name: 'the answer to the offer up is swallowed once', signalling: [swallowed('startBroadcast')] },
  { name: 'the answer to the offer down is swallowed once', signalling: [swallowed('watch')] },
  {
    name: 'candidates come after the answer, both ways',
    signalling: [
      { direction: 'up', matches: isMethod('addCandidate'), fault: { do: 'delay', ms: 1_500 } },
      { direction: 'down', matches: isMethod('candidate'), fault: { do: 'delay', ms: 1_500 } },
    ],
  },
  { name: 'media over UDP is cut on the way up', media: { mediaCut: 'up' } },
  { name: 'media over UDP is cut on the way down', media: { mediaCut: 'down' } },
  {
    name: 'media is cut on the way up, and TCP is blocked',
    media: { mediaCut: 'up', tcp: 'blocked' },
    causes: { up: ['nothing-arrives', 'sender-sends-nothing'], down: [] },
  },
  {
    name: 'media is cut on the way down, and TCP is blocked',
    media: { mediaCut: 'down', tcp: 'blocked' },
    causes: { up: [], down: ['nothing-arrives'] },
  },
  {
    name: 'neither UDP nor TCP reaches the media server',
    media: { udpDeadMs: 60_000, tcp: 'blocked' },
    causes: { up: ['no-candidate-pair'], down: ['no-candidate-pair'] },
  },
  { name: 'the media server is killed', kill: 'media server' },
  { name: 'the application server is killed', kill: 'application server' },
];
