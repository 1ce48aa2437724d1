// Who receives one stream, from evidence: what the media server tells of its endpoints and what the viewers' browsers
// tell of decoded frames. Watches the deadlines of every leg; what is told to whom is the stream processor's.
import { LegProgress, type FailureCause, type Ledger, type LegStatus, type LegStep } from '@parley/protocol';
import type { ParticipantId, StepRecord, StreamId } from '@parley/protocol';

export type Kind = 'audio' | 'video';

export interface StreamLedgerOptions {
  stream: StreamId;
  audio: boolean;
  video: boolean;
  /** Something changed; may come in bursts. */
  onChange(): void;
  /** A viewer is connected and sees nothing: the first remedy is a key frame. `again`: the last one asked for did not help. */
  onKeyframeNeeded(viewer: ParticipantId | null, again: boolean): void;
  /** The step after this one was not reached in time; `viewer` null: by the up leg. */
  onOverdue(viewer: ParticipantId | null, step: LegStep, cause: FailureCause): void;
}

/** How far one leg has got, and when it did; `viewer` null: the up leg. */
export interface LegRecord {
  readonly viewer: ParticipantId | null;
  readonly status: LegStatus;
  readonly steps: readonly StepRecord[];
}

/** A sender is asked for a key frame on behalf of all of its viewers together at most this often, in ms. */
const KEYFRAME_PAUSE_MS = 1_000;
/** Asked for again within this time, in ms: the sender did not hear of the first request. */
const KEYFRAME_MISSED_MS = 10_000;

/** A leg that is not confirmed by then has failed, in ms; until then remedies are tried. */
export const ESTABLISHMENT_LIMIT_MS = 13_000;

interface LegEntry {
  progress: LegProgress;
  /** When what is tried at present began, with all remedies and all legs that were built anew. */
  begunAt: number;
}

export class StreamLedger {
  readonly #options: StreamLedgerOptions;
  #up: LegEntry;
  readonly #viewers = new Map<ParticipantId, LegEntry>();
  readonly #flowing = new Set<Kind>();
  #keyframeAskedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: StreamLedgerOptions) {
    this.#options = options;
    this.#up = newEntry('up');
    this.#up.progress.reached('permitted', performance.now());
    this.#watchDeadlines();
  }

  describe(): Ledger {
    return {
      stream: this.#options.stream,
      up: this.#up.progress.status,
      viewers: [...this.#viewers].map(([participant, { progress }]) => ({
        participant,
        status: progress.status,
      })),
    };
  }

  /** Of the up leg first. */
  legs(): LegRecord[] {
    const record = (viewer: ParticipantId | null, { progress }: LegEntry) => ({
      viewer,
      status: progress.status,
      steps: progress.history,
    });
    return [record(null, this.#up), ...[...this.#viewers].map(([viewer, entry]) => record(viewer, entry))];
  }

  upReached(step: LegStep): void {
    this.#reached(this.#up, step);
  }

  /** The media server sees media of this kind from the sender, or no more. */
  upFlows(kind: Kind, flowing: boolean): void {
    if (flowing) this.#flowing.add(kind);
    else this.#flowing.delete(kind);
    if (this.#allFlow) {
      // What was given up and comes after all is proven, whatever was said before.
      if (this.#up.progress.status.state === 'failed') this.#up = newEntry('up');
      this.#reached(this.#up, 'confirmed');
    } else if (flowing) this.#reached(this.#up, 'media-arriving');
    else if (this.#up.progress.status.state === 'confirmed') {
      this.#repair(this.#up, 'dtls-connected', 'sender-sends-nothing');
    }
  }

  /** The sender's browser tells what the media server cannot know: that a device was refused or is gone. */
  upReported(status: LegStatus): void {
    const { state, step, cause, detail } = status;
    if (state === 'failed' && cause) this.#fail(this.#up, cause, detail);
    else if (state === 'repairing' && cause) this.#repair(this.#up, step, cause, detail);
    // The device is back; what is seen of it here never stopped.
    else if (this.#allFlow) this.#reached(this.#up, 'confirmed');
  }

  /** A viewer asked for the stream, for the first time or again. */
  viewerAsked(viewer: ParticipantId): void {
    const former = this.#viewers.get(viewer);
    const entry = newEntry('down');
    const unfinished =
      former?.progress.status.state === 'establishing' || former?.progress.status.state === 'repairing';
    if (former && unfinished) entry.begunAt = former.begunAt;
    entry.progress.reached('permitted', performance.now());
    this.#viewers.set(viewer, entry);
    this.#changed();
  }

  viewerReached(viewer: ParticipantId, step: LegStep): void {
    const entry = this.#viewers.get(viewer);
    if (entry) this.#reached(entry, step);
  }

  /** A viewer's browser tells what it decoded, or what it is trying. */
  viewerReported(viewer: ParticipantId, status: LegStatus): void {
    let entry = this.#viewers.get(viewer);
    if (!entry) return;
    const { state, step, cause, detail } = status;
    if (state === 'confirmed' && entry.progress.status.state === 'failed') {
      // What was given up and is seen after all is proven.
      entry = newEntry('down');
      this.#viewers.set(viewer, entry);
    }
    if (state === 'failed' && cause) this.#fail(entry, this.#causeFor(entry, cause), detail);
    else if (state === 'repairing' && cause) {
      if (cause === 'nothing-arrives' || cause === 'viewer-cannot-decode') this.#askForKeyframe(viewer);
      this.#repair(entry, step, this.#causeFor(entry, cause), detail);
    } else this.#reached(entry, step);
  }

  /** A viewer watches no longer. Who gave up stays, with the cause. */
  viewerStopped(viewer: ParticipantId): void {
    const state = this.#viewers.get(viewer)?.progress.status.state;
    if (state !== 'failed' && state !== 'repairing') this.viewerGone(viewer);
  }

  /** A viewer has left the room. */
  viewerGone(viewer: ParticipantId): void {
    if (this.#viewers.delete(viewer)) this.#changed();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #allFlow(): boolean {
    const { audio, video } = this.#options;
    return (!audio || this.#flowing.has('audio')) && (!video || this.#flowing.has('video'));
  }

  #reached(entry: LegEntry, step: LegStep): void {
    if (entry.progress.reached(step, performance.now())) this.#changed();
  }

  #repair(entry: LegEntry, step: LegStep, cause: FailureCause, detail?: string): void {
    const { state } = entry.progress.status;
    const now = performance.now();
    if (state === 'confirmed') entry.begunAt = now;
    entry.progress.repairing(step, cause, now, detail);
    this.#changed();
  }

  #fail(entry: LegEntry, cause: FailureCause, detail?: string): void {
    entry.progress.fail(cause, detail);
    this.#changed();
  }

  #changed(): void {
    if (this.#closed) return;
    this.#options.onChange();
    this.#watchDeadlines();
  }

  #watchDeadlines(): void {
    clearTimeout(this.#timer);
    const deadlines = this.#entries.flatMap((entry) => deadlineOf(entry) ?? []);
    if (deadlines.length === 0 || this.#closed) return;
    const wait = Math.max(0, Math.min(...deadlines) - performance.now());
    this.#timer = setTimeout(() => this.#onDeadline(), Math.ceil(wait));
  }

  #onDeadline(): void {
    const now = performance.now();
    for (const entry of this.#entries) {
      const deadline = deadlineOf(entry);
      // What is wrong when the next step is not reached, even if it still had a little time.
      const cause = entry.progress.overdue(Number.POSITIVE_INFINITY);
      if (cause === undefined || deadline === undefined || now < deadline) continue;
      const viewer = this.#viewerOf(entry);
      this.#options.onOverdue(viewer, entry.progress.status.step, this.#causeFor(entry, cause));
      // What the browser itself has seen is more exact.
      const { step, cause: told, detail } = entry.progress.status;
      const why = told !== null && detail !== undefined ? told : this.#causeFor(entry, cause);
      if (now - entry.begunAt >= ESTABLISHMENT_LIMIT_MS) entry.progress.fail(why, detail);
      else {
        entry.progress.repairing(step, why, now, detail);
        if (cause === 'nothing-arrives' && viewer !== null) this.#askForKeyframe(viewer);
      }
    }
    this.#changed();
  }

  #askForKeyframe(viewer: ParticipantId): void {
    const now = performance.now();
    const elapsed = now - this.#keyframeAskedAt;
    if (elapsed < KEYFRAME_PAUSE_MS) return;
    this.#keyframeAskedAt = now;
    this.#options.onKeyframeNeeded(viewer, elapsed < KEYFRAME_MISSED_MS);
  }

  /** A viewer who gets nothing because nothing is sent is not at fault, nor is their network. */
  #causeFor(entry: LegEntry, cause: FailureCause): FailureCause {
    const senderSilent = this.#up.progress.status.state !== 'confirmed';
    return entry !== this.#up && cause === 'nothing-arrives' && senderSilent ? 'sender-sends-nothing' : cause;
  }

  #viewerOf(entry: LegEntry): ParticipantId | null {
    for (const [viewer, other] of this.#viewers) if (other === entry) return viewer;
    return null;
  }

  get #entries(): LegEntry[] {
    return [this.#up, ...this.#viewers.values()];
  }
}

/** When something has to be done about a leg: its next step is overdue, or all of it; undefined while nothing is waited for. */
function deadlineOf({ progress, begunAt }: LegEntry): number | undefined {
  const { deadline } = progress;
  return deadline === undefined ? undefined : Math.min(deadline, begunAt + ESTABLISHMENT_LIMIT_MS);
}

function newEntry(direction: 'up' | 'down'): LegEntry {
  const now = performance.now();
  return { progress: new LegProgress(direction, now), begunAt: now };
}
