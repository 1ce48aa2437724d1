// What each step of the check found, in words for a person: pure functions of what was measured.
import { causeTexts, type FailureCause } from '@parley/protocol';
import { ApiError } from '../api.ts';
import { causeOf } from './causes.ts';
import type { DeviceError } from './devices.ts';
import type { PathKind, PathOutcome } from './path-check.ts';
import { refusalReason, sentenceFor } from './refusals.ts';

/** In the order in which they are done and shown. */
export const CHECK_STEPS = [
  'camera',
  'microphone',
  'signalling',
  'udp',
  'tcp',
  'relay',
  'download',
  'upload',
] as const;
export type CheckStep = (typeof CHECK_STEPS)[number];

/** `skipped`: there is nothing to check, or no way to. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Finding {
  readonly status: FindingStatus;
  /** One sentence. */
  readonly words: string;
  /** What was measured; empty: nothing. */
  readonly numbers: string;
  /** What to do about it; empty: nothing. */
  readonly remedy: string;
  readonly cause?: FailureCause;
  /** Of a device: the page did not come over HTTPS, so that no press of a button gives it. */
  readonly insecure?: boolean;
}

export type Findings = Readonly<Partial<Record<CheckStep, Finding>>>;

/** Above this a conversation is felt to lag, in ms of the round trip (ITU-T G.114 asks for 150 ms one way). */
export const SLOW_ROUND_TRIP_MS = 300;

/** What a direction has to carry, in bits per second; from the least to the most. */
export const ENOUGH_FOR_SOUND = 150_000;
export const ENOUGH_FOR_SMALL_VIDEO = 700_000;
export const ENOUGH_FOR_VIDEO = 3_000_000;

/** Louder than the noise of a room, as a share of the way from -60 dB to full scale. */
export const HEARD_LEVEL = 0.3;

const ADDRESSED: Readonly<Record<PathKind, string>> = { udp: 'UDP', tcp: 'TCP', relay: 'the relay' };

export function ok(words: string, numbers = ''): Finding {
  return { status: 'ok', words, numbers, remedy: '' };
}

export function skipped(words: string, remedy = ''): Finding {
  return { status: 'skipped', words, numbers: '', remedy };
}

export function ofCause(cause: FailureCause, numbers = ''): Finding {
  const { participant, remedy } = causeTexts[cause];
  return { status: 'problem', words: participant, numbers, remedy, cause };
}

/** Of a step that threw. `fallback`: what it means when the error itself does not say. */
export function ofError(error: unknown, fallback?: FailureCause): Finding {
  if (refusalReason(error) === 'too-many-requests') return skipped('Not checked.', sentenceFor(error));
  if (error instanceof ApiError) return skipped('Not measured.', error.message);
  return ofCause(fallback ?? causeOf(error));
}

export function deviceFailed(error: DeviceError): Finding {
  // A machine without a camera, or a page without HTTPS, has sentences of its own.
  if (error.reason === 'permission-denied' || error.reason === 'in-use') return ofCause(error.failure);
  const insecure = error.reason === 'insecure-context' && { insecure: true };
  return { status: 'problem', words: error.message, numbers: '', remedy: '', ...insecure };
}

/** @param peak the loudest level from 0 to 1 while the microphone was listened to */
export function microphoneHeard(peak: number, label: string): Finding {
  const numbers = [label, `level ${Math.round(peak * 100)} %`].filter(Boolean).join(', ');
  if (peak >= HEARD_LEVEL) return ok('The microphone hears you.', numbers);
  return {
    status: 'warning',
    words:
      peak > 0
        ? 'The microphone gives hardly any sound.'
        : 'The microphone is open and gives no sound at all.',
    numbers,
    remedy: 'Speak while it is checked. If nothing moves, switch the microphone on or choose another one.',
  };
}

export function signallingAnswered(roundTripMs: number): Finding {
  const numbers = roundTripOf(roundTripMs);
  if (roundTripMs <= SLOW_ROUND_TRIP_MS) return ok('The server answers.', numbers);
  return {
    status: 'warning',
    words: 'The server answers slowly.',
    numbers,
    remedy: 'Conversations will lag. Try a network that is nearer, or less busy.',
  };
}

export function ofPath(kind: PathKind, outcome: PathOutcome): Finding {
  const way = ADDRESSED[kind];
  switch (outcome.result) {
    case 'not-offered':
      return skipped(`The media server offers no address over ${way}.`);
    case 'failed':
      return failedPath(kind, outcome);
    case 'ok':
  }
  const { roundTripMs, relayProtocol, missing } = outcome;
  const numbers = [
    roundTripMs === undefined ? '' : roundTripOf(roundTripMs),
    relayProtocol === undefined ? '' : `to the relay over ${relayProtocol.toUpperCase()}`,
  ].filter(Boolean);
  const [lost] = missing;
  if (lost === undefined) return ok(`Sound and picture go over ${way} and come back.`, numbers.join(', '));
  return {
    ...ofCause('nothing-arrives', numbers.join(', ')),
    status: 'warning',
    words: `Over ${way} the connection works; no ${lost === 'audio' ? 'sound' : 'picture'} came back.`,
  };
}

function failedPath(kind: PathKind, { cause, detail }: { cause: FailureCause; detail: string }): Finding {
  const finding = ofCause(cause, detail);
  if (cause !== 'no-candidate-pair') return finding;
  // The sentence of the cause says that nothing at all comes through: that is for the verdict, if it is so.
  const words = `This network lets nothing through to the server over ${ADDRESSED[kind]}.`;
  const remedy = kind === 'tcp' ? 'Administrators: open the media port for TCP, too.' : finding.remedy;
  return { ...finding, words, remedy };
}

/** @param bitsPerSecond of one direction */
export function ofThroughput(direction: 'download' | 'upload', bitsPerSecond: number): Finding {
  const numbers = `${megabits(bitsPerSecond)} Mbit/s`;
  const what = direction === 'download' ? 'To receive' : 'To send';
  if (bitsPerSecond >= ENOUGH_FOR_VIDEO) return ok(`${what}, enough for video in 720p.`, numbers);
  const remedy = 'Other downloads, or a weak Wi-Fi, may take the rest. Try a cable, or come closer.';
  if (bitsPerSecond >= ENOUGH_FOR_SMALL_VIDEO)
    return { status: 'warning', words: `${what}, enough for small video only.`, numbers, remedy };
  if (bitsPerSecond >= ENOUGH_FOR_SOUND)
    return { status: 'warning', words: `${what}, enough for sound only.`, numbers, remedy };
  return { status: 'problem', words: `${what}, not enough for a call.`, numbers, remedy };
}

/** Of a step that did not come to an end in time. */
export function late(step: CheckStep, deadlineMs: number): Finding {
  const seconds = Math.round(deadlineMs / 1_000);
  if (step === 'camera' || step === 'microphone')
    return {
      status: 'warning',
      words: `The browser has not given the ${step} within ${seconds} s.`,
      numbers: '',
      remedy: causeTexts['no-permission'].remedy,
    };
  return { ...ofCause('signalling-lost'), words: `No answer came within ${seconds} s.` };
}

function roundTripOf(ms: number): string {
  return `round trip ${ms < 1 ? 'under 1' : Math.round(ms)} ms`;
}

function megabits(bitsPerSecond: number): string {
  const value = bitsPerSecond / 1_000_000;
  return value >= 100 ? 'over 100' : value.toFixed(value < 10 ? 1 : 0);
}
