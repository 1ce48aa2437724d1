// What one participant, one address and all together may use.
import type { Rate } from './token-bucket.ts';

export interface TurnQuotas {
  /** Allocations at the same time. A browser makes one for each leg and each TURN URL, whether it needs it or not. */
  readonly allocationsPerParticipant: number;
  /** Many participants may share one address behind a NAT. */
  readonly allocationsPerAddress: number;
  readonly allocations: number;
  /** Of one allocation and one direction, in bytes; above it datagrams are dropped. */
  readonly bytesPerAllocation: Rate;
  /** What is told of one participant, in events; those above it are not told. */
  readonly eventsPerParticipant: Rate;
  /** Answers to one source address (one /64 of IPv6) that has not proved who it is, in messages. */
  readonly unauthenticatedAnswers: Rate;
}

export const DEFAULT_QUOTAS: TurnQuotas = {
  // A call of twenty, seen by five URLs.
  allocationsPerParticipant: 100,
  allocationsPerAddress: 1000,
  allocations: 2000,
  // 25 Mbit/s: a down leg with a dozen cameras and a screen; one second of it at once for key frames.
  bytesPerAllocation: { perSecond: 3_125_000, burst: 3_125_000 },
  // All allocations of a participant begin, get two permissions and end at once; nobody refuses faster by accident.
  eventsPerParticipant: { perSecond: 50, burst: 500 },
  // An allocation begins with one such answer; a class of thirty behind one NAT enters with some two hundred.
  unauthenticatedAnswers: { perSecond: 50, burst: 200 },
};

/** Sources remembered for `unauthenticatedAnswers`, participants for `eventsPerParticipant`; about 1 MB each. */
export const MAX_RATE_LIMITED_SOURCES = 8192;
