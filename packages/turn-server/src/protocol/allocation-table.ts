// All allocations: found by client and by relay, counted for the quotas, and the next one to expire.
import type { Allocation } from './allocation.ts';
import { sourceKey, tupleKey, type FiveTuple } from './five-tuple.ts';
import type { RelayId } from './turn-action.ts';

export class AllocationTable {
  readonly #byClient = new Map<string, Allocation>();
  readonly #byRelay = new Map<RelayId, Allocation>();
  readonly #perParticipant = new Map<string, number>();
  readonly #perAddress = new Map<string, number>();

  get size(): number {
    return this.#byRelay.size;
  }

  add(allocation: Allocation): void {
    this.#byClient.set(tupleKey(allocation.client), allocation);
    this.#byRelay.set(allocation.relay, allocation);
    add(this.#perParticipant, allocation.participant, 1);
    add(this.#perAddress, sourceKey(allocation.client.clientAddress), 1);
  }

  remove(allocation: Allocation): void {
    this.#byClient.delete(tupleKey(allocation.client));
    this.#byRelay.delete(allocation.relay);
    add(this.#perParticipant, allocation.participant, -1);
    add(this.#perAddress, sourceKey(allocation.client.clientAddress), -1);
  }

  ofClient(client: FiveTuple): Allocation | undefined {
    return this.#byClient.get(tupleKey(client));
  }

  ofRelay(relay: RelayId): Allocation | undefined {
    return this.#byRelay.get(relay);
  }

  countOfParticipant(participant: string): number {
    return this.#perParticipant.get(participant) ?? 0;
  }

  countOfAddress(clientAddress: string): number {
    return this.#perAddress.get(sourceKey(clientAddress)) ?? 0;
  }

  expired(now: number): Allocation[] {
    return [...this.#byRelay.values()].filter((allocation) => allocation.expiresAt <= now);
  }

  /** Undefined when there is no allocation. */
  nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { expiresAt } of this.#byRelay.values())
      if (next === undefined || expiresAt < next) next = expiresAt;
    return next;
  }

  [Symbol.iterator](): Iterator<Allocation> {
    return this.#byRelay.values();
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
