// Follows one down connection and tells how far it has got: its own states first, then what its statistics prove.
import type { LegStatus, StreamKind } from '@parley/protocol';
import { countsOf, LegEvidence, progress } from './leg-evidence.ts';
import { readStats } from './leg-trace.ts';
import { isIceConnected } from './peer-leg.ts';

/** How often the statistics are looked at, in ms: soon while something is waited for, seldom while all is well. */
const POLL_MS = { waiting: 500, confirmed: 2_000 } as const;
/**
 * How long a connected leg may bring no packet at all, in ms, before something is done about it: at first, and once it was
 * seen. A shared screen on which nothing moves sends little.
 */
const MEDIA_DEADLINE_MS = { first: 2_000, camera: 3_000, screen: 5_000 } as const;

export interface EvidenceWatchOptions {
  connection: RTCPeerConnection;
  kind: StreamKind;
  audio: boolean;
  video: boolean;
  /** Whether the server sees the sender's media: without them, silence is not this leg's fault. */
  senderSends(): boolean;
  onStatus(status: LegStatus): void;
  /** Told with every look at which it is known whether anything arrives that was sent. */
  onMedia(comes: boolean): void;
}

export class EvidenceWatch {
  readonly #options: EvidenceWatchOptions;
  #evidence: LegEvidence | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: EvidenceWatchOptions) {
    this.#options = options;
    const { connection } = options;
    connection.addEventListener('iceconnectionstatechange', () => {
      if (!this.#closed && !this.#evidence && isIceConnected(connection))
        options.onStatus(progress('ice-connected'));
    });
  }

  /** The connection is up, for the first time or again. */
  connected(): void {
    if (this.#closed || this.#evidence) return;
    const { audio, video } = this.#options;
    this.#evidence = new LegEvidence({ audio, video, since: performance.now() });
    this.#options.onStatus(progress('dtls-connected'));
    this.#timer = setTimeout(() => void this.#look(), POLL_MS.waiting);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const evidence = this.#evidence;
    const report = await readStats(() => this.#options.connection.getStats());
    if (this.#closed || !evidence) return;
    if (!report) {
      this.#timer = setTimeout(() => void this.#look(), POLL_MS.waiting);
      return;
    }
    const now = performance.now();
    const status = evidence.observe(countsOf(report), now, document.visibilityState === 'visible');
    const patience = MEDIA_DEADLINE_MS[evidence.confirmed ? this.#options.kind : 'first'];
    const silent = evidence.silentFor(now) >= patience && this.#options.senderSends();
    this.#timer = setTimeout(
      () => void this.#look(),
      POLL_MS[status.state === 'confirmed' ? 'confirmed' : 'waiting'],
    );
    this.#options.onStatus(status);
    if (silent || evidence.silentFor(now) === 0) this.#options.onMedia(!silent);
  }
}
