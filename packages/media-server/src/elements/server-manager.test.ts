import { beforeEach, describe, expect, it } from 'vitest';
import { measureCpu } from './cpu-usage.ts';
import type { ServerManager } from './server-manager.ts';
import { Bench } from './testing.ts';

let manager: ServerManager;
beforeEach(() => (manager = new Bench().registry.manager));

describe('ServerManager', () => {
  it.each(['core', 'elements', 'filters', 'parley'])('describes the module %s in JSON', (name) => {
    const version = manager.info.modules.find((module) => module.name === name)?.version;
    expect(JSON.parse(manager.getKmd(name))).toMatchObject({ name, version });
  });

  it('says 40500 of a module that is not there', () => {
    expect(() => manager.getKmd('chroma')).toThrow(
      expect.objectContaining({ code: 40500, type: 'UNDEFINED' }),
    );
  });

  it('measures what the process uses in the time that it really took, in percent of all processors', async () => {
    const waited: number[] = [];
    const clock = {
      used: () => used,
      now: () => now,
      processors: () => 4,
      wait: (ms: number) => {
        waited.push(ms);
        now += ms + 500;
        used += 750;
        return Promise.resolve();
      },
    };
    let [used, now] = [90_000, 7_000];
    expect(await measureCpu(1_000, clock)).toBe(12.5);
    expect(waited).toEqual([1_000]);
  });

  it('refuses to measure over no time', async () => {
    for (const interval of [0, -1])
      await expect(manager.getUsedCpu(interval)).rejects.toMatchObject({ code: 40107 });
  });

  it('sees the work that is done meanwhile', async () => {
    const measured = manager.getUsedCpu(20);
    const end = process.cpuUsage().user + 15_000;
    while (process.cpuUsage().user < end) Math.sqrt(end);
    expect(await measured).toBeGreaterThan(0);
  });
});
