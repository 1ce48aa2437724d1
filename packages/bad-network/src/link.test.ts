// A Link under virtual time: the statistics of chance, and the order and time of what arrives.
import { describe, expect, it } from 'vitest';
import { Link } from './link.ts';
import type { LinkProfile } from './link-profile.ts';
import { seededRandom } from './random.ts';

interface Arrival {
  readonly number: number;
  readonly at: number;
}

/** A packet whose first four bytes are its number. */
function packet(number: number, size = 100): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(number);
  return bytes;
}

function makeLink(profile: LinkProfile, seed = 42): Link {
  return new Link(profile, seededRandom(seed));
}

/** Pushes `count` packets, one every `everyMs` from 1000 on, and advances from deadline to deadline. */
function send(link: Link, count: number, everyMs: number, size = 100): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let number = 0; number < count; number++) {
    const now = 1_000 + number * everyMs;
    arrivals.push(...drain(link, now));
    link.push(packet(number, size), now);
  }
  return [...arrivals, ...drain(link, Infinity)];
}

/** Everything that arrives up to `until`, each at its own deadline. */
function drain(link: Link, until: number): Arrival[] {
  const arrivals: Arrival[] = [];
  for (;;) {
    const at = link.nextDeadline();
    if (at === undefined || at > until) return arrivals;
    const due = link.due(at);
    if (due.length === 0) throw new Error(`nothing arrived at the deadline ${at}`);
    arrivals.push(...due.map((bytes) => ({ number: bytes.readUInt32BE(), at })));
  }
}

const numbers = (arrivals: readonly Arrival[]): number[] => arrivals.map(({ number }) => number);
const inOrder = (arrivals: readonly Arrival[]): boolean =>
  arrivals.every(({ number }, index) => index === 0 || number > (arrivals[index - 1]?.number ?? 0));

/** How long each run of missing packets is, of those before the last that arrived. */
function lossRuns(arrivals: readonly Arrival[]): number[] {
  const present = numbers(arrivals);
  return present.map((number, index) => number - (present[index - 1] ?? -1) - 1).filter((gap) => gap > 0);
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('a link without faults', () => {
  it('delivers every packet at once, unchanged and in order', () => {
    const link = makeLink({});
    const bytes = Buffer.from('unchanged');
    link.push(bytes, 5);
    expect(link.nextDeadline()).toBe(5);
    expect(link.due(5)).toEqual([bytes]);
    expect(link.nextDeadline()).toBeUndefined();
    expect(link.heldBytes).toBe(0);
  });
});

describe('loss', () => {
  it('takes its share, evenly spread', () => {
    const arrivals = send(makeLink({ lossPercent: 5 }), 20_000, 1);
    // 1000 expected; the standard deviation of the binomial is 31.
    expect(20_000 - arrivals.length).toBeGreaterThan(900);
    expect(20_000 - arrivals.length).toBeLessThan(1_100);
    // Independent loss of 5 % has runs of 1 / (1 - 0.05) packets.
    expect(mean(lossRuns(arrivals))).toBeLessThan(1.15);
  });

  it('takes nothing at 0 % and everything at 100 %', () => {
    expect(send(makeLink({ lossPercent: 0 }), 1_000, 1)).toHaveLength(1_000);
    expect(send(makeLink({ lossPercent: 100 }), 1_000, 1)).toHaveLength(0);
  });

  it('comes in bursts of the length that was asked for', () => {
    const arrivals = send(makeLink({ burst: { enterPercent: 0.5, leavePercent: 10 } }), 40_000, 1);
    // In a burst: 0.5 / (0.5 + 10) of the time, for 100 / 10 packets.
    const lost = 1 - arrivals.length / 40_000;
    expect(lost).toBeGreaterThan(0.04);
    expect(lost).toBeLessThan(0.056);
    expect(mean(lossRuns(arrivals))).toBeGreaterThan(8.5);
    expect(mean(lossRuns(arrivals))).toBeLessThan(11.5);
  });

  it('takes some of a burst and some outside it when both are asked for', () => {
    const link = makeLink({
      lossPercent: 1,
      burst: { enterPercent: 10, leavePercent: 10, lossPercent: 50 },
    });
    send(link, 20_000, 1);
    // Half the time 1 %, half the time 50 %.
    expect(link.statistics().lost / 20_000).toBeGreaterThan(0.23);
    expect(link.statistics().lost / 20_000).toBeLessThan(0.28);
  });
});

describe('the seed', () => {
  const hostile: LinkProfile = {
    lossPercent: 10,
    burst: { enterPercent: 1, leavePercent: 20 },
    delayMs: 40,
    jitterMs: 30,
    jitterReorders: true,
    reorderPercent: 5,
    duplicatePercent: 5,
    corruptPercent: 5,
    rateBps: 500_000,
  };

  it('decides everything: same seed, same bytes at the same times', () => {
    const run = (seed: number): string => {
      const link = makeLink(hostile, seed);
      const seen: string[] = [];
      for (let number = 0; number < 2_000; number++) link.push(packet(number), number * 2);
      for (let at = link.nextDeadline(); at !== undefined; at = link.nextDeadline()) {
        seen.push(...link.due(at).map((bytes) => `${String(at)} ${bytes.toString('hex')}`));
      }
      return seen.join('\n');
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });

  it('loses the same packets whatever else is switched on', () => {
    const plain = send(makeLink({ lossPercent: 10 }), 2_000, 1);
    const late = send(makeLink({ lossPercent: 10, delayMs: 100, jitterMs: 50, corruptPercent: 0 }), 2_000, 1);
    expect(numbers(late)).toEqual(numbers(plain));
  });
});

describe('delay and jitter', () => {
  it('delays every packet by exactly the delay', () => {
    const arrivals = send(makeLink({ delayMs: 50 }), 100, 20);
    expect(arrivals.map(({ at, number }) => at - number * 20)).toEqual(Array(100).fill(1_050));
  });

  it('hands out nothing before its time', () => {
    const link = makeLink({ delayMs: 50 });
    link.push(packet(1), 1_000);
    expect(link.due(1_049.9)).toEqual([]);
    expect(link.due(1_050)).toHaveLength(1);
  });

  it('spreads jitter around the delay, in order while packets are further apart', () => {
    const arrivals = send(makeLink({ delayMs: 50, jitterMs: 20 }), 2_000, 100);
    const delays = arrivals.map(({ at, number }) => at - 1_000 - number * 100);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...delays)).toBeLessThanOrEqual(70);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(38);
    expect(mean(delays)).toBeCloseTo(50, -0.5);
  });

  it('keeps dense packets in order unless jitter may reorder them', () => {
    expect(inOrder(send(makeLink({ delayMs: 50, jitterMs: 40 }), 1_000, 1))).toBe(true);
    const free = send(makeLink({ delayMs: 50, jitterMs: 40, jitterReorders: true }), 1_000, 1);
    expect(inOrder(free)).toBe(false);
    expect(free).toHaveLength(1_000);
  });

  it('never delivers before it was sent, however large the jitter', () => {
    const arrivals = send(makeLink({ delayMs: 5, jitterMs: 500, jitterReorders: true }), 1_000, 10);
    expect(arrivals.every(({ at, number }) => at >= 1_000 + number * 10)).toBe(true);
  });
});

describe('reordering, duplication and corruption', () => {
  it('holds the chosen packets back so that others overtake them, and loses none', () => {
    const link = makeLink({ delayMs: 20, reorderPercent: 5, reorderByMs: 25 });
    const arrivals = send(link, 2_000, 10);
    const late = arrivals.filter(({ at, number }) => at - 1_000 - number * 10 === 45);
    expect(late).toHaveLength(link.statistics().reordered);
    expect(late.length).toBeGreaterThan(70);
    expect(late.length).toBeLessThan(130);
    const first = late[0]?.number ?? 0;
    expect(numbers(arrivals).indexOf(first)).toBeGreaterThan(numbers(arrivals).indexOf(first + 2));
    expect(numbers(arrivals).toSorted((a, b) => a - b)).toEqual([...Array(2_000).keys()]);
  });

  it('delivers the chosen packets twice', () => {
    const link = makeLink({ duplicatePercent: 10 });
    const arrivals = send(link, 2_000, 1);
    expect(arrivals).toHaveLength(2_000 + link.statistics().duplicated);
    expect(link.statistics().duplicated).toBeGreaterThan(150);
    expect(link.statistics().duplicated).toBeLessThan(250);
    expect(new Set(numbers(arrivals)).size).toBe(2_000);
  });

  it('flips exactly one bit of the chosen packets and leaves the sender its bytes', () => {
    const link = makeLink({ corruptPercent: 100 });
    const sent = Buffer.alloc(50, 0xaa);
    link.push(sent, 0);
    const [received = Buffer.alloc(0)] = link.due(0);
    const flipped = received.reduce((bits, byte, index) => {
      return bits + (byte ^ (sent[index] ?? 0)).toString(2).replaceAll('0', '').length;
    }, 0);
    expect(flipped).toBe(1);
    expect(sent).toEqual(Buffer.alloc(50, 0xaa));
  });

  it('passes an empty packet that it was to corrupt', () => {
    const link = makeLink({ corruptPercent: 100 });
    link.push(Buffer.alloc(0), 0);
    expect(link.due(0)).toEqual([Buffer.alloc(0)]);
  });
});

describe('the bottleneck', () => {
  it('lets through what the rate allows', () => {
    // 1250 bytes at 1 Mbit/s take 10 ms; sent every 5 ms.
    const arrivals = send(makeLink({ rateBps: 1_000_000, queueBytes: 1_000_000 }), 100, 5, 1_250);
    expect(arrivals).toHaveLength(100);
    expect(arrivals.map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (_, n) => 1_000 + (n + 1) * 10));
  });

  it('bounds the queue: what does not fit is dropped, what fits is not', () => {
    const link = makeLink({ rateBps: 1_000_000, queueBytes: 12_500 });
    for (let number = 0; number < 100; number++) link.push(packet(number, 1_250), 0);
    expect(link.queuedBytes(0)).toBe(12_500);
    expect(link.statistics().overflowed).toBe(90);
    expect(numbers(drain(link, Infinity))).toEqual([...Array(10).keys()]);
    expect(link.queuedBytes(200)).toBe(0);
  });

  it('has room again when a packet has left, and not earlier', () => {
    const link = makeLink({ rateBps: 1_000_000, queueBytes: 2_500 });
    for (const number of [0, 1]) link.push(packet(number, 1_250), 0);
    link.push(packet(2, 1_250), 9.9);
    link.push(packet(3, 1_250), 10);
    expect(numbers(drain(link, Infinity))).toEqual([0, 1, 3]);
  });

  it('adds the delay after the queue', () => {
    const arrivals = send(makeLink({ rateBps: 1_000_000, delayMs: 100 }), 2, 0, 1_250);
    expect(arrivals.map(({ at }) => at)).toEqual([1_110, 1_120]);
  });

  it('lets a single packet through that is larger than its queue, as an idle line does', () => {
    expect(send(makeLink({ rateBps: 1_000_000, queueBytes: 0 }), 1, 0, 1_250)).toHaveLength(1);
  });

  it('bounds what is on a long way even without a rate', () => {
    const link = makeLink({ delayMs: 60_000 });
    for (let number = 0; number < 20_000; number++) link.push(packet(number, 1_400), 0);
    expect(link.heldBytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(link.statistics().overflowed).toBeGreaterThan(0);
  });
});

describe('outages', () => {
  it('drops the first packets', () => {
    expect(numbers(send(makeLink({ dropFirstPackets: 3 }), 6, 10))).toEqual([3, 4, 5]);
  });

  it('drops the first ms, counted from the first packet', () => {
    expect(numbers(send(makeLink({ dropFirstMs: 30 }), 6, 10))).toEqual([3, 4, 5]);
  });

  it('drops what comes within a window and repeats it', () => {
    const outages = [{ fromMs: 20, forMs: 20, everyMs: 50 }];
    expect(numbers(send(makeLink({ outages }), 12, 10))).toEqual([0, 1, 4, 5, 6, 9, 10, 11]);
  });

  it('does not repeat a window without a period', () => {
    expect(numbers(send(makeLink({ outages: [{ fromMs: 20, forMs: 20 }] }), 10, 10))).toHaveLength(8);
  });

  it('can be caused at any time, and lets arrive what was on its way', () => {
    const link = makeLink({ delayMs: 100 });
    link.push(packet(0), 0);
    link.blackout(60);
    link.blackout(40);
    link.push(packet(1), 10);
    link.push(packet(2), 59);
    link.push(packet(3), 60);
    expect(drain(link, Infinity)).toEqual([
      { number: 0, at: 100 },
      { number: 3, at: 160 },
    ]);
    expect(link.statistics().blackedOut).toBe(2);
  });
});

describe('a reliable link', () => {
  it('loses, repeats and damages nothing and keeps the order; loss is a wait for all behind it', () => {
    const link = makeLink({
      retransmitAfterMs: 200,
      lossPercent: 10,
      duplicatePercent: 10,
      corruptPercent: 10,
      reorderPercent: 10,
      jitterMs: 30,
      jitterReorders: true,
      delayMs: 30,
    });
    const arrivals = send(link, 500, 10);
    expect(numbers(arrivals)).toEqual([...Array(500).keys()]);
    expect(Math.max(...arrivals.map(({ at, number }) => at - 1_000 - number * 10))).toBeGreaterThan(200);
    expect(link.statistics()).toMatchObject({ duplicated: 0, corrupted: 0, reordered: 0 });
  });

  it('delivers after an outage what came during it', () => {
    const link = makeLink({ retransmitAfterMs: 200, dropFirstMs: 1_000 });
    expect(send(link, 2, 10).map(({ at }) => at)).toEqual([2_000, 2_000]);
  });

  it('never drops for want of room', () => {
    const link = makeLink({ retransmitAfterMs: 200, rateBps: 1_000_000, queueBytes: 1_000 });
    expect(send(link, 100, 0, 1_250)).toHaveLength(100);
  });
});

describe('another profile at run time', () => {
  it('applies to new packets and leaves the order as it is', () => {
    const link = makeLink({ delayMs: 500 });
    link.push(packet(0), 0);
    link.setProfile({ delayMs: 10 });
    link.push(packet(1), 1);
    link.setProfile({ delayMs: 10, lossPercent: 100 });
    link.push(packet(2), 2);
    expect(drain(link, Infinity)).toEqual([
      { number: 0, at: 500 },
      { number: 1, at: 500 },
    ]);
  });

  it.each<[string, LinkProfile]>([
    ['lossPercent', { lossPercent: 101 }],
    ['delayMs', { delayMs: -1 }],
    ['jitterMs', { jitterMs: NaN }],
    ['rateBps', { rateBps: 0 }],
    ['burst.leavePercent', { burst: { enterPercent: 1, leavePercent: -1 } }],
    ['outages.everyMs', { outages: [{ fromMs: 0, forMs: 10, everyMs: 10 }] }],
  ])('is refused with the name of what makes no sense: %s', (name, profile) => {
    expect(() => makeLink(profile)).toThrow(RangeError);
    expect(() => makeLink({}).setProfile(profile)).toThrow(name);
  });
});
