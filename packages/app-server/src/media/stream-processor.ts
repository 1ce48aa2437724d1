// The streams of all rooms: who may start one, who is told, and when it ends. What a stream is on the media server is
// `stream.ts`; whose messages these are was checked by the Kurento handler.
import { StreamId, type EndReason, type Leg, type RequestParams } from '@parley/protocol';
import type { Logger } from 'pino';
import type { HeldStream } from '../continuity/live-state.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import { newId } from '../new-id.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import { Refusal } from '../refusal.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/room-registry.ts';
import type { Tracing } from '../trace/tracing.ts';
import type { IceServers } from './ice-servers.ts';
import { Stream, type StreamOptions } from './stream.ts';

export interface StreamProcessorOptions {
  mediaServer: MediaServer;
  tracing: Tracing;
  rooms: RoomRegistry;
  recordings: RecordingService;
  iceServers: IceServers;
  installation: string;
  /** A stream has begun, ended or changed, or somebody watches it or no longer. */
  onChange?: () => void;
  log: Logger;
}

/** How long a permission to broadcast is good for, in ms: the browser has its camera already when it asks. */
export const PERMISSION_MS = 15_000;

/** Soon enough for people, and one message instead of five while a leg comes up, in ms. */
const LEDGER_PAUSE_MS = 150;

type Wish = RequestParams<'requestBroadcast'>;

export class StreamProcessor {
  readonly #options: StreamProcessorOptions;
  readonly #log: Logger;
  readonly #changed = (): void => this.#options.onChange?.();
  readonly #permissions = new Map<StreamId, NodeJS.Timeout>();
  readonly #changedLedgers = new Map<StreamId, NodeJS.Timeout>();

  constructor(options: StreamProcessorOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /**
   * Permits a participant to broadcast a camera or a screen.
   * @throws Refusal
   */
  permit(owner: Participant, wish: Wish): Stream {
    if (!this.#options.mediaServer.available) throw Refusal.mediaServerUnreachable();
    if (!wish.audio && !wish.video) throw Refusal.invalidMessage('a stream needs audio or video');
    this.#makeRoomFor(owner, wish.kind);
    const stream = this.#newStream(owner, { ...wish, id: newId(StreamId) });
    const timer = setTimeout(() => {
      this.#log.info({ stream: stream.id }, 'a permission to broadcast was not used');
      void this.stop(stream, 'failed');
    }, PERMISSION_MS);
    this.#permissions.set(stream.id, timer);
    return stream;
  }

  /** Takes over a stream that a former life of this server left running. False when it does not run any more. */
  async adopt(owner: Participant, held: HeldStream): Promise<boolean> {
    const stream = this.#newStream(owner, held);
    try {
      await stream.adopt(held);
      return true;
    } catch (err) {
      this.#log.info({ err, stream: stream.id }, 'a stream could not be taken over');
      await this.stop(stream, 'failed');
      return false;
    }
  }

  /**
   * Starts a permitted stream; from then on others see it.
   * @throws Refusal; MediaServerError; the stream is gone then
   */
  async start(stream: Stream, sdpOffer: string): Promise<string> {
    if (stream.state !== 'permitted') throw Refusal.invalidMessage('this stream was started before');
    this.#dropPermission(stream);
    try {
      return await stream.start(sdpOffer);
    } catch (error) {
      // The owner gets the error as the answer to the request.
      await this.stop(stream, 'failed', stream.owner);
      throw error;
    }
  }

  /** Ends a stream and tells the room, but for `except`. Resolves when nothing of it is left; never rejects. */
  async stop(stream: Stream, reason: EndReason, except?: Participant): Promise<void> {
    const { room } = stream.owner;
    this.#dropPermission(stream);
    clearTimeout(this.#changedLedgers.get(stream.id));
    this.#changedLedgers.delete(stream.id);
    const visible = stream.state === 'running';
    this.#changed();
    if (room.streams.delete(stream.id)) {
      this.#log.info({ room: room.id, stream: stream.id, reason }, 'stream stopped');
      if (visible) room.tell('streamStopped', { stream: stream.id, reason }, except);
      else if (stream.owner !== except) stream.owner.notify('streamStopped', { stream: stream.id, reason });
    }
    await stream.close();
  }

  /** Tells a participant who receives what, after they have entered. */
  tellLedgers(participant: Participant): void {
    for (const stream of participant.room.runningStreams())
      participant.notify('ledger', stream.ledger.describe());
  }

  /**
   * The legs of a participant who has come back. What the former connection did not finish is ended: its offer has no
   * peer connection any more.
   */
  legsOf(participant: Participant): Leg[] {
    const legs: Leg[] = [];
    for (const stream of [...participant.room.streams.values()]) {
      const { id, owner, state } = stream;
      if (owner === participant && state !== 'running') void this.stop(stream, 'connection-lost', owner);
      else if (owner === participant) legs.push({ kind: 'up', stream: id });
      else if (stream.isWatchedBy(participant.id)) legs.push({ kind: 'down', stream: id });
    }
    return legs;
  }

  setMuted(stream: Stream, muted: boolean): void {
    if (stream.muted === muted) return;
    stream.muted = muted;
    this.#changed();
    if (stream.state === 'running')
      stream.owner.room.tell('streamChanged', { stream: stream.describe() }, stream.owner);
  }

  /** Ends a participant's streams and takes them away from the others' viewers. Never rejects. */
  async leave(participant: Participant, reason: EndReason): Promise<void> {
    await Promise.all(
      [...participant.room.streams.values()].map((stream) =>
        stream.owner === participant ? this.stop(stream, reason) : stream.viewerLeft(participant.id),
      ),
    );
  }

  /** Ends every stream of every room: their objects are gone with the media server. */
  async mediaServerLost(): Promise<void> {
    await Promise.all(
      this.#options.rooms
        .all()
        .flatMap((room) => [...room.streams.values()])
        .map((stream) => this.stop(stream, 'media-server-lost')),
    );
  }

  #newStream(owner: Participant, what: Pick<StreamOptions, 'id' | keyof Wish>): Stream {
    const { mediaServer, tracing, installation } = this.#options;
    const { id, kind, audio, video, muted } = what;
    const stream: Stream = new Stream({
      id,
      kind,
      audio,
      video,
      muted,
      owner,
      mediaServer,
      tracing,
      installation,
      log: this.#log,
      onStarted: () => this.#announce(stream),
      onMediaLost: () => void this.stop(stream, 'media-lost'),
      onLedgerChanged: () => this.#ledgerChanged(stream),
    });
    owner.room.streams.set(stream.id, stream);
    return stream;
  }

  /** Several changes within a moment are told as one. */
  #ledgerChanged(stream: Stream): void {
    this.#changed();
    if (this.#changedLedgers.has(stream.id)) return;
    const timer = setTimeout(() => {
      this.#changedLedgers.delete(stream.id);
      if (stream.state === 'running') stream.owner.room.tell('ledger', stream.ledger.describe());
    }, LEDGER_PAUSE_MS);
    this.#changedLedgers.set(stream.id, timer);
  }

  #announce(stream: Stream): void {
    this.#changed();
    const { owner } = stream;
    this.#log.info(
      { room: stream.room, stream: stream.id, participant: owner.id, kind: stream.kind },
      'stream started',
    );
    for (const participant of owner.room.participants.values())
      if (participant !== owner)
        participant.notify('streamStarted', {
          stream: stream.describe(),
          iceServers: this.#options.iceServers.for(participant.id),
        });
    this.#options.recordings.streamStarted(stream);
  }

  /** One camera and one screen per participant, one screen per room. One that was only permitted makes way. */
  #makeRoomFor(owner: Participant, kind: Stream['kind']): void {
    for (const other of owner.room.streams.values()) {
      if (other.kind !== kind || (kind === 'camera' && other.owner !== owner)) continue;
      if (other.owner === owner && other.state === 'permitted') void this.stop(other, 'stopped', owner);
      else if (kind === 'screen')
        throw new Refusal('screen-already-shared', 'a screen is being shared in this room already');
      else throw Refusal.tooManyRequests('this camera is being broadcast already');
    }
  }

  #dropPermission(stream: Stream): void {
    clearTimeout(this.#permissions.get(stream.id));
    this.#permissions.delete(stream.id);
  }
}
