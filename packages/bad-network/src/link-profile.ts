// What one direction of a network does to packets: the knobs of a Link, their units and their limits.

/** Loss in bursts after Gilbert and Elliott: a two-state chain that moves once per packet. */
export interface BurstLoss {
  /** Chance per packet that a burst begins, in percent. */
  readonly enterPercent: number;
  /** Chance per packet that the burst ends, in percent; the mean burst is 100 / leavePercent packets long. */
  readonly leavePercent: number;
  /** Loss within a burst; default 100. Outside it, `lossPercent` applies. */
  readonly lossPercent?: number;
}

/** A time during which nothing enters the link, in ms since its first packet. */
export interface Outage {
  readonly fromMs: number;
  readonly forMs: number;
  /** Repeats with this period; default: happens once. */
  readonly everyMs?: number;
}

/** Everything left out does no harm: `{}` is a perfect link. Percentages go from 0 to 100. */
export interface LinkProfile {
  /** Independent loss. */
  readonly lossPercent?: number;
  readonly burst?: BurstLoss;
  /** Time on the way, one direction. */
  readonly delayMs?: number;
  /** Each packet's delay differs from `delayMs` by up to this much, evenly spread, and is never below 0. */
  readonly jitterMs?: number;
  /** Lets jitter put packets out of order; default: a late packet holds back those behind it, as in a queue. */
  readonly jitterReorders?: boolean;
  /** Share of packets that are held back by `reorderByMs` (default 30), so that later ones overtake them. */
  readonly reorderPercent?: number;
  readonly reorderByMs?: number;
  /** Share of packets that arrive twice. */
  readonly duplicatePercent?: number;
  /** Share of packets of which one bit is flipped. */
  readonly corruptPercent?: number;
  /** The bottleneck, payload bits per second; default: none. */
  readonly rateBps?: number;
  /** What may wait for the bottleneck, bytes; what does not fit is dropped (drop-tail). Default 64 KiB. */
  readonly queueBytes?: number;
  readonly outages?: readonly Outage[];
  /** Nothing arrives of the first packets, or of the first ms since the first packet. */
  readonly dropFirstPackets?: number;
  readonly dropFirstMs?: number;
  /**
   * Makes the link reliable and ordered, as TCP is to its reader: what would be lost arrives this much later, what
   * meets an outage arrives after it, and all that is behind waits.
   */
  readonly retransmitAfterMs?: number;
}

const PERCENTAGES = ['lossPercent', 'reorderPercent', 'duplicatePercent', 'corruptPercent'] as const;
const AMOUNTS = [
  'delayMs',
  'jitterMs',
  'reorderByMs',
  'queueBytes',
  'dropFirstPackets',
  'dropFirstMs',
  'retransmitAfterMs',
] as const;

/** Throws a RangeError that names the first value that makes no sense. */
export function checkProfile(profile: LinkProfile): void {
  for (const name of PERCENTAGES) checkPercent(name, profile[name]);
  for (const name of AMOUNTS) checkAmount(name, profile[name]);
  if (profile.rateBps !== undefined && !(profile.rateBps > 0)) {
    throw new RangeError(`rateBps must be above 0, not ${profile.rateBps}; an outage stops everything`);
  }
  if (profile.burst) {
    checkPercent('burst.enterPercent', profile.burst.enterPercent);
    checkPercent('burst.leavePercent', profile.burst.leavePercent);
    checkPercent('burst.lossPercent', profile.burst.lossPercent);
  }
  for (const outage of profile.outages ?? []) {
    checkAmount('outages.fromMs', outage.fromMs);
    checkAmount('outages.forMs', outage.forMs);
    if (outage.everyMs !== undefined && !(outage.everyMs > outage.forMs)) {
      throw new RangeError(`outages.everyMs must be longer than forMs, not ${outage.everyMs}`);
    }
  }
}

/** When the outage that `sinceFirstMs` falls into ends, in the same count; undefined when there is none. */
export function outageEnd(profile: LinkProfile, sinceFirstMs: number): number | undefined {
  const initial = profile.dropFirstMs ?? 0;
  if (sinceFirstMs < initial) return initial;
  for (const { fromMs, forMs, everyMs } of profile.outages ?? []) {
    if (sinceFirstMs < fromMs) continue;
    const into = everyMs === undefined ? sinceFirstMs - fromMs : (sinceFirstMs - fromMs) % everyMs;
    if (into < forMs) return sinceFirstMs + forMs - into;
  }
  return undefined;
}

function checkPercent(name: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0 && value <= 100)) {
    throw new RangeError(`${name} must be a percentage from 0 to 100, not ${value}`);
  }
}

function checkAmount(name: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
}
