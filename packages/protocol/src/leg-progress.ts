// How far one leg has got, from the request to the proof that media arrives: a state machine without clock or wire, the
// same for browser and server. What to do when it does not advance is decided elsewhere.
import { z } from 'zod';
import { FailureCause } from './failure-causes.ts';

/**
 * In this order. `confirmed` means evidence: up, the media server sees RTP of each expected kind; down, the browser has
 * decoded frames and samples of each expected kind.
 */
export const LEG_STEPS = [
  'requested',
  'permitted',
  'endpoint-ready',
  'negotiated',
  'ice-connected',
  'dtls-connected',
  'media-arriving',
  'confirmed',
] as const;
export const LegStep = z.enum(LEG_STEPS);
export type LegStep = z.infer<typeof LegStep>;

/** `repairing`: it was further, or is overdue, and a remedy is under way. */
export const LegState = z.enum(['establishing', 'confirmed', 'repairing', 'failed']);
export type LegState = z.infer<typeof LegState>;

/** What others are told of a leg. */
export const LegStatus = z.object({
  state: LegState,
  step: LegStep,
  /** Why it failed, or what is being repaired; null while nothing is wrong. */
  cause: FailureCause.nullable(),
  /** What was seen of the cause, for whoever runs the server, such as what was tried. */
  detail: z.string().max(200).optional(),
});
export type LegStatus = z.infer<typeof LegStatus>;

/**
 * How long each step may take to be reached from the one before, in ms. The first four are answers of servers nearby; ICE
 * gives a browser's checks time for a relayed pair; DTLS allows two resends of a lost flight; media includes a key frame.
 */
export const STEP_DEADLINES_MS: Readonly<Record<LegStep, number>> = {
  requested: 0,
  permitted: 5_000,
  'endpoint-ready': 5_000,
  negotiated: 5_000,
  'ice-connected': 8_000,
  'dtls-connected': 5_000,
  'media-arriving': 2_500,
  confirmed: 5_000,
};

/** What it means that the next step was not reached in time. */
const OVERDUE_CAUSES: Readonly<Record<'up' | 'down', Readonly<Record<LegStep, FailureCause>>>> = {
  up: {
    requested: 'signalling-lost',
    permitted: 'signalling-lost',
    'endpoint-ready': 'endpoint-refused',
    negotiated: 'endpoint-refused',
    'ice-connected': 'no-candidate-pair',
    'dtls-connected': 'dtls-failed',
    'media-arriving': 'sender-sends-nothing',
    confirmed: 'sender-sends-nothing',
  },
  down: {
    requested: 'signalling-lost',
    permitted: 'signalling-lost',
    'endpoint-ready': 'endpoint-refused',
    negotiated: 'endpoint-refused',
    'ice-connected': 'no-candidate-pair',
    'dtls-connected': 'dtls-failed',
    'media-arriving': 'nothing-arrives',
    confirmed: 'viewer-cannot-decode',
  },
};

/** A leg that is repaired for days reaches thousands: the first one and the latest tell. */
export const MAX_HISTORY = 100;

export interface StepRecord {
  readonly step: LegStep;
  /** In ms of the clock that the caller uses. */
  readonly at: number;
}

export class LegProgress {
  readonly #direction: 'up' | 'down';
  readonly #history: StepRecord[];
  #state: LegState = 'establishing';
  #step: LegStep = 'requested';
  #since: number;
  #cause: FailureCause | null = null;
  #detail: string | undefined;

  constructor(direction: 'up' | 'down', now: number) {
    this.#direction = direction;
    this.#since = now;
    this.#history = [{ step: 'requested', at: now }];
  }

  get status(): LegStatus {
    const detail = this.#detail === undefined ? {} : { detail: this.#detail };
    return { state: this.#state, step: this.#step, cause: this.#cause, ...detail };
  }

  /** The steps that were reached and when, of all tries: the first one and the latest. */
  get history(): readonly StepRecord[] {
    return this.#history;
  }

  /** When the next step has to be reached, or undefined when nothing is waited for. */
  get deadline(): number | undefined {
    const next = this.#next;
    if (this.#state === 'failed' || next === undefined) return undefined;
    return this.#since + STEP_DEADLINES_MS[next];
  }

  /** A step was seen; earlier ones are implied, and late news of an earlier one changes nothing. True when it is news. */
  reached(step: LegStep, now: number): boolean {
    if (this.#state === 'failed' || LEG_STEPS.indexOf(step) <= LEG_STEPS.indexOf(this.#step)) return false;
    this.#step = step;
    this.#since = now;
    this.#remember(step, now);
    if (step === 'confirmed') {
      this.#state = 'confirmed';
      this.#cause = null;
      this.#detail = undefined;
    }
    return true;
  }

  /** The leg fell back to `step`, and something is being done about it. */
  repairing(step: LegStep, cause: FailureCause, now: number, detail?: string): void {
    if (this.#state === 'failed') return;
    this.#state = 'repairing';
    this.#step = step;
    this.#cause = cause;
    this.#detail = detail;
    this.#since = now;
    this.#remember(step, now);
  }

  /** The end, with its cause. The first cause stands. */
  fail(cause: FailureCause, detail?: string): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#cause = cause;
    this.#detail = detail;
  }

  /** What is wrong when the deadline has passed; undefined while nothing is overdue. */
  overdue(now: number): FailureCause | undefined {
    const { deadline } = this;
    const next = this.#next;
    if (deadline === undefined || next === undefined || now < deadline) return undefined;
    return OVERDUE_CAUSES[this.#direction][next];
  }

  #remember(step: LegStep, at: number): void {
    this.#history.push({ step, at });
    if (this.#history.length > MAX_HISTORY) this.#history.splice(1, 1);
  }

  get #next(): LegStep | undefined {
    return LEG_STEPS[LEG_STEPS.indexOf(this.#step) + 1];
  }
}
