import { describe, expect, it } from 'vitest';
import { FlowMonitor } from './flow-monitor.ts';

function monitored(silenceMs: number) {
  const changes: boolean[] = [];
  const monitor = new FlowMonitor(silenceMs, (flowing) => changes.push(flowing));
  let now = 1_000;
  const tick = (ms: number, step = 20): void => {
    for (const end = now + ms; now < end;) monitor.tick((now += step));
  };
  return { monitor, changes, tick };
}

describe('FlowMonitor', () => {
  it('flows at the first packet, not before', () => {
    const { monitor, changes, tick } = monitored(2_000);
    tick(10_000);
    expect(monitor.flowing).toBe(false);
    monitor.packet();
    monitor.packet();
    expect([monitor.flowing, changes]).toEqual([true, [true]]);
  });

  it('ends after the silence and starts again with the next packet', () => {
    const { monitor, changes, tick } = monitored(2_000);
    monitor.packet();
    tick(2_000);
    expect(changes).toEqual([true]);
    tick(60);
    expect(changes).toEqual([true, false]);
    tick(10_000);
    monitor.packet();
    expect(changes).toEqual([true, false, true]);
  });

  it('does not end while one packet comes per silence', () => {
    const { monitor, changes, tick } = monitored(2_000);
    for (let packets = 0; packets < 50; packets++) {
      monitor.packet();
      tick(1_980);
    }
    expect(changes).toEqual([true]);
  });

  it('takes no standstill of the process for silence', () => {
    const { monitor, changes, tick } = monitored(2_000);
    monitor.packet();
    tick(500);
    tick(30_000, 30_000);
    expect(changes).toEqual([true]);
    monitor.packet();
    tick(1_980);
    expect(changes).toEqual([true]);
  });
});
