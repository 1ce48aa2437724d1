import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../testing/seeded-random.ts';
import { NackGenerator } from './nack-generator.ts';

describe.each([0, 100, 65534, 65535, 131_068])('NackGenerator starting at %i', (start) => {
  /** A generator that has received the packets at these distances from `start`, all of them at time 0. */
  function withReceived(steps: number[], rttMs = 100): NackGenerator {
    const generator = new NackGenerator({ rttMs });
    for (const step of steps) generator.received(start + step, 0);
    return generator;
  }
  const wire = (...steps: number[]) => steps.map((step) => (start + step) & 0xffff);

  it('asks for nothing while nothing is missing', () => {
    const generator = withReceived([0, 1, 2, 3, 3, 2]);
    expect(generator.due(1000)).toEqual([]);
  });

  it('waits for the second packet after the gap, then asks at once for all of it', () => {
    const generator = withReceived([0, 3]);
    expect(generator.due(0)).toEqual([]);
    generator.received(start + 4, 1);
    expect(generator.due(1)).toEqual(wire(1, 2));
  });

  it('asks after 20 ms when no second packet comes', () => {
    const generator = withReceived([0, 2]);
    expect(generator.due(19)).toEqual([]);
    expect(generator.due(20)).toEqual(wire(1));
  });

  it('never asks for packets that were merely swapped', () => {
    const generator = withReceived([0, 2, 1, 4, 3, 5]);
    expect(generator.due(500)).toEqual([]);
  });

  it('asks again after each round trip, by the newest measurement of it', () => {
    const generator = withReceived([0, 2, 3], 100);
    expect(generator.due(0)).toEqual(wire(1));
    expect(generator.due(99)).toEqual([]);
    expect(generator.due(100)).toEqual(wire(1));
    generator.rttMs = 40;
    expect(generator.due(139)).toEqual([]);
    expect(generator.due(140)).toEqual(wire(1));
  });

  it('gives a packet up after ten tries', () => {
    const generator = withReceived([0, 2, 3], 0);
    let asked = 0;
    for (let now = 0; now < 900; now++) asked += generator.due(now).length;
    expect(asked).toBe(10);
  });

  it('gives a packet up at the age of a second', () => {
    const generator = withReceived([0, 2, 3], 400);
    const asked = [0, 400, 800, 1200, 1600].map((now) => generator.due(now).length);
    expect(asked).toEqual([1, 1, 1, 0, 0]);
  });

  it('stops asking for what has come, and keeps asking for the rest', () => {
    const generator = withReceived([0, 4, 5]);
    expect(generator.due(0)).toEqual(wire(1, 2, 3));
    generator.received(start + 2, 50);
    expect(generator.due(100)).toEqual(wire(1, 3));
    generator.received(start + 3, 150);
    generator.received(start + 1, 150);
    expect(generator.due(200)).toEqual([]);
  });

  it('is not disturbed by duplicates, by packets given up, or by packets from before the first', () => {
    const generator = withReceived([0, 2, 3]);
    generator.due(0);
    generator.due(1000);
    for (const step of [1, 1, -1, -40, 0, 3]) generator.received(start + step, 1001);
    expect(generator.due(1100)).toEqual([]);
    generator.received(start + 5, 1200);
    generator.received(start + 6, 1200);
    expect(generator.due(1200)).toEqual(wire(4));
  });

  it('names the packets of a gap across the wrap-around oldest first', () => {
    const generator = withReceived([0, 10, 11]);
    expect(generator.due(0)).toEqual(wire(1, 2, 3, 4, 5, 6, 7, 8, 9));
  });

  it('gives up on a huge gap, and goes on from behind it', () => {
    const resynchronised = vi.fn();
    const generator = new NackGenerator({ resynchronised });
    generator.received(start, 0);
    generator.received(start + 1_001, 0);
    expect(resynchronised).not.toHaveBeenCalled();
    expect(generator.due(20)).toHaveLength(1_000);
    for (let step = 1; step < 1_000; step++) generator.received(start + step, 20);
    generator.received(start + 1_001 + 1_002, 30);
    expect(resynchronised).toHaveBeenCalledTimes(1);
    expect(generator.due(1_000)).toEqual([]);
    generator.received(start + 2_005, 1_000);
    generator.received(start + 2_006, 1_000);
    expect(generator.due(1_000)).toEqual(wire(2_004));
  });

  it('gives up when many gaps together are more than can be asked for', () => {
    const resynchronised = vi.fn();
    const generator = new NackGenerator({ resynchronised });
    for (let step = 0; step <= 1_000; step++) generator.received(start + 2 * step, 0);
    expect(resynchronised).not.toHaveBeenCalled();
    expect(generator.due(0).length).toBeGreaterThan(900);
    generator.received(start + 2_002, 0);
    expect(resynchronised).toHaveBeenCalledTimes(1);
    expect(generator.due(100)).toEqual([]);
  });

  it('asks for nothing after it was closed, however often', () => {
    const generator = withReceived([0, 2, 3]);
    generator.close();
    generator.close();
    generator.received(start + 9, 0);
    generator.received(start + 10, 0);
    expect(generator.due(100)).toEqual([]);
  });
});

describe('NackGenerator on a lossy path', () => {
  it('recovers every packet at 10 % loss in both directions, asking little more than needed', () => {
    const random = seededRandom(11);
    const rttMs = 60;
    const generator = new NackGenerator({ rttMs });
    const arrivals = new Map<number, number[]>();
    const arriveAt = (now: number, sequence: number) =>
      arrivals.set(now, [...(arrivals.get(now) ?? []), sequence]);
    const start = 65_000;
    const missing = new Set<number>();
    let lost = 0;
    let asked = 0;
    for (let now = 0; now < 6_000; now++) {
      if (now < 5_000 && now % 2 === 0) {
        const sequence = start + now / 2;
        if (random() < 0.1 && now > 0 && now < 4_900) {
          lost += 1;
          missing.add(sequence);
        } else {
          arriveAt(now, sequence);
        }
      }
      for (const sequence of arrivals.get(now) ?? []) {
        generator.received(sequence, now);
        missing.delete(sequence);
      }
      if (now % 20 !== 0) continue;
      for (const sequence of generator.due(now)) {
        asked += 1;
        const extended = sequence < 30_000 ? sequence + 65_536 : sequence;
        if (random() >= 0.2) arriveAt(now + rttMs - 1, extended);
      }
    }
    expect(lost).toBeGreaterThan(200);
    expect(missing.size).toBe(0);
    expect(asked).toBeLessThan(lost * 1.4);
  });
});
