// Whether media flows into an element and out of it, by kind, and what is told when that changes.
import type { MediaType } from '@parley/protocol';
import type { MediaKind } from '../forwarding/track.ts';
import type { Ticker } from '../ticker.ts';
import { FlowMonitor } from './flow-monitor.ts';

/** As observed at the original: video from outside is missed sooner than anything else. */
const VIDEO_OUT_SILENCE_MS = 2_000;
const SILENCE_MS = 4_000;

export type FlowDirection = 'In' | 'Out';

export interface MediaFlowsOptions {
  readonly ticker: Pick<Ticker, 'add' | 'remove'>;
  changed(direction: FlowDirection, kind: MediaKind, flowing: boolean): void;
  /** Called now and then while something flows. */
  goesOn(): void;
}

type Monitors = Readonly<Record<MediaKind, FlowMonitor>>;

export class MediaFlows {
  readonly in: Monitors;
  readonly out: Monitors;
  readonly #options: MediaFlowsOptions;
  readonly #tick = (now: number): void => this.#onTick(now);
  #closed = false;

  constructor(options: MediaFlowsOptions) {
    this.#options = options;
    const monitor = (direction: FlowDirection, kind: MediaKind, silenceMs: number) =>
      new FlowMonitor(silenceMs, (flowing) => this.#changed(direction, kind, flowing));
    this.in = { audio: monitor('In', 'audio', SILENCE_MS), video: monitor('In', 'video', SILENCE_MS) };
    this.out = {
      audio: monitor('Out', 'audio', SILENCE_MS),
      video: monitor('Out', 'video', VIDEO_OUT_SILENCE_MS),
    };
  }

  /** DATA does not count as flowing: its channels are silent most of the time. */
  isFlowing(direction: FlowDirection, mediaType: MediaType): boolean {
    if (mediaType === 'DATA') return false;
    const monitors = direction === 'In' ? this.in : this.out;
    return monitors[mediaType === 'AUDIO' ? 'audio' : 'video'].flowing;
  }

  /** Looks at the time no more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#options.ticker.remove(this.#tick);
  }

  #changed(direction: FlowDirection, kind: MediaKind, flowing: boolean): void {
    if (flowing && !this.#closed) this.#options.ticker.add(this.#tick);
    this.#options.changed(direction, kind, flowing);
  }

  /** Ticks only while something flows. */
  #onTick(now: number): void {
    const monitors = [...Object.values(this.in), ...Object.values(this.out)];
    for (const monitor of monitors) monitor.tick(now);
    if (monitors.some(({ flowing }) => flowing)) this.#options.goesOn();
    else this.#options.ticker.remove(this.#tick);
  }
}
