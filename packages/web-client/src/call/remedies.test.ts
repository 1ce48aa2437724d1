import { describe, expect, it } from 'vitest';
import { POSTPONED_MS, Remedies, type Lack, type Remedy } from './remedies.ts';

/** Climbs until nothing is left, as `seconds remedy`. */
function climb(remedies: Remedies, from: number): string[] {
  const taken: string[] = [];
  let now = from;
  for (;;) {
    const { deadline } = remedies;
    if (deadline === undefined) return taken;
    expect(remedies.take(deadline - 1)).toBeUndefined();
    now = Math.max(now, deadline);
    taken.push(`${(now - from) / 1_000} ${remedies.take(now)}`);
  }
}

const all = { relay: true, receives: true };

describe('the ladder', () => {
  it('of a leg that never connected tries TCP and the relay, then another leg', () => {
    const remedies = new Remedies(all);
    remedies.lacks('connection', 1_000);
    expect(climb(remedies, 1_000)).toEqual(['3 restart-tcp', '5.5 restart-relay', '8 rebuild']);
  });

  it('of an interrupted leg restarts ICE after two seconds', () => {
    const remedies = new Remedies(all);
    remedies.has('connection');
    remedies.lacks('connection', 5_000);
    expect(climb(remedies, 5_000)).toEqual([
      '2 restart',
      '4.5 restart-tcp',
      '7 restart-relay',
      '9.5 rebuild',
    ]);
  });

  it('of a leg without media begins with a key frame and climbs all of it', () => {
    const remedies = new Remedies(all);
    remedies.has('encryption');
    remedies.lacks('media', 0);
    expect(climb(remedies, 0)).toEqual([
      '0 key-frame',
      '0.5 restart',
      '1.5 restart-tcp',
      '5 restart-relay',
      '8.5 rebuild',
    ]);
  });

  it('of a leg without keys is another leg', () => {
    const remedies = new Remedies(all);
    remedies.has('connection');
    remedies.lacks('encryption', 0);
    expect(climb(remedies, 0)).toEqual(['4 rebuild']);
  });

  it('leaves out the relay where there is none, and the key frame of a leg that only sends', () => {
    const remedies = new Remedies({ relay: false, receives: false });
    remedies.lacks('media', 0);
    expect(climb(remedies, 0)).toEqual(['0.5 restart', '1.5 restart-tcp', '5 rebuild']);
  });

  it('is at its end at once when the media server cannot restart ICE', () => {
    const remedies = new Remedies(all);
    remedies.has('connection');
    remedies.lacks('connection', 0);
    expect(remedies.take(2_000)).toBe('restart');
    remedies.cannotRestart(2_010);
    expect(remedies.take(2_010)).toBe('rebuild');
  });
});

it('goes on where it was when a restart interrupts the connection by itself', () => {
  const remedies = new Remedies(all);
  remedies.has('encryption');
  remedies.lacks('media', 0);
  remedies.take(0);
  expect(remedies.take(1_000)).toBe('restart');
  remedies.lacks('connection', 1_100);
  remedies.has('encryption');
  expect(remedies.lack).toBe('media');
  expect(remedies.take(2_500)).toBe('restart-tcp');
});

it.each<[Lack, Lack, boolean]>([
  ['connection', 'connection', true],
  ['connection', 'encryption', true],
  ['connection', 'media', false],
  ['encryption', 'connection', false],
  ['media', 'encryption', false],
  ['media', 'media', true],
])('what lacks %s is well again when there is %s: %s', (lack, what, well) => {
  const remedies = new Remedies(all);
  remedies.lacks(lack, 0);
  remedies.has(what);
  expect(remedies.deadline === undefined).toBe(well);
});

it('does not wait for an interruption to mend itself after a change of network', () => {
  const remedies = new Remedies(all);
  remedies.has('encryption');
  remedies.lacks('connection', 0);
  remedies.lacks('connection', 300, 'at once');
  expect(remedies.take(300)).toBe('restart');
  // The next one has its time.
  expect(remedies.deadline).toBe(2_800);
});

it('does not climb while the server cannot be asked', () => {
  const remedies = new Remedies(all);
  remedies.has('encryption');
  remedies.lacks('connection', 0);
  let now = 2_000;
  const taken: (Remedy | undefined)[] = [];
  for (let tries = 0; tries < 3; tries++) {
    taken.push(remedies.take(now));
    remedies.postpone('restart', now);
    now += POSTPONED_MS;
  }
  expect(taken).toEqual(['restart', 'restart', 'restart']);
  remedies.has('connection');
  remedies.postpone('restart', now);
  expect(remedies.deadline).toBeUndefined();
});
