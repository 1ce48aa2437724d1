import type { IceServer } from '@parley/protocol';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness.ts';
import { CREDENTIALS_SECONDS, IceServers } from './ice-servers.ts';

const TURN = { urls: ['turn:192.0.2.1:3478?transport=udp'], secret: 'shared' };

it('names no server when there is none of ours', () => {
  expect(new IceServers(undefined).for('ada')).toEqual([]);
});

it('mints credentials that name their recipient and an end', () => {
  const [server] = new IceServers(TURN).for('ada');
  const [expiry, participant] = (server?.username ?? '').split(':');
  expect(participant).toBe('ada');
  expect(Number(expiry) * 1000).toBeGreaterThan(Date.now());
  expect(server?.urls).toEqual(TURN.urls);
  expect(server?.credential).not.toContain(TURN.secret);
});

it('lets credentials hold for an hour of a call, for ten minutes of a test', () => {
  const servers = new IceServers(TURN);
  const remaining = ([server]: IceServer[]) => Number(server?.username?.split(':')[0]) - Date.now() / 1000;
  for (const given of [servers.for('ada'), servers.renew('ada').iceServers])
    expect(Math.abs(remaining(given) - 3600)).toBeLessThan(2);
  for (const given of [servers.forTest('ada'), servers.renewForTest(undefined).iceServers])
    expect(Math.abs(remaining(given) - 600)).toBeLessThan(2);
});

it('gives each browser its own: on joining, when a stream starts, and for a test', async () => {
  const harness = await Harness.start({ turn: TURN });
  try {
    const room = await harness.createRoom();
    const [ada, bob] = [await harness.browser(), await harness.browser()];
    const [first, second] = [
      await ada.request('join', { room, name: 'Ada' }),
      await bob.request('join', { room, name: 'Bob' }),
    ];
    expect(first.iceServers[0]?.username).toContain(first.self.id);
    await harness.broadcast(ada);
    const { iceServers } = await bob.hears('streamStarted');
    expect(iceServers[0]?.username).toContain(second.self.id);
    const stranger = await harness.browser();
    const test = await stranger.request('requestTest', {});
    expect(test.iceServers[0]?.username).toMatch(/^\d+:test-/);
    const renewed = await bob.request('renewIceServers', {});
    expect(renewed.expiresInSeconds).toBe(CREDENTIALS_SECONDS.call);
    expect(renewed.iceServers[0]?.username).toContain(second.self.id);
    const forTest = await stranger.request('renewIceServers', {});
    expect(forTest.expiresInSeconds).toBe(CREDENTIALS_SECONDS.test);
    expect(forTest.iceServers[0]?.username).toMatch(/^\d+:test-/);
  } finally {
    await harness.close();
  }
});
