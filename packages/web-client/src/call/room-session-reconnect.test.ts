// What becomes of a session when its way to the server, the server, or the network goes away and comes back.
import { type RequestResult } from '@parley/protocol';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ada,
  adasCamera,
  begin,
  browser,
  downRestarts,
  join,
  network,
  remembered,
  screen,
  server,
  session,
  setTheStage,
  tile,
  told,
} from './room-session-stage.ts';
import { participantId, recordingId, settled, streamId } from './testing.ts';

setTheStage();

describe('a lost server', () => {
  beforeEach(async () => {
    await join();
    await session.shareScreen();
    await settled();
  });

  it('ends every leg, and the session comes back by itself with its streams', async () => {
    server.reachable = false;
    server.vanish();
    expect(session.snapshot().phase).toBe('reconnecting');
    await settled();
    expect(browser.connections.every(({ closed }) => closed)).toBe(true);
    await vi.advanceTimersByTimeAsync(500 + 1_000 + 2_000);
    expect(server.opened).toBe(4);
    server.reachable = true;
    server.requests.length = 0;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(session.snapshot().phase).toBe('joined');
    expect(server.said().filter((line) => line !== 'leave')).toEqual([
      'join',
      'requestBroadcast',
      'startBroadcast stream-own-3',
      'requestBroadcast',
      'startBroadcast stream-own-4',
    ]);
  });

  it('is not looked for any more after leaving', async () => {
    server.vanish();
    session.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.opened).toBe(1);
    expect(screen.stopped).toBe(true);
  });
});

describe('a recording', () => {
  const running = { id: recordingId('one'), startedBy: ada.id, startedAt: 1_763_800_000_000 };
  const answer = (runningMs: number | undefined) => () => ({
    self: { id: participantId('me'), name: 'Me' },
    participants: [ada],
    streams: [],
    iceServers: [],
    recording: runningMs === undefined ? null : { ...running, runningMs },
    secret: 'secret',
    legs: [],
  });
  /** In s, as the sign in the header counts. */
  const runs = () => Math.round((performance.now() - (session.snapshot().recording?.since ?? NaN)) / 1_000);

  it('is counted from its beginning by whoever comes later, whatever this machine’s clock says', async () => {
    server.answers.join = answer(725_000);
    await join();
    expect(runs()).toBe(725);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs()).toBe(735);
    await told('recordingStopped', { recording: running.id });
    await told('recordingStarted', { recording: { ...running, id: recordingId('two'), runningMs: 0 } });
    expect(runs()).toBe(0);
  });

  it('is not said to run while the server cannot be reached, and is counted on when it still does', async () => {
    server.answers.join = answer(5_000);
    await join();
    expect(session.snapshot().recording?.known).toBe(true);
    server.reachable = false;
    server.vanish();
    expect(session.snapshot().recording).toMatchObject({ id: running.id, known: false });
    await vi.advanceTimersByTimeAsync(20_000);
    server.reachable = true;
    server.answers.join = answer(31_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(session.snapshot().recording?.known).toBe(true);
    expect(runs()).toBeGreaterThanOrEqual(31);
    expect(session.snapshot().notices.filter(({ tone }) => tone === 'problem')).toEqual([]);
  });

  it('that ended meanwhile is said to have ended', async () => {
    server.answers.join = answer(5_000);
    await join();
    server.answers.join = answer(undefined);
    server.vanish();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(session.snapshot().recording).toBeUndefined();
    expect(session.snapshot().notices.at(-1)).toMatchObject({
      tone: 'problem',
      text: expect.stringContaining('has ended') as string,
    });
  });
});

describe('a change of network', () => {
  beforeEach(async () => {
    server.answers.join = () => ({
      self: { id: participantId('me'), name: 'Me' },
      participants: [ada],
      streams: [adasCamera],
      iceServers: [],
      recording: null,
      secret: 'secret',
      legs: [{ kind: 'down', stream: adasCamera.id }],
    });
    await join();
    for (const connection of browser.connections) connection.become('connected');
    await settled();
    server.requests.length = 0;
  });

  it('is followed by a question whether the server is there, and by nothing more while all is well', async () => {
    network('changed');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.said()).toEqual(['ping']);
  });

  it('restarts at once what breaks with it, and not what a page in the background misses', async () => {
    network('shown');
    browser.connections.find(({ log }) => log[0]?.startsWith('recvonly'))?.become('disconnected');
    await settled();
    expect(downRestarts()).toEqual([]);
    network('woke');
    await vi.advanceTimersByTimeAsync(1);
    expect(downRestarts()).toEqual(['any']);
  });

  it('does not wait before it comes back to a server whose connection did not last', async () => {
    server.answers.ping = () => Promise.reject(new Error('half open'));
    network('changed');
    server.vanish();
    await vi.advanceTimersByTimeAsync(1);
    expect(server.opened).toBe(2);
  });

  it('ends the pause between two tries', async () => {
    server.reachable = false;
    server.vanish();
    await vi.advanceTimersByTimeAsync(4_000);
    server.reachable = true;
    const tries = server.opened;
    network('changed');
    await settled();
    expect(server.opened).toBe(tries + 1);
    expect(session.snapshot().phase).toBe('joined');
  });
});

/** Of a relay, for a minute. */
const credentials = (credential: string) => [
  { urls: ['turn:relay.example'], username: `${Math.floor(Date.now() / 1_000) + 60}:me`, credential },
];

it('takes new credentials before the former end, for the legs of now and of later', async () => {
  server.answers.join = () => ({
    self: { id: participantId('me'), name: 'Me' },
    participants: [ada],
    streams: [adasCamera],
    iceServers: credentials('old'),
    recording: null,
    secret: 'secret',
    legs: [],
  });
  server.answers.renewIceServers = () => ({ iceServers: credentials('new'), expiresInSeconds: 3_600 });
  await join();
  const [running = browser.latest] = browser.connections;
  running.receives = { packets: true, frames: true };
  running.become('connected');
  await vi.advanceTimersByTimeAsync(41_000);
  const later = { ...adasCamera, id: streamId('ada-screen'), kind: 'screen' } as const;
  await told('streamStarted', { stream: later, iceServers: credentials('old') });
  expect(running.configuration.iceServers).toMatchObject([{ credential: 'new' }]);
  expect(browser.latest).not.toBe(running);
  expect(browser.latest.configuration.iceServers).toMatchObject([{ credential: 'new' }]);
});

it('uses the credentials of coming back for every leg, however new those before were when they were made', async () => {
  const entered = (credential: string, legs: RequestResult<'join'>['legs']) => () => ({
    self: { id: participantId('me'), name: 'Me' },
    participants: [ada],
    streams: [adasCamera],
    iceServers: credentials(credential),
    recording: null,
    secret: 'secret',
    legs,
  });
  server.answers.join = entered('first', []);
  server.answers.renewIceServers = () => ({ iceServers: credentials('renewed'), expiresInSeconds: 3_600 });
  await join();
  const [kept = browser.latest] = browser.connections;
  kept.localType = 'relay';
  kept.receives = { packets: true, frames: true };
  kept.become('connected');
  await vi.advanceTimersByTimeAsync(41_000);
  expect(kept.configuration.iceServers).toMatchObject([{ credential: 'renewed' }]);
  server.answers.join = entered('back', [{ kind: 'down', stream: adasCamera.id }]);
  server.vanish();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(session.snapshot().phase).toBe('joined');
  expect(kept.configuration.iceServers).toMatchObject([{ credential: 'back' }]);
  await told('streamStopped', { stream: adasCamera.id, reason: 'stopped' });
  await told('streamStarted', { stream: adasCamera, iceServers: credentials('back') });
  expect(browser.latest.configuration.iceServers).toMatchObject([{ credential: 'back' }]);
});

describe('a connection that was lost for a moment', () => {
  const back = () => ({
    self: { id: participantId('me'), name: 'Me' },
    participants: [ada],
    streams: [adasCamera, { ...adasCamera, id: streamId('own-1'), participant: participantId('me') }],
    iceServers: [],
    recording: null,
    secret: 'secret',
    legs: [
      { kind: 'up', stream: streamId('own-1') },
      { kind: 'down', stream: adasCamera.id },
    ],
  });

  beforeEach(async () => {
    await join();
    await told('participantJoined', { participant: ada });
    await told('streamStarted', { stream: adasCamera, iceServers: [] });
    for (const connection of browser.connections) {
      connection.receives = { packets: true, frames: true };
      connection.become('connected');
    }
    await vi.advanceTimersByTimeAsync(1_000);
    server.requests.length = 0;
  });

  it('keeps every leg that still runs at both sides, and says who it is', async () => {
    server.answers.join = back;
    server.vanish();
    expect(browser.connections.map(({ closed }) => closed)).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.requests[0]?.params).toMatchObject({
      resume: { participant: participantId('me'), secret: 'secret' },
    });
    expect(server.said().filter((line) => !line.startsWith('reportLeg'))).toEqual(['join']);
    expect(browser.connections.map(({ closed }) => closed)).toEqual([false, false]);
    expect(tile('Ada')).toMatchObject({ state: 'live' });
    expect(tile('Me')).toMatchObject({ state: 'live' });
  });

  it('begins anew what the server has ended, and stops what only the server still has', async () => {
    server.answers.join = () => ({
      ...back(),
      streams: [adasCamera],
      legs: [{ kind: 'up', stream: streamId('forgotten') }],
    });
    server.vanish();
    await vi.advanceTimersByTimeAsync(500);
    expect(server.said().filter((line) => !line.startsWith('reportLeg'))).toEqual([
      'join',
      'stopBroadcast stream-forgotten',
      'watch stream-ada-camera',
      'requestBroadcast',
      'startBroadcast stream-own-2',
    ]);
    expect(browser.connections.map(({ closed }) => closed)).toEqual([true, true, false, false]);
  });

  it('begins a leg anew that broke meanwhile, and tells what was switched off meanwhile', async () => {
    server.answers.join = back;
    server.vanish();
    browser.connections[1]?.become('failed');
    await session.setMicrophone(false);
    await vi.advanceTimersByTimeAsync(501);
    expect(server.said()).toEqual(['join', 'setMuted stream-own-1', 'restartIce']);
  });

  it('sends a camera anew that was stopped meanwhile', async () => {
    server.answers.join = back;
    server.vanish();
    await session.setCamera(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.said().filter((line) => !line.startsWith('reportLeg'))).toEqual([
      'join',
      'stopBroadcast stream-own-1',
      'requestBroadcast',
      'startBroadcast stream-own-2',
    ]);
  });

  it('is not given up by a page that is loaded anew, and is by one that leaves', async () => {
    session.hide();
    await settled();
    expect(server.said()).not.toContain('leave');
    expect(remembered).toEqual([{ participant: participantId('me'), secret: 'secret' }]);
    begin({ camera: true, microphone: true });
    await join();
    session.leave();
    expect(remembered.at(-1)).toBeUndefined();
  });

  it('is over for this page when another page has taken its place', async () => {
    server.events?.closed('taken-over');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.snapshot()).toMatchObject({ phase: 'refused', refusal: { reason: 'other' } });
    expect(server.opened).toBe(1);
    expect(browser.connections.every(({ closed }) => closed)).toBe(true);
  });

  it('of somebody else is said on their tile', async () => {
    await told('streamStopped', { stream: adasCamera.id, reason: 'connection-lost' });
    await told('participantChanged', { participant: { ...ada, away: true } });
    expect(tile('Ada')).toMatchObject({
      state: 'connecting',
      message: 'Connection lost, waiting for Ada…',
    });
    await told('participantChanged', { participant: ada });
    expect(tile('Ada')).toMatchObject({ state: 'idle', message: 'Camera off' });
  });

  it('does not hide that somebody is not recorded any more', async () => {
    await told('recordingFailed', { stream: adasCamera.id, message: 'the disk is full' });
    expect(session.snapshot().notices.at(-1)).toMatchObject({
      tone: 'problem',
      text: 'Ada is not recorded any more: the disk is full',
    });
  });

  it('that ends without having been stopped is told as a problem: nobody would notice', async () => {
    await told('recordingStopped', { recording: recordingId('one'), lost: true });
    expect(session.snapshot().notices.at(-1)).toMatchObject({
      tone: 'problem',
      text: expect.stringContaining('Start it again') as string,
    });
  });
});

describe('a lost media server', () => {
  it('is said, and own streams start again by themselves when it is back', async () => {
    await join();
    await told('streamStopped', { stream: streamId('own-1'), reason: 'media-server-lost' });
    await told('mediaServer', { available: false });
    expect(session.snapshot().mediaServerAvailable).toBe(false);
    expect(tile('Me')).toMatchObject({ state: 'connecting', message: 'Waiting for the media server…' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.said()).toHaveLength(3);
    await told('mediaServer', { available: true });
    expect(server.said().slice(3)).toEqual(['requestBroadcast', 'startBroadcast stream-own-2']);
  });
});
