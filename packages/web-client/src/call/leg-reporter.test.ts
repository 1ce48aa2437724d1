import type { LegStatus } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LegReporter } from './leg-reporter.ts';
import { progress } from './leg-evidence.ts';

let sent: string[];
let reporter: LegReporter;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  reporter = new LegReporter(({ state, step }: LegStatus) => sent.push(`${state} ${step}`));
});

afterEach(() => {
  reporter.close();
  vi.useRealTimers();
});

it('says the first at once, then at most one in 500 ms, the last one', () => {
  reporter.report(progress('ice-connected'));
  reporter.report(progress('dtls-connected'));
  vi.advanceTimersByTime(499);
  reporter.report(progress('confirmed'));
  expect(sent).toEqual(['establishing ice-connected']);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual(['establishing ice-connected', 'confirmed confirmed']);
});

it('says nothing when nothing has changed in the end', () => {
  reporter.report(progress('confirmed'));
  reporter.report({ state: 'repairing', step: 'dtls-connected', cause: 'nothing-arrives' });
  reporter.report(progress('confirmed'));
  vi.advanceTimersByTime(10_000);
  expect(sent).toEqual(['confirmed confirmed']);
});

it('says the same again for a leg that was built anew, and not what was meant for the former one', () => {
  reporter.report(progress('confirmed'));
  reporter.report({ state: 'repairing', step: 'requested', cause: 'no-candidate-pair' });
  reporter.begin();
  vi.advanceTimersByTime(10_000);
  reporter.report(progress('confirmed'));
  expect(sent).toEqual(['confirmed confirmed', 'confirmed confirmed']);
});
