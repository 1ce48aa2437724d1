// Places the frames of an audio and a video track on one time line that starts at the first frame and stands still
// during pauses. Knows RTP clocks and sender reports, not files.
import type { ClockMapping, MediaKind } from '../forwarding/track.ts';

/** Between two frames of a track, RTP clock and arrival may differ by this much before the RTP clock is doubted. */
const MAX_CLOCK_DISAGREEMENT_MS = 5_000;

/** Sender reports may move the picture against its arrival by this much; more means that two hosts' clocks differ. */
const MAX_SYNC_CORRECTION_MS = 1_000;

/** How far a correction moves the picture per frame, in ms: too little to be seen, 60 ms per second at 30 frames. */
const CORRECTION_STEP_MS = 2;

/** What the time line needs to know of a frame. */
export interface FrameTime {
  readonly kind: MediaKind;
  /** RTP timestamp without wrap-around, in ticks of `clockRate`. */
  readonly ticks: number;
  readonly clockRate: number;
  /** In ms of the monotonic clock. */
  readonly arrivedAt: number;
  readonly clockMapping: ClockMapping | undefined;
}

interface TrackClock {
  /** Of the newest frame: `at` is its moment on the monotonic clock by the RTP clock, in ms, correction not included. */
  last: { ticks: number; arrivedAt: number; at: number };
  /** What sender reports add, in ms; undefined before the first frame is placed. */
  correction: number | undefined;
  /** ms since 1900 of the newest frame by the sender's clock, when known. */
  ntpMs: number | undefined;
}

export class Timeline {
  readonly #clocks = new Map<MediaKind, TrackClock>();
  #origin: number | undefined;
  #paused = 0;

  /** Takes `ms` out of the time line: everything placed from now on moves forward by it. */
  skip(ms: number): void {
    if (this.#origin !== undefined) this.#paused += ms;
  }

  /** The track starts anew (another source, another SSRC): its next frame is placed by its arrival. */
  restart(kind: MediaKind): void {
    this.#clocks.delete(kind);
  }

  /** The place of a frame in ms from the start; frames of a track come in decoding order. May be slightly negative. */
  place(frame: FrameTime): number {
    const clock = this.#advance(frame);
    clock.ntpMs = ntpOf(frame);
    // Sound is not bent: a hole in it can be heard. The picture follows it.
    if (frame.kind === 'video') this.#correct(clock);
    clock.correction ??= 0;
    const at = clock.last.at + clock.correction;
    this.#origin ??= at;
    return at - this.#origin - this.#paused;
  }

  #advance(frame: FrameTime): TrackClock {
    const { ticks, arrivedAt, clockRate } = frame;
    const clock = this.#clocks.get(frame.kind);
    if (!clock) {
      const last = { ticks, arrivedAt, at: arrivedAt };
      const started: TrackClock = { last, correction: undefined, ntpMs: undefined };
      this.#clocks.set(frame.kind, started);
      return started;
    }
    const byRtp = ((ticks - clock.last.ticks) / clockRate) * 1000;
    const byArrival = arrivedAt - clock.last.arrivedAt;
    const doubted = Math.abs(byRtp - byArrival) > MAX_CLOCK_DISAGREEMENT_MS;
    clock.last = { ticks, arrivedAt, at: clock.last.at + (doubted ? byArrival : byRtp) };
    return clock;
  }

  #correct(video: TrackClock): void {
    const audio = this.#clocks.get('audio');
    if (audio?.ntpMs === undefined || video.ntpMs === undefined) return;
    const wanted = audio.last.at + (video.ntpMs - audio.ntpMs) - video.last.at;
    if (Math.abs(wanted) > MAX_SYNC_CORRECTION_MS) return;
    if (video.correction === undefined) video.correction = wanted;
    const step = wanted - video.correction;
    video.correction += Math.max(-CORRECTION_STEP_MS, Math.min(CORRECTION_STEP_MS, step));
  }
}

function ntpOf({ ticks, clockRate, clockMapping }: FrameTime): number | undefined {
  if (!clockMapping) return undefined;
  // To 32 bits, signed: the shorter way round the RTP clock.
  const difference = (ticks - clockMapping.rtpTimestamp) | 0;
  return clockMapping.ntpMs + (difference / clockRate) * 1000;
}
