// A recording while it runs: who started it, and its pieces. Holds; the recording service decides.
import type { HeldRecording } from '../continuity/live-state.ts';
import type { ParticipantId, RecordingId, RunningRecording } from '@parley/protocol';
import type { Piece } from './piece.ts';

export class ActiveRecording {
  readonly id: RecordingId;
  readonly startedBy: ParticipantId;
  /** ms since 1970 */
  readonly startedAt: number;
  /** Those whose start is still under way too. */
  readonly pieces = new Set<Piece>();
  /** Fulfilled when its row is in the database, which the pieces' rows refer to. */
  stored: Promise<void> = Promise.resolve();
  /** The room was told: it did come to be. */
  announced = false;
  /** No piece may be added any more. */
  ended = false;

  constructor(id: RecordingId, startedBy: ParticipantId, startedAt: number) {
    this.id = id;
    this.startedBy = startedBy;
    this.startedAt = startedAt;
  }

  /** What the next life of this server needs to go on recording. */
  get held(): HeldRecording {
    const { id, startedBy, startedAt } = this;
    return { id, startedBy, startedAt, pieces: [...this.pieces].flatMap(({ held }) => held ?? []) };
  }

  /** @param now in ms since 1970 */
  describe(now = Date.now()): RunningRecording {
    const { id, startedBy, startedAt } = this;
    // This clock may be set back meanwhile.
    return { id, startedBy, startedAt, runningMs: Math.max(0, now - startedAt) };
  }
}
