// One person's presence in one room: who they are, and how their browser is told something while it is connected.
import { createHash, timingSafeEqual } from 'node:crypto';
import type {
  NotificationName,
  NotificationParams,
  Participant as ParticipantDescription,
} from '@parley/protocol';
import type { ParticipantId } from '@parley/protocol';
import type { HeldParticipant } from '../continuity/live-state.ts';
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
  /** Known to this participant's browser only; of one who is restored no more than its hash is known. */
  secret: string | { hash: string };
  name: string;
  room: Room;
  /** Undefined: away. */
  seat: Seat | undefined;
}

export class Participant {
  readonly id: ParticipantId;
  readonly room: Room;
  name: string;
  #seat: Seat | undefined;
  readonly #secretHash: string;
  #secret: string | undefined;

  constructor({ id, secret, name, room, seat }: ParticipantOptions) {
    this.id = id;
    this.#secret = typeof secret === 'string' ? secret : undefined;
    this.#secretHash = typeof secret === 'string' ? hashOf(secret) : secret.hash;
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
    const [own, other] = [Buffer.from(this.#secretHash), Buffer.from(hashOf(claimed))];
    const has = own.length === other.length && timingSafeEqual(own, other);
    if (has) this.#secret ??= claimed;
    return has;
  }

  /** Asked for only after it was made or proven. */
  get secret(): string {
    if (this.#secret === undefined) throw new Error('the secret of a restored participant is not known yet');
    return this.#secret;
  }

  /** What the next life of this server needs to know them again. */
  get held(): HeldParticipant {
    return { id: this.id, name: this.name, secretHash: this.#secretHash };
  }

  describe(): ParticipantDescription {
    const { id, name } = this;
    return this.#seat ? { id, name } : { id, name, away: true };
  }
}

/** 128 random bits need no salt and no slow hash. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
