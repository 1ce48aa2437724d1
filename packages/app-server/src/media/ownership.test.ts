// Whoever names what is not theirs is refused, and nothing happens.
import type { RequestName, StreamId } from '@parley/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

let harness: Harness;
let ada: TestBrowser;
let stream: StreamId;
/** In Ada's room, in another room, and in none. */
let bob: TestBrowser;
let eve: TestBrowser;
let stranger: TestBrowser;

beforeAll(async () => {
  harness = await Harness.start();
  const room = await harness.createRoom();
  ada = await harness.joined(room);
  bob = await harness.joined(room, 'Bob');
  eve = await harness.joined(await harness.createRoom(), 'Eve');
  stranger = await harness.browser();
  stream = await harness.broadcast(ada);
  // Told a moment later: the tests below look at what comes after it.
  await ada.hears('ledger');
});
afterAll(() => harness.close());

let calls = 0;
let told = 0;
beforeEach(() => {
  calls = harness.kurento.calls.filter(({ name }) => name !== 'ping').length;
  told = ada.told.length;
});

const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 5000 typ host', sdpMid: '0' };
const failed = { state: 'failed', step: 'requested', cause: 'dtls-failed' };
const events = [{ agoMs: 0, kind: 'state', name: 'ice', facts: {} }];
const forOwner: [RequestName, (stream: string) => object][] = [
  ['startBroadcast', (id) => ({ stream: id, sdpOffer: offer() })],
  ['stopBroadcast', (id) => ({ stream: id })],
  ['setMuted', (id) => ({ stream: id, muted: true })],
  ['addCandidate', (id) => ({ leg: { kind: 'up', stream: id }, candidate })],
  ['restartIce', (id) => ({ leg: { kind: 'up', stream: id }, sdpOffer: offer(), via: 'any' })],
  ['reportLeg', (id) => ({ leg: { kind: 'up', stream: id }, status: failed })],
  ['reportTrace', (id) => ({ leg: { kind: 'up', stream: id }, events })],
];
const forViewers: [RequestName, (stream: string) => object][] = [
  ['watch', (id) => ({ stream: id, sdpOffer: offer() })],
  ['unwatch', (id) => ({ stream: id })],
  ['addCandidate', (id) => ({ leg: { kind: 'down', stream: id }, candidate })],
  ['restartIce', (id) => ({ leg: { kind: 'down', stream: id }, sdpOffer: offer(), via: 'any' })],
  ['reportLeg', (id) => ({ leg: { kind: 'down', stream: id }, status: failed })],
  ['reportTrace', (id) => ({ leg: { kind: 'down', stream: id }, events })],
];

function expectNothingHappened(): void {
  expect(harness.kurento.calls.filter(({ name }) => name !== 'ping')).toHaveLength(calls);
  expect(ada.told).toHaveLength(told);
}

test.each(forOwner)('%s of another participant’s stream is refused', async (name, params) => {
  expect(await bob.refused(name, params(stream))).toBe('not-yours');
  expectNothingHappened();
});

test.each([...forOwner, ...forViewers])(
  '%s from another room does not even learn that the stream exists',
  async (name, params) => {
    expect(await eve.refused(name, params(stream))).toBe('unknown-stream');
    expect(await eve.refused(name, params('nonsense-nonsense'))).toBe('unknown-stream');
    expectNothingHappened();
  },
);

test.each([...forOwner, ...forViewers])('%s before joining is refused', async (name, params) => {
  expect(await stranger.refused(name, params(stream))).toBe('not-in-a-room');
  expectNothingHappened();
});

test.each([
  ['leave', {}],
  ['requestBroadcast', { kind: 'camera', audio: true, video: true, muted: false }],
  ['startRecording', {}],
  ['stopRecording', {}],
] as const)('%s before joining is refused', async (name, params) => {
  expect(await stranger.refused(name, params)).toBe('not-in-a-room');
  expectNothingHappened();
});

test('nobody watches their own stream', async () => {
  expect(await ada.refused('watch', { stream, sdpOffer: offer() })).toBe('unknown-stream');
  expectNothingHappened();
});

test('what is permitted and not started yet is nobody else’s business', async () => {
  const screen = await ada.request('requestBroadcast', {
    kind: 'screen',
    audio: false,
    video: true,
    muted: false,
  });
  const { id } = screen.stream;
  expect(await bob.refused('watch', { stream: id, sdpOffer: offer() })).toBe('unknown-stream');
  expect(await bob.refused('stopBroadcast', { stream: id })).toBe('unknown-stream');
  expectNothingHappened();
});

test('who has left is a stranger again', async () => {
  const room = await harness.createRoom();
  const [one, two] = [await harness.joined(room), await harness.joined(room, 'Two')];
  const theirs = await harness.broadcast(one);
  await two.request('leave', {});
  expect(await two.refused('watch', { stream: theirs, sdpOffer: offer() })).toBe('not-in-a-room');
  expect(await two.refused('leave', {})).toBe('not-in-a-room');
});

test('a second room, a room that does not exist, and a bad name are refused', async () => {
  const room = await harness.createRoom();
  expect(await bob.refused('join', { room, name: 'Bob' })).toBe('already-in-a-room');
  expect(await stranger.refused('join', { room: 'no-such-room-at-all', name: 'X' })).toBe('room-gone');
  expect(await stranger.refused('join', { room, name: ' \t ' })).toBe('invalid-message');
  expect(await stranger.refused('join', { room: '../../etc', name: 'X' })).toBe('invalid-message');
});
