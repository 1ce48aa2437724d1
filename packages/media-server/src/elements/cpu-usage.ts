// How much of the machine's processors this process uses, measured while somebody waits for it.
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

export interface ProcessClock {
  /** What the process has used of all processors so far, in ms. */
  used(): number;
  /** In ms. */
  now(): number;
  processors(): number;
  /** Resolves after so many ms. */
  wait(ms: number): Promise<void>;
}

const processClock: ProcessClock = {
  used: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  now: () => performance.now(),
  processors: () => availableParallelism(),
  // A server that is closed meanwhile does not wait for it.
  wait: (ms) => wait(ms, undefined, { ref: false }),
};

/** In percent of all processors, over the next `interval` ms: what was really used in the time that it really took. */
export async function measureCpu(interval: number, clock = processClock): Promise<number> {
  const [usedBefore, before] = [clock.used(), clock.now()];
  await clock.wait(interval);
  const elapsed = clock.now() - before;
  if (elapsed <= 0) return 0;
  return (100 * (clock.used() - usedBefore)) / (elapsed * clock.processors());
}
