// The streams of others that this browser watches: one down leg for each that runs in the room.
import type { Candidate, IceServer, Leg, LegStatus, StreamDescription, StreamId } from '@parley/protocol';
import { legKey } from './peer-leg.ts';
import { WatchedStream, type WatchedStreamOptions } from './watched-stream.ts';

export interface WatchedStreamsOptions extends Pick<
  WatchedStreamOptions,
  'signalling' | 'createPeerConnection' | 'sendCandidate' | 'onChange' | 'onTrace'
> {
  /** The streams of the room at the moment, without one's own. */
  streams(): ReadonlyMap<StreamId, { description: StreamDescription; iceServers: readonly IceServer[] }>;
  /** Whether there is a connection to the server, by which watching can begin. */
  connected(): boolean;
  /** Whether the server sees this stream's media. */
  senderSends(stream: StreamId): boolean;
  /** Tells the server how a leg fares. */
  report(stream: StreamId, status: LegStatus): void;
}

export class WatchedStreams {
  readonly #options: WatchedStreamsOptions;
  readonly #watched = new Map<StreamId, WatchedStream>();
  #soundBlocked = false;
  /** The latest; those that came with a stream may have ended since. */
  #renewed: readonly IceServer[] | undefined;

  constructor(options: WatchedStreamsOptions) {
    this.#options = options;
  }

  get all(): ReadonlyMap<StreamId, WatchedStream> {
    return this.#watched;
  }

  /** Watches what has come and drops what has gone. */
  follow(before: Iterable<StreamId>): void {
    const former = new Set(before);
    const present = this.#options.streams();
    for (const id of former) if (!present.has(id)) this.#unwatch(id);
    for (const id of present.keys()) if (!former.has(id)) this.watch(id);
  }

  /** Begins to watch a stream, or begins anew. */
  watch(id: StreamId): void {
    const stream = this.#options.streams().get(id);
    if (!stream || !this.#options.connected()) return;
    this.#unwatch(id);
    const { signalling, createPeerConnection, sendCandidate, onChange, onTrace } = this.#options;
    const watched = new WatchedStream({
      signalling,
      createPeerConnection,
      sendCandidate,
      onChange,
      onTrace,
      stream: stream.description,
      iceServers: this.#renewed ?? stream.iceServers,
      senderSends: () => this.#options.senderSends(id),
      report: (status) => this.#options.report(id, status),
    });
    watched.setSoundBlocked(this.#soundBlocked);
    this.#watched.set(id, watched);
    watched.start();
  }

  /** Begins to watch everything in the room. */
  begin(): void {
    for (const id of this.#options.streams().keys()) this.watch(id);
  }

  /** Keeps what runs here and at the server (`legs`), ends what the room has no more, and begins the rest. */
  resume(legs: readonly Leg[]): void {
    const running = new Set(legs.map(legKey));
    const present = this.#options.streams();
    for (const id of [...this.#watched.keys()]) if (!present.has(id)) this.#unwatch(id);
    for (const id of present.keys()) {
      const watched = this.#watched.get(id);
      const kept = watched?.isUp && running.has(legKey({ kind: 'down', stream: id }));
      if (kept) watched.resumed();
      else this.watch(id);
    }
  }

  /** What was being negotiated cannot be any more; what is connected may last longer than the loss. */
  closeUnfinished(): void {
    for (const [id, watched] of [...this.#watched]) if (!watched.isUp) this.#unwatch(id);
  }

  addRemoteCandidate(stream: StreamId, candidate: Candidate): void {
    this.#watched.get(stream)?.addRemoteCandidate(candidate);
  }

  /** The browser holds the others' sound back until the person presses something, or no longer. */
  setSoundBlocked(blocked: boolean): void {
    this.#soundBlocked = blocked;
    for (const watched of this.#watched.values()) watched.setSoundBlocked(blocked);
  }

  /** The network has changed: interruptions are mended at once. */
  hurry(): void {
    for (const watched of this.#watched.values()) watched.hurry();
  }

  /** Takes new credentials for every leg of now and later. */
  async renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    this.#renewed = iceServers;
    await Promise.all([...this.#watched.values()].map((watched) => watched.renewIceServers(iceServers)));
  }

  /** Ends every leg at this side; watching can begin again. */
  close(): void {
    for (const id of [...this.#watched.keys()]) this.#unwatch(id);
  }

  #unwatch(id: StreamId): void {
    this.#watched.get(id)?.close();
    this.#watched.delete(id);
  }
}
