// One person's presence in one room: who they are, and how their browser is told something while it is connected.
import { timingSafeEqual } from 'node:crypto';
import type {
  NotificationName,
  NotificationParams,
  Participant as ParticipantDescription,
} from '@parley/protocol';
import type { ParticipantId } from '@parley/protocol';
import type { Room } from './room.ts';

/** Sends a notification to one browser; does nothing once it is gone. */
export type Notify = <Name extends NotificationName>(name: Name, params: NotificationParams<Name>) => void;

/** The connection that a participant has at the moment. */
export interface Seat {
  readonly notify: Notify;
  /** Another connection has taken its place: it has no participant any more, and is closed. */
  replaced(): void;
}

export interface ParticipantOptions {
  id: ParticipantId;
  /** Known to this participant's browser only. */
  secret: string;
  name: string;
  room: Room;
  seat: Seat;
}

export class Participant {
  readonly id: ParticipantId;
  readonly secret: string;
  readonly room: Room;
  name: string;
  #seat: Seat | undefined;

  constructor({ id, secret, name, room, seat }: ParticipantOptions) {
    this.id = id;
    this.secret = secret;
    this.name = name;
    this.room = room;
    this.#seat = seat;
  }

  /** Undefined while the participant is away. */
  get seat(): Seat | undefined {
    return this.#seat;
  }

  readonly notify: Notify = (name, params) => this.#seat?.notify(name, params);

  /** Gives the participant another connection, or none; the former one is told. */
  sit(seat: Seat | undefined): void {
    const former = this.#seat;
    this.#seat = seat;
    if (seat) former?.replaced();
  }

  /** In constant time, so that a secret cannot be found out piece by piece. */
  hasSecret(claimed: string): boolean {
    const [own, other] = [Buffer.from(this.secret), Buffer.from(claimed)];
    return own.length === other.length && timingSafeEqual(own, other);
  }

  describe(): ParticipantDescription {
    const { id, name } = this;
    return this.#seat ? { id, name } : { id, name, away: true };
  }
}
