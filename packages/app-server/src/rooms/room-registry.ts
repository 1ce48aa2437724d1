// Which rooms somebody is in right now. Rooms themselves are rows of the database; an empty one is only that.
import { ParticipantId, type RoomId } from '@parley/protocol';
import { z } from 'zod';
import type { HeldParticipant } from '../continuity/live-state.ts';
import type { RoomRepository } from '../database/room-repository.ts';
import { newId } from '../new-id.ts';
import { Refusal } from '../refusal.ts';
import { Participant, type Seat } from './participant.ts';
import { Room } from './room.ts';

/** Everyone sends to everyone: far above what one server forwards, and a bound for what one link can cost. */
export const MAX_PARTICIPANTS = 100;

export class RoomRegistry {
  readonly changed: () => void;
  readonly #repository: RoomRepository;
  readonly #rooms = new Map<RoomId, Room>();

  /** @param changed called when somebody entered, left, or is called otherwise */
  constructor(repository: RoomRepository, changed: () => void = () => undefined) {
    this.#repository = repository;
    this.changed = changed;
  }

  get(id: RoomId): Room | undefined {
    return this.#rooms.get(id);
  }

  all(): Room[] {
    return [...this.#rooms.values()];
  }

  /** @throws Refusal ('room-gone') */
  async checkExists(id: RoomId): Promise<void> {
    if (!(await this.#repository.find(id))) throw new Refusal('room-gone', 'there is no such room');
  }

  /**
   * Adds a participant to a room that exists, and tells the others.
   * @param former who it is that comes again; else it is somebody new
   * @throws Refusal ('room-full')
   */
  enter(id: RoomId, name: string, seat: Seat, former?: Participant): Participant {
    const room = this.#rooms.get(id) ?? new Room(id);
    if (room.participants.size >= MAX_PARTICIPANTS) throw new Refusal('room-full', 'the room is full');
    const { id: participantId, secret } = former ?? { id: newId(ParticipantId), secret: newId(z.string()) };
    const participant = new Participant({ id: participantId, secret, name, room, seat });
    this.#rooms.set(id, room);
    room.tell('participantJoined', { participant: participant.describe() });
    room.participants.set(participant.id, participant);
    this.changed();
    return participant;
  }

  /** Brings back whom a former life of this server had in a room; away, until they prove who they are. */
  restore(id: RoomId, { id: participantId, name, secretHash }: HeldParticipant): Participant {
    const room = this.#rooms.get(id) ?? new Room(id);
    const secret = { hash: secretHash };
    const participant = new Participant({ id: participantId, secret, name, room, seat: undefined });
    this.#rooms.set(id, room);
    room.participants.set(participant.id, participant);
    return participant;
  }

  /** Takes a participant out and frees the room when it is empty. The streams are the stream processor's. */
  remove(participant: Participant): void {
    const { room } = participant;
    room.participants.delete(participant.id);
    if (room.participants.size === 0 && this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
    this.changed();
  }
}
