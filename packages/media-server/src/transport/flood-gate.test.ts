import { describe, expect, it } from 'vitest';
import { DEFAULT_MAX_RECEIVE_BITRATE, FloodGate, type Flood } from './flood-gate.ts';

/** A gate, and the senders that the tests let through it. `from`: clocks do not begin at 0. */
function gateOf(bitrate = DEFAULT_MAX_RECEIVE_BITRATE) {
  const told: Flood[] = [];
  const gate = new FloodGate(bitrate, (flood) => told.push(flood));
  let passed = 0;
  const offer = (bytes: number, now: number, kind: 'rtp' | 'rtcp' = 'rtp'): void => {
    if (gate.isShut(kind, now)) return;
    gate.passed(kind, bytes, now);
    passed++;
  };
  return { gate, told, offer, passed: () => passed };
}

const HOUR = 3_600_000;

describe('the gate of one peer', () => {
  it.each([
    ['a browser at 12 Mbit/s, 60 pictures a second', 12e6, 60, 400_000],
    ['an encoder at 25 Mbit/s whose key frames are as large as a second', 25e6, 25, 3_000_000],
  ])('drops nothing of %s, with sound and reports', (_, bitrate, rate, keyframe) => {
    const { gate, offer } = gateOf();
    const picture = bitrate / 8 / rate;
    for (let frame = 0; frame < 20 * rate; frame++) {
      const now = HOUR + (frame * 1000) / rate;
      // All packets of a picture come at once.
      const bytes = frame % (5 * rate) === 0 ? keyframe : picture;
      for (let left = bytes; left > 0; left -= 1_150) offer(Math.min(left, 1_150), now);
      offer(120, now);
      offer(160, now, 'rtcp');
    }
    expect(gate.dropped).toBe(0);
  });

  it('drops nothing of what waited for two seconds while the network stood still', () => {
    const { gate, offer } = gateOf();
    for (let second = 0; second < 10; second += 2)
      for (let bytes = 0; bytes < (2 * 20e6) / 8; bytes += 1_200) offer(1_200, HOUR + second * 1000);
    expect(gate.dropped).toBe(0);
  });

  it.each([
    ['long packets', 1_250, 5_000],
    ['short packets, which are as much work', 60, 6_250],
  ])('lets a flood of %s through at the rate of the bound, after a burst', (_, bytes, perSecond) => {
    const { gate, offer, passed } = gateOf();
    const seconds = 4;
    const sent = 40_000 * seconds;
    for (let packet = 0; packet < sent; packet++) offer(bytes, HOUR + (packet * 1000) / 40_000);
    expect(passed()).toBeGreaterThan(perSecond * seconds);
    expect(passed()).toBeLessThanOrEqual(perSecond * (seconds + 1) + 1);
    expect(gate.dropped).toBe(sent - passed());
  });

  it('counts RTCP by itself, so that a flood of one leaves the other alone', () => {
    const { gate, offer } = gateOf();
    for (let packet = 0; packet < 20_000; packet++) offer(1_200, HOUR);
    expect(gate.isShut('rtp', HOUR)).toBe(true);
    expect(gate.isShut('rtcp', HOUR)).toBe(false);
    for (let packet = 0; packet < 2_000; packet++) offer(100, HOUR + 10_000, 'rtcp');
    expect(gate.isShut('rtcp', HOUR + 10_000)).toBe(true);
    expect(gate.isShut('rtp', HOUR + 10_000)).toBe(false);
  });

  it('takes nothing away for packets that were not the peer’s', () => {
    const { gate } = gateOf();
    // Each of them was looked at, and none was authentic.
    let shut = false;
    for (let packet = 0; packet < 100_000; packet++) shut ||= gate.isShut('rtp', HOUR);
    expect([shut, gate.dropped]).toEqual([false, 0]);
  });

  it('tells of a flood when it begins, and once a minute while it lasts', () => {
    const { told, offer } = gateOf(8_000);
    for (let second = 0; second < 130; second++)
      for (let packet = 0; packet < 10; packet++) offer(1_000, HOUR + second * 1000);
    expect(told.map(({ maxBitrate }) => maxBitrate)).toEqual([8_000, 8_000, 8_000]);
    expect(told[0]?.dropped).toBe(1);
    expect(told[2]?.dropped).toBeGreaterThan(1_000);
  });
});
