// Entering and leaving a room, with all that hangs on it: streams, viewers, the recording. In one place, because a
// browser can leave by asking, by closing its page, or by going silent; and come back as who it was.
import type { EndReason, ParticipantId, RequestParams, RequestResult, RoomId } from '@parley/protocol';
import type { Logger } from 'pino';
import type { IceServers } from '../media/ice-servers.ts';
import type { StreamProcessor } from '../media/stream-processor.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import type { Participant, Seat } from './participant.ts';
import { MAX_PARTICIPANTS, type RoomRegistry } from './room-registry.ts';

/** How long a browser whose connection was lost may take to come back, in ms. */
export interface Patience {
  /** And find its legs as they were. */
  legsMs: number;
  /** And be the participant who it was. */
  participantMs: number;
  /** The same as `legsMs` after this server was restarted: nobody could come back before. */
  legsAfterRestartMs?: number;
}

/** Longer than a browser that finds nobody waits until it tries again, in ms. */
const LEGS_AFTER_RESTART_MS = 15_000;

/** Endpoints have to be gone after 2 s, and releasing them takes its time. */
export const PATIENCE: Patience = { legsMs: 1_200, participantMs: 30_000 };

export interface AttendanceOptions {
  rooms: RoomRegistry;
  streams: StreamProcessor;
  recordings: RecordingService;
  patience?: Patience | undefined;
  iceServers: IceServers;
  log: Logger;
}

type Joined = { participant: Participant; result: RequestResult<'join'> };

export class Attendance {
  readonly #options: AttendanceOptions;
  readonly #patience: Patience;
  /** Those who are away, in the order of their going, with what will happen to them. */
  readonly #away = new Map<Participant, NodeJS.Timeout[]>();
  /** Those who closed their page a moment ago: perhaps to load it again. */
  readonly #closedPage = new Map<ParticipantId, { participant: Participant; timer: NodeJS.Timeout }>();

  constructor(options: AttendanceOptions) {
    this.#options = options;
    this.#patience = options.patience ?? PATIENCE;
  }

  /**
   * @param stillThere asked after the database was: false when the browser has gone meanwhile
   * @throws Refusal ('room-gone', 'room-full')
   */
  async join(
    { room: id, name, resume }: RequestParams<'join'>,
    seat: Seat,
    stillThere: () => boolean,
  ): Promise<Joined | undefined> {
    const { rooms, streams, log } = this.#options;
    await rooms.checkExists(id);
    if (!stillThere()) return undefined;
    // From here to the end nothing is waited for: a stream is either in the list or announced, never both or neither.
    const former = resume && this.#former(id, resume);
    const present = former && former.room.participants.get(former.id) === former;
    if (!present) this.#makeRoom(id);
    const participant = present ? former : rooms.enter(id, name, seat, former);
    const { room } = participant;
    if (present) this.#takeBack(participant, name, seat);
    else if (former) this.#forgetClosedPage(former.id);
    log.info(
      { room: id, participant: participant.id, participants: room.participants.size, resumed: !!former },
      'joined',
    );
    const legs = present ? streams.legsOf(participant) : [];
    streams.tellLedgers(participant);
    return {
      participant,
      result: {
        self: participant.describe(),
        secret: participant.secret,
        legs,
        participants: [...room.participants.values()]
          .filter((other) => other !== participant)
          .map((other) => other.describe()),
        streams: room.runningStreams().map((stream) => stream.describe()),
        iceServers: this.#options.iceServers.for(participant.id),
        recording: room.recording?.announced ? room.recording.describe() : null,
      },
    };
  }

  /** Resolves when nothing of the participant is left on the media server. Never rejects. */
  async leave(participant: Participant, reason: EndReason): Promise<void> {
    const { rooms, streams, recordings, log } = this.#options;
    const { room } = participant;
    this.#noLongerAway(participant);
    rooms.remove(participant);
    log.info({ room: room.id, participant: participant.id, reason }, 'left');
    const ended = streams.leave(participant, reason);
    room.tell('participantLeft', { participant: participant.id, reason });
    await ended;
    if (room.participants.size === 0) await recordings.stopIfRunning(room);
  }

  /**
   * A connection has ended without `leave`. Whoever closed the page has left; whoever was cut off is waited for. A
   * participant who has another connection by now is not concerned. Never rejects.
   */
  async disconnected(participant: Participant, seat: Seat, reason: EndReason): Promise<void> {
    if (participant.seat !== seat) return;
    if (reason === 'left') {
      const timer = setTimeout(() => this.#forgetClosedPage(participant.id), this.#patience.participantMs);
      this.#closedPage.set(participant.id, { participant, timer });
      return this.leave(participant, reason);
    }
    const { room, id } = participant;
    participant.sit(undefined);
    this.#options.log.info({ room: room.id, participant: id }, 'away');
    room.tell('participantChanged', { participant: participant.describe() });
    this.#waitFor(participant, this.#patience.legsMs, reason);
  }

  /** Waits for a participant of a former life of this server, who could not come back until now. */
  expect(participant: Participant): void {
    const { legsAfterRestartMs = LEGS_AFTER_RESTART_MS } = this.#patience;
    this.#waitFor(participant, legsAfterRestartMs, 'connection-lost');
  }

  /** Waits for nobody any more; resolves when nothing of them is left. Idempotent. */
  async close(): Promise<void> {
    for (const id of [...this.#closedPage.keys()]) this.#forgetClosedPage(id);
    await Promise.all(
      [...this.#away.keys()].map((participant) => this.leave(participant, 'connection-lost')),
    );
  }

  /** Who a browser says it was, if it can prove it: in the room still, or gone from there a moment ago. */
  #former(
    room: RoomId,
    { participant: id, secret }: NonNullable<RequestParams<'join'>['resume']>,
  ): Participant | undefined {
    const former =
      this.#options.rooms.get(room)?.participants.get(id) ?? this.#closedPage.get(id)?.participant;
    return former?.room.id === room && former.hasSecret(secret) ? former : undefined;
  }

  #takeBack(participant: Participant, name: string, seat: Seat): void {
    const changed = !participant.seat || participant.name !== name;
    this.#noLongerAway(participant);
    participant.name = name;
    participant.sit(seat);
    this.#options.rooms.changed();
    if (changed)
      participant.room.tell('participantChanged', { participant: participant.describe() }, participant);
  }

  /** Whoever is there counts more than whoever is waited for. */
  #makeRoom(id: RoomId): void {
    const room = this.#options.rooms.get(id);
    if (!room || room.participants.size < MAX_PARTICIPANTS) return;
    for (const participant of this.#away.keys())
      if (participant.room === room) return void this.leave(participant, 'connection-lost');
  }

  #waitFor(participant: Participant, legsMs: number, reason: EndReason): void {
    this.#away.set(participant, [
      setTimeout(() => void this.#options.streams.leave(participant, reason), legsMs),
      setTimeout(() => void this.leave(participant, reason), this.#patience.participantMs),
    ]);
  }

  #noLongerAway(participant: Participant): void {
    for (const timer of this.#away.get(participant) ?? []) clearTimeout(timer);
    this.#away.delete(participant);
  }

  #forgetClosedPage(id: ParticipantId): void {
    clearTimeout(this.#closedPage.get(id)?.timer);
    this.#closedPage.delete(id);
  }
}
