// What a viewer's browser can prove of one down leg: whether packets come and whether they become frames and samples.
// Judges snapshots of the statistics; has no clock and no connection of its own.
import type { FailureCause, LegStatus, LegStep } from '@parley/protocol';

export type MediaKind = 'audio' | 'video';

/** Since the leg began. `decoded`: frames of a picture, samples of a sound; none that were made up to hide a loss. */
export interface KindCounts {
  packets: number;
  decoded: number;
}

export type LegCounts = Readonly<Record<MediaKind, KindCounts>>;

/** The members of `RTCInboundRtpStreamStats` (webrtc-stats) that are read; browsers leave out what they do not count. */
interface InboundStats {
  type: string;
  kind?: string;
  packetsReceived?: number;
  framesDecoded?: number;
  jitterBufferEmittedCount?: number;
  totalSamplesReceived?: number;
  concealedSamples?: number;
}

/** How long an expected picture or sound may bring nothing new, in ms, before something is wrong with it. */
export const SILENCE_MS = 5_000;
/** How long it may stay wrong, in ms, before the leg counts as failed; as long as the server waits. */
export const GIVE_UP_MS = 13_000;

/** Reads the counts of a receiving connection from what `getStats` gives. */
export function countsOf(report: { forEach(visit: (entry: unknown) => void): void }): LegCounts {
  const counts = { audio: { packets: 0, decoded: 0 }, video: { packets: 0, decoded: 0 } };
  report.forEach((entry) => {
    const stats = entry as InboundStats;
    if (stats.type !== 'inbound-rtp' || (stats.kind !== 'audio' && stats.kind !== 'video')) return;
    const kind = counts[stats.kind];
    kind.packets += stats.packetsReceived ?? 0;
    kind.decoded += stats.kind === 'video' ? (stats.framesDecoded ?? 0) : samplesOf(stats);
  });
  return counts;
}

/** The total counts the concealment of what never came as well, so that it grows without a single packet. */
function samplesOf(stats: InboundStats): number {
  return (
    stats.jitterBufferEmittedCount ??
    Math.max(0, (stats.totalSamplesReceived ?? 0) - (stats.concealedSamples ?? 0))
  );
}

/** When a kind was last seen to grow, in ms. */
interface Growth {
  packetsAt: number;
  decodedAt: number;
}

export interface EvidenceOptions {
  /** What the stream has. */
  audio: boolean;
  video: boolean;
  /** When the leg was connected, in ms of the clock that `observe` is given. */
  since: number;
}

export class LegEvidence {
  readonly #kinds: readonly MediaKind[];
  readonly #growth: Record<MediaKind, Growth>;
  #counts: LegCounts = { audio: { packets: 0, decoded: 0 }, video: { packets: 0, decoded: 0 } };
  #confirmed = false;

  constructor({ audio, video, since }: EvidenceOptions) {
    this.#kinds = [...(audio ? (['audio'] as const) : []), ...(video ? (['video'] as const) : [])];
    const growth = () => ({ packetsAt: since, decodedAt: since });
    this.#growth = { audio: growth(), video: growth() };
  }

  /** Judges the next snapshot. A page that is not `visible` may be spared its pictures by the browser. */
  observe(counts: LegCounts, now: number, visible: boolean): LegStatus {
    for (const kind of this.#kinds) {
      const [growth, before, after] = [this.#growth[kind], this.#counts[kind], counts[kind]];
      const arrives = after.packets > before.packets;
      const spared = !visible && (this.#confirmed || arrives);
      if (arrives) growth.packetsAt = now;
      if (after.decoded > before.decoded || spared) growth.decodedAt = now;
    }
    this.#counts = counts;
    if (this.#kinds.every((kind) => counts[kind].decoded > 0)) this.#confirmed = true;
    return this.#trouble(now) ?? progress(this.#reached);
  }

  /** Whether all that is expected was decoded at some time. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** For how long packets that have to come have not, in ms: of any kind, since one tells that the way is open. */
  silentFor(now: number): number {
    if (this.#watched.length === 0) return 0;
    return now - Math.max(...this.#kinds.map((kind) => this.#growth[kind].packetsAt));
  }

  /** Once it was heard, silence says nothing: a microphone may send nothing while nobody speaks (DTX). */
  get #watched(): readonly MediaKind[] {
    return this.#confirmed ? this.#kinds.filter((kind) => kind === 'video') : this.#kinds;
  }

  get #reached(): LegStep {
    if (this.#confirmed) return 'confirmed';
    const arriving = this.#kinds.every((kind) => this.#counts[kind].packets > 0);
    return arriving ? 'media-arriving' : 'dtls-connected';
  }

  #trouble(now: number): LegStatus | undefined {
    for (const kind of this.#watched) {
      const { packetsAt, decodedAt } = this.#growth[kind];
      if (now - decodedAt < SILENCE_MS) continue;
      const arrives = now - packetsAt < SILENCE_MS;
      const cause: FailureCause = arrives ? 'viewer-cannot-decode' : 'nothing-arrives';
      const step = arrives ? 'media-arriving' : 'dtls-connected';
      return { state: now - decodedAt < GIVE_UP_MS ? 'repairing' : 'failed', step, cause };
    }
    return undefined;
  }
}

/** The status of a leg that has got as far as `step` and with which nothing is wrong. */
export function progress(step: LegStep): LegStatus {
  return { state: step === 'confirmed' ? 'confirmed' : 'establishing', step, cause: null };
}

/** The status of a leg with which something is wrong. @param detail for whoever runs the server */
export function troubled(
  state: 'repairing' | 'failed',
  step: LegStep,
  cause: FailureCause,
  detail: string | undefined,
): LegStatus {
  return { state, step, cause, ...(detail !== undefined && { detail }) };
}
