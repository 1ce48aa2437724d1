import { expect, it } from 'vitest';
import { BitrateMeter } from './bitrate-meter.ts';

it('measures between two samples, however far apart they come, and falls to 0 with the flow', () => {
  let bytes = 1_000;
  const meter = new BitrateMeter(() => bytes);
  meter.sample(500);
  expect(meter.bitrate).toBe(0);
  bytes += 125_000;
  meter.sample(1_500);
  expect(meter.bitrate).toBe(1_000_000);
  bytes += 125_000;
  meter.sample(3_500);
  expect(meter.bitrate).toBe(500_000);
  meter.sample(4_500);
  expect(meter.bitrate).toBe(0);
});
