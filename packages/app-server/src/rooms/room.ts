// A room while somebody is in it: who is there, their streams, and the recording that runs. Holds; decides nothing.
import type { NotificationName, NotificationParams, ParticipantId, RoomId, StreamId } from '@parley/protocol';
import type { Stream } from '../media/stream.ts';
import type { ActiveRecording } from '../recordings/active-recording.ts';
import type { Participant } from './participant.ts';

export class Room {
  readonly id: RoomId;
  readonly participants = new Map<ParticipantId, Participant>();
  /** Every stream, those that are only permitted too. */
  readonly streams = new Map<StreamId, Stream>();
  recording: ActiveRecording | undefined;

  constructor(id: RoomId) {
    this.id = id;
  }

  runningStreams(): Stream[] {
    return [...this.streams.values()].filter((stream) => stream.state === 'running');
  }

  /** Tells everyone in the room, but for `except`. */
  tell<Name extends NotificationName>(
    name: Name,
    params: NotificationParams<Name>,
    except?: Participant,
  ): void {
    for (const participant of this.participants.values())
      if (participant !== except) participant.notify(name, params);
  }
}
