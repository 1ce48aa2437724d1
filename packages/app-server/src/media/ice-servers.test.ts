import { expect, it } from 'vitest';
import { Harness } from '../testing/harness.ts';
import { IceServers } from './ice-servers.ts';

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
  } finally {
    await harness.close();
  }
});
