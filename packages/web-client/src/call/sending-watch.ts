// Watches an up leg of which the server says that nothing arrives: whether this browser sends at all. Only then is the way
// to be repaired, and not a device or its owner at fault.
import type { LegStatus } from '@parley/protocol';
import { readStats, type StatsReport } from './leg-trace.ts';

/** How often it is looked whether packets leave while the server misses them, in ms. */
const POLL_MS = 500;

export interface SendingWatchOptions {
  getStats(): Promise<StatsReport>;
  /** Whether the server gets what is sent; told when that is known anew. */
  onMedia(comes: boolean): void;
}

export class SendingWatch {
  readonly #options: SendingWatchOptions;
  #missed = false;
  #sent: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: SendingWatchOptions) {
    this.#options = options;
  }

  /** What the server says of this leg. */
  serverSees({ state, cause }: LegStatus): void {
    const missed = cause === 'sender-sends-nothing' && (state === 'repairing' || state === 'failed');
    if (this.#closed || missed === this.#missed) return;
    this.#missed = missed;
    clearTimeout(this.#timer);
    if (missed) void this.#look();
    else {
      this.#sent = undefined;
      this.#options.onMedia(true);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const report = await readStats(() => this.#options.getStats());
    if (this.#closed || !this.#missed) return;
    this.#timer = setTimeout(() => void this.#look(), POLL_MS);
    if (!report) return;
    const sent = packetsSent(report);
    if (this.#sent !== undefined && sent > this.#sent) this.#options.onMedia(false);
    this.#sent = sent;
  }
}

function packetsSent(report: StatsReport): number {
  let sent = 0;
  report.forEach((entry) => {
    const stats = entry as { type: string; packetsSent?: number };
    if (stats.type === 'outbound-rtp') sent += stats.packetsSent ?? 0;
  });
  return sent;
}
