// One person's presence in one room: who they are, and how their browser is told something.
import type {
  NotificationName,
  NotificationParams,
  Participant as ParticipantDescription,
} from '@parley/protocol';
import type { ParticipantId } from '@parley/protocol';
import type { Room } from './room.ts';

/** Sends a notification to one browser; does nothing once it is gone. */
export type Notify = <Name extends NotificationName>(name: Name, params: NotificationParams<Name>) => void;

export interface ParticipantOptions {
  id: ParticipantId;
  name: string;
  room: Room;
  notify: Notify;
}

export class Participant {
  readonly id: ParticipantId;
  readonly name: string;
  readonly room: Room;
  readonly notify: Notify;

  constructor({ id, name, room, notify }: ParticipantOptions) {
    this.id = id;
    this.name = name;
    this.room = room;
    this.notify = notify;
  }

  describe(): ParticipantDescription {
    return { id: this.id, name: this.name };
  }
}
