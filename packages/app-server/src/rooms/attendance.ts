// Entering and leaving a room, with all that hangs on it: streams, viewers, the recording. In one place, because a
// browser can leave by asking, by closing its page, or by going silent.
import type { EndReason, RequestParams, RequestResult } from '@parley/protocol';
import type { Logger } from 'pino';
import type { IceServers } from '../media/ice-servers.ts';
import type { StreamProcessor } from '../media/stream-processor.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import type { Notify, Participant } from './participant.ts';
import type { RoomRegistry } from './room-registry.ts';

export interface AttendanceOptions {
  rooms: RoomRegistry;
  streams: StreamProcessor;
  recordings: RecordingService;
  iceServers: IceServers;
  log: Logger;
}

export class Attendance {
  readonly #options: AttendanceOptions;

  constructor(options: AttendanceOptions) {
    this.#options = options;
  }

  /**
   * @param stillThere asked after the database was: false when the browser has gone meanwhile
   * @throws Refusal ('room-gone', 'room-full')
   */
  async join(
    { room: id, name }: RequestParams<'join'>,
    notify: Notify,
    stillThere: () => boolean,
  ): Promise<{ participant: Participant; result: RequestResult<'join'> } | undefined> {
    const { rooms, streams, log } = this.#options;
    await rooms.checkExists(id);
    if (!stillThere()) return undefined;
    // From here to the end nothing is waited for: a stream is either in the list or announced, never both or neither.
    const participant = rooms.enter(id, name, notify);
    const { room } = participant;
    log.info({ room: id, participant: participant.id, participants: room.participants.size }, 'joined');
    streams.tellLedgers(participant);
    return {
      participant,
      result: {
        self: participant.describe(),
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
    rooms.remove(participant);
    log.info({ room: room.id, participant: participant.id, reason }, 'left');
    const ended = streams.leave(participant, reason);
    room.tell('participantLeft', { participant: participant.id, reason });
    await ended;
    if (room.participants.size === 0) await recordings.stopIfRunning(room);
  }
}
