import { describe, expect, it } from 'vitest';
import { causeTexts, FailureCause } from './failure-causes.ts';
import { LEG_STEPS, LegProgress, MAX_HISTORY } from './leg-progress.ts';

describe('the progress of a leg', () => {
  it('goes from step to step and keeps when each was reached', () => {
    const leg = new LegProgress('down', 0);
    LEG_STEPS.slice(1).forEach((step, index) => expect(leg.reached(step, (index + 1) * 10)).toBe(true));
    expect(leg.status).toEqual({ state: 'confirmed', step: 'confirmed', cause: null });
    expect(leg.history.map(({ at }) => at)).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect(leg.deadline).toBeUndefined();
  });

  it('takes a later step for all before it, and is not thrown back by late news', () => {
    const leg = new LegProgress('up', 0);
    expect(leg.reached('dtls-connected', 5)).toBe(true);
    expect(leg.reached('ice-connected', 6)).toBe(false);
    expect(leg.status.step).toBe('dtls-connected');
  });

  it.each([
    ['up', 'negotiated', 8_000, 'no-candidate-pair'],
    ['up', 'ice-connected', 5_000, 'dtls-failed'],
    ['up', 'dtls-connected', 2_500, 'sender-sends-nothing'],
    ['down', 'dtls-connected', 2_500, 'nothing-arrives'],
    ['down', 'media-arriving', 5_000, 'viewer-cannot-decode'],
  ] as const)('%s and stuck at %s is overdue after %i ms: %s', (direction, step, ms, cause) => {
    const leg = new LegProgress(direction, 0);
    leg.reached(step, 1_000);
    expect(leg.overdue(1_000 + ms - 1)).toBeUndefined();
    expect(leg.overdue(1_000 + ms)).toBe(cause);
  });

  it('says what is being repaired, until it is confirmed again', () => {
    const leg = new LegProgress('down', 0);
    leg.reached('confirmed', 1);
    leg.repairing('negotiated', 'no-candidate-pair', 50);
    expect(leg.status).toEqual({ state: 'repairing', step: 'negotiated', cause: 'no-candidate-pair' });
    expect(leg.overdue(50 + 8_000)).toBe('no-candidate-pair');
    leg.reached('confirmed', 60);
    expect(leg.status).toEqual({ state: 'confirmed', step: 'confirmed', cause: null });
  });

  it('remembers how it began and what came last, however often it was repaired', () => {
    const leg = new LegProgress('down', 0);
    for (let at = 1; at <= 10_000; at += 2) {
      leg.reached('confirmed', at);
      leg.repairing('dtls-connected', 'nothing-arrives', at + 1);
    }
    expect(leg.history).toHaveLength(MAX_HISTORY);
    expect(leg.history.slice(0, 2)).toEqual([
      { step: 'requested', at: 0 },
      { step: 'dtls-connected', at: 10_002 - 2 * Math.floor(MAX_HISTORY / 2) },
    ]);
    expect(leg.history.at(-1)).toEqual({ step: 'dtls-connected', at: 10_000 });
  });

  it('ends with its first cause, for good', () => {
    const leg = new LegProgress('up', 0);
    leg.fail('dtls-failed');
    leg.fail('signalling-lost');
    expect(leg.reached('confirmed', 1)).toBe(false);
    leg.repairing('negotiated', 'sdp-refused', 2);
    expect(leg.status).toEqual({ state: 'failed', step: 'requested', cause: 'dtls-failed' });
    expect(leg.deadline).toBeUndefined();
  });
});

describe('the list of causes', () => {
  it.each(FailureCause.options)('%s has a sentence for everyone, and what to do', (cause) => {
    for (const text of Object.values(causeTexts[cause])) expect(text).toMatch(/^[A-Za-z].*[.]$/);
  });
});
