import { JsonRpcError } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BACKGROUND_PAUSE_MS, LegKeeper, LIMIT_MS, type KeeperState } from './leg-keeper.ts';
import { NothingAcceptedError, type PeerLegNews } from './peer-leg.ts';
import { StepQueue } from './step-queue.ts';
import { settled } from './testing.ts';

class Attempt {
  closed = false;
  readonly changed: (news: PeerLegNews) => void;
  readonly #outcome: Promise<void>;

  constructor(changed: Attempt['changed'], outcome: Promise<void>) {
    this.changed = changed;
    this.#outcome = outcome;
  }

  connect(): Promise<void> {
    return this.#outcome;
  }

  close(): void {
    this.closed = true;
  }
}

const BROKEN = { state: 'failed', cause: 'no-candidate-pair' } as const;

let attempts: Attempt[];
let states: KeeperState[];
let outcome: () => Promise<void>;
let keeper: LegKeeper;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
  attempts = [];
  states = [];
  outcome = async () => undefined;
  keeper = new LegKeeper({
    what: 'This picture',
    steps: new StepQueue(),
    build: (changed) => {
      const attempt = new Attempt(changed, outcome());
      attempts.push(attempt);
      return attempt;
    },
    onState: (state) => states.push(state),
  });
});

afterEach(() => {
  keeper.close();
  vi.useRealTimers();
});

const phases = () => states.map(({ phase }) => phase);

it('builds a failed leg again after growing pauses; then it counts as failed, and is tried now and then', async () => {
  outcome = () => Promise.reject(new Error('no'));
  await keeper.start();
  const tries = [attempts.length];
  for (const pause of [500, 1_000, 2_000, 4_000]) {
    await vi.advanceTimersByTimeAsync(pause - 1);
    expect(attempts.length).toBe(tries.at(-1));
    await vi.advanceTimersByTimeAsync(1);
    tries.push(attempts.length);
  }
  expect(tries).toEqual([1, 2, 3, 4, 5]);
  const told = states.length;
  expect(states.at(-1)).toEqual({ phase: 'failed', cause: 'endpoint-refused' });
  await vi.advanceTimersByTimeAsync(3 * BACKGROUND_PAUSE_MS);
  expect(attempts).toHaveLength(8);
  expect(states).toHaveLength(told);
  outcome = async () => undefined;
  await vi.advanceTimersByTimeAsync(BACKGROUND_PAUSE_MS);
  attempts.at(-1)?.changed({ state: 'connected' });
  expect(states.slice(told)).toEqual([{ phase: 'live' }]);
});

it('counts as failed at the limit, whatever is being tried, with what is known of the cause', async () => {
  await keeper.start();
  await vi.advanceTimersByTimeAsync(9_000);
  attempts[0]?.changed({ state: 'repairing', cause: 'no-candidate-pair', detail: 'tried UDP' });
  await vi.advanceTimersByTimeAsync(2_000);
  attempts[0]?.changed({ state: 'failed', cause: 'relay-refused', detail: 'credentials' });
  await vi.advanceTimersByTimeAsync(LIMIT_MS - 11_000 - 1);
  expect(phases()).toEqual(['connecting', 'repairing', 'waiting', 'connecting']);
  await vi.advanceTimersByTimeAsync(1);
  expect(states.at(-1)).toEqual({ phase: 'failed', cause: 'relay-refused', facts: 'credentials' });
  expect(attempts.every(({ closed }) => closed)).toBe(true);
});

it('counts as failed though it connects again and again, when nothing ever comes', async () => {
  await keeper.start();
  for (let round = 0; round < 3 && states.at(-1)?.phase !== 'failed'; round++) {
    attempts.at(-1)?.changed({ state: 'connected' });
    await vi.advanceTimersByTimeAsync(2_000);
    attempts.at(-1)?.changed({ state: 'repairing', cause: 'nothing-arrives' });
    await vi.advanceTimersByTimeAsync(8_500);
    attempts.at(-1)?.changed({ state: 'failed', cause: 'nothing-arrives' });
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(states.at(-1)).toEqual({ phase: 'failed', cause: 'nothing-arrives' });
  expect(attempts).toHaveLength(2);
});

it('does not fail a connected leg whose sender sends nothing, and gives it all its time once that is over', async () => {
  await keeper.start();
  attempts[0]?.changed({ state: 'connected' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(phases()).toEqual(['connecting', 'live']);
  attempts[0]?.changed({ state: 'repairing', cause: 'no-candidate-pair' });
  await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
  expect(states.at(-1)).toMatchObject({ phase: 'repairing' });
  attempts[0]?.changed({ state: 'connected' });
  attempts[0]?.changed({ state: 'proven' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states.at(-1)).toEqual({ phase: 'live' });
  expect(attempts).toHaveLength(1);
});

it('begins a new row of tries when it is started again after giving up', async () => {
  outcome = () => Promise.reject(new Error('no'));
  await keeper.start();
  await vi.advanceTimersByTimeAsync(10_000);
  outcome = async () => undefined;
  await keeper.start();
  attempts.at(-1)?.changed({ state: 'connected' });
  expect(phases().slice(-3)).toEqual(['failed', 'connecting', 'live']);
});

it('counts as failed when it connects and breaks again and again', async () => {
  await keeper.start();
  for (const pause of [500, 1_000, 2_000, 4_000, 0]) {
    attempts.at(-1)?.changed({ state: 'connected' });
    attempts.at(-1)?.changed(BROKEN);
    await vi.advanceTimersByTimeAsync(pause);
  }
  expect(attempts).toHaveLength(5);
  expect(states.at(-1)).toMatchObject({ phase: 'failed' });
});

it('begins a new row of tries when a leg that lived well breaks', async () => {
  outcome = () => Promise.reject(new Error('no'));
  await keeper.start();
  await vi.advanceTimersByTimeAsync(500 + 1_000);
  outcome = async () => undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  attempts.at(-1)?.changed({ state: 'connected' });
  await vi.advanceTimersByTimeAsync(10_000);
  attempts.at(-1)?.changed(BROKEN);
  // The first pause of a new row; the fourth of the old one would be 4 s.
  await vi.advanceTimersByTimeAsync(500);
  expect(attempts).toHaveLength(5);
});

it('does not try again what would be refused again', async () => {
  outcome = () => Promise.reject(new JsonRpcError(-32000, 'no', { reason: 'screen-already-shared' }));
  await keeper.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toHaveLength(1);
  const last = states.at(-1);
  expect(last?.phase === 'failed' && last.detail).toContain('Ask them to stop');
});

it('does not offer again what was accepted in no part', async () => {
  outcome = () => Promise.reject(new NothingAcceptedError());
  await keeper.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toHaveLength(1);
  expect(states.at(-1)).toEqual({ phase: 'failed', cause: 'sdp-refused' });
});

it('does not listen to a try that was replaced', async () => {
  await keeper.start();
  attempts[0]?.changed(BROKEN);
  await vi.advanceTimersByTimeAsync(500);
  attempts[0]?.changed({ state: 'connected' });
  attempts[0]?.changed(BROKEN);
  expect(phases()).toEqual(['connecting', 'waiting', 'connecting']);
});

it('ends the present try and all later ones when it is closed', async () => {
  await keeper.start();
  attempts[0]?.changed(BROKEN);
  keeper.close();
  await vi.advanceTimersByTimeAsync(60_000);
  keeper.failed('stream-ended');
  await settled();
  expect(attempts).toHaveLength(1);
  expect(phases()).toEqual(['connecting', 'waiting']);
});
