// What happens in a room stays there: nobody outside is told anything of it, not even that somebody came or went.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

test('nobody in another room or in none is told of people, streams, recordings, or their ends', async () => {
  const room = await harness.createRoom();
  const eve = await harness.joined(await harness.createRoom(), 'Eve');
  const stranger = await harness.browser();
  const bob = await harness.joined(room, 'Bob');
  const ada = await harness.joined(room);
  const [camera, screen] = [await harness.broadcast(ada), await harness.broadcast(ada, 'screen')];
  await bob.request('watch', { stream: camera, sdpOffer: offer() });
  await ada.request('setMuted', { stream: camera, muted: true });
  await bob.request('startRecording', {});
  await bob.request('stopRecording', {});
  await ada.request('stopBroadcast', { stream: screen });
  await bob.hears('ledger');
  await ada.request('leave', {});
  ada.socket.terminate();
  await bob.hears('participantLeft');
  const names = bob.told.map(({ name }) => name);
  expect(new Set(names).size).toBeGreaterThan(6);
  // Their own answers come after whatever else they were told.
  for (const outside of [eve, stranger]) {
    await outside.request('ping', {});
    expect(outside.told).toEqual([]);
  }
});
