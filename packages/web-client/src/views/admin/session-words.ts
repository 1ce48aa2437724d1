// What sessions, legs and steps are called on the administration's pages.
import type { LegStep, SessionSummary, TracedLeg } from '@parley/protocol';

export const KINDS: Readonly<Record<SessionSummary['kind'], string>> = {
  camera: 'Camera',
  screen: 'Screen',
  test: 'Test of camera and microphone',
};

export const STEPS: Readonly<Record<LegStep, string>> = {
  requested: 'Requested',
  permitted: 'Permitted',
  'endpoint-ready': 'Endpoint ready',
  negotiated: 'Negotiated',
  'ice-connected': 'ICE connected',
  'dtls-connected': 'DTLS connected',
  'media-arriving': 'Media arriving',
  confirmed: 'Confirmed',
};

export function ownerOf({ participantName, kind }: SessionSummary): string {
  return participantName ?? (kind === 'test' ? 'Somebody before joining' : 'Somebody');
}

/** Which leg it is, as one would say it. */
export function titleOf({ leg, participantName }: TracedLeg): string {
  const who = participantName ?? 'Somebody';
  switch (leg.kind) {
    case 'up':
      return `${who} sends`;
    case 'down':
      return `${who} receives`;
    case 'testRecord':
      return 'Test: record';
    case 'testPlayback':
      return 'Test: playback';
  }
}

/** Two legs are the same when their keys are equal. */
export function keyOf({ leg: { kind, participant } }: Pick<TracedLeg, 'leg'>): string {
  return `${kind} ${participant ?? ''}`;
}
