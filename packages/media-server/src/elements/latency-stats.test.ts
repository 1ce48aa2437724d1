import { beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { Dispatcher } from './dispatcher.ts';
import { HubPort } from './hub-port.ts';
import type { MediaElement } from './media-element.ts';
import { PassThrough } from './pass-through.ts';
import { Bench, TestEndpoint } from './testing.ts';

let bench: Bench;
let now: number;
let clock: MockInstance<() => number>;
beforeEach(() => {
  bench = new Bench();
  now = 1_000;
  clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
});

interface LatencyStats {
  inputLatency: { name: string; type: string; avg: number }[];
  E2ELatency?: { name: string; type: string; avg: number }[];
}

const latencyOf = (element: MediaElement) => element.getStats()?.[element.id] as unknown as LatencyStats;

/** An endpoint whose sink takes its time over each packet. */
class SlowEndpoint extends TestEndpoint {
  constructor(...given: ConstructorParameters<typeof TestEndpoint>) {
    super(...given);
    this.got.push = (...packets) => {
      now += 3;
      return Array.prototype.push.apply(this.got, packets);
    };
  }
}

describe('latencies', () => {
  it('are in ns, from the arrival at the server to the input, and to the end of what the sink does', () => {
    const [up, down] = [bench.make(TestEndpoint), bench.make(SlowEndpoint)];
    bench.pipeline.latencyStats = true;
    up.connect(down);
    expect(latencyOf(down)).toMatchObject({ inputLatency: [], E2ELatency: [] });
    for (const late of [1, 3]) up.send(late, 1111, now - late);
    const common = { name: 'sink_video_default', type: 'VIDEO' };
    expect(latencyOf(down)).toMatchObject({
      __type__: 'EndpointStats',
      inputLatency: [{ ...common, avg: 2_000_000 }],
      E2ELatency: [{ ...common, avg: 5_000_000 }],
    });
    expect(down.getStats('AUDIO')?.[down.id]).toMatchObject({ inputLatency: [], E2ELatency: [] });
  });

  it('follow what they are now: old packets fade out of the average', () => {
    const [up, down] = [bench.make(TestEndpoint), bench.make(TestEndpoint)];
    bench.pipeline.latencyStats = true;
    up.connect(down);
    for (let sequence = 0; sequence < 300; sequence++) up.send(sequence, 1111, now - 1);
    for (let sequence = 300; sequence < 1_300; sequence++) up.send(sequence, 1111, now - 9);
    expect(latencyOf(down).inputLatency[0].avg).toBeGreaterThan(8_990_000);
  });

  it('are measured in running flows, ports of hubs too, and not any more once that is switched off', () => {
    const [up, down, middle] = [bench.make(TestEndpoint), bench.make(TestEndpoint), bench.make(PassThrough)];
    const hub = bench.make(Dispatcher);
    const [from, to] = [bench.make(HubPort, { hub }), bench.make(HubPort, { hub })];
    up.connect(middle);
    middle.connect(from);
    hub.connect(from, to);
    to.connect(down);
    const elements = [middle, from, down];
    up.send(1, 1111, now - 1);
    expect(elements.map((element) => latencyOf(element).inputLatency)).toEqual([[], [], []]);
    bench.pipeline.latencyStats = true;
    up.send(2, 1111, now - 7);
    const seven = [{ name: 'sink_video_default', type: 'VIDEO', avg: 7_000_000 }];
    expect(elements.map((element) => latencyOf(element).inputLatency)).toEqual([seven, seven, seven]);
    expect(latencyOf(middle)).toMatchObject({ __type__: 'ElementStats', type: 'element' });
    expect(latencyOf(middle).E2ELatency).toBeUndefined();
    bench.pipeline.latencyStats = false;
    clock.mockClear();
    const packet = up.send(3, 1111, now - 7);
    expect(down.got.at(-1)).toBe(packet);
    expect(clock).not.toHaveBeenCalled();
    expect(elements.map((element) => latencyOf(element).inputLatency)).toEqual([[], [], []]);
  });

  it('disturb nobody when they begin or end: no packet is lost or doubled, and the sink still has its source', () => {
    const [up, down] = [bench.make(TestEndpoint), bench.make(TestEndpoint)];
    up.connect(down);
    for (const [index, measured] of [false, true, true, false, true].entries()) {
      bench.pipeline.latencyStats = measured;
      up.send(index);
    }
    up.disconnect(down);
    up.send(9);
    expect(down.got.map(({ extendedSequence }) => extendedSequence)).toEqual([0, 1, 2, 3, 4]);
    expect(latencyOf(down).inputLatency).toEqual([]);
  });
});
