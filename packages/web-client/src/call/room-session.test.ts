import {
  JsonRpcError,
  type NotificationName,
  type NotificationParams,
  type RequestParams,
  type RequestResult,
  type Resume,
} from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMIT_MS } from './leg-keeper.ts';
import type { NetworkNews } from './network-watch.ts';
import { RoomSession } from './room-session.ts';
import type { Notification } from './signalling.ts';
import {
  candidate,
  FakeBrowser,
  FakeDevices,
  FakeMediaStream,
  FakeServer,
  FakeTrack,
  participantId,
  recordingId,
  ROOM,
  settled,
  streamId,
} from './testing.ts';

let server: FakeServer;
let browser: FakeBrowser;
let devices: FakeDevices;
let session: RoomSession;
let screen: FakeTrack;
/** What the device's network does. */
let network: (news: NetworkNews) => void;
let remembered: (Resume | undefined)[];

const ada = { id: participantId('ada'), name: 'Ada' };
const adasCamera = {
  id: streamId('ada-camera'),
  participant: ada.id,
  kind: 'camera',
  audio: true,
  video: true,
  muted: false,
} as const;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.spyOn(console, 'warn').mockReturnValue();
  server = new FakeServer();
  browser = new FakeBrowser();
  begin({ camera: true, microphone: true });
});

afterEach(() => {
  session.leave();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function begin(open: { camera: boolean; microphone: boolean }): void {
  devices = new FakeDevices(open);
  screen = new FakeTrack('video');
  remembered = [];
  session = new RoomSession({
    room: ROOM,
    name: 'Me',
    devices: devices.asDevices(),
    openSignalling: server.open,
    onResume: (resume) => remembered.push(resume),
    createPeerConnection: browser.createPeerConnection,
    openScreen: async () => new FakeMediaStream([screen]) as unknown as MediaStream,
    watchNetwork: (onNews) => {
      network = onNews;
      return { close: () => (network = () => undefined) };
    },
  });
}

async function join(): Promise<void> {
  await session.join();
  await settled();
}

async function told<Name extends NotificationName>(
  name: Name,
  params: NotificationParams<Name>,
): Promise<void> {
  server.events?.notification({ name, params } as Notification);
  await settled();
}

/** By which ways the viewer’s legs looked again for a connection. */
const downRestarts = () =>
  server.requests
    .filter(({ name }) => name === 'restartIce')
    .map(({ params }) => params as RequestParams<'restartIce'>)
    .filter(({ leg }) => leg.kind === 'down')
    .map(({ via }) => via);

const tile = (name: string) => session.snapshot().tiles.find((candidate) => candidate.name === name);

describe('joining', () => {
  it('broadcasts camera and microphone, sound first, and watches what is there', async () => {
    server.answers.join = () => ({
      self: { id: participantId('me'), name: 'Me' },
      participants: [ada],
      streams: [adasCamera],
      iceServers: [],
      recording: null,
      secret: 'secret',
      legs: [],
    });
    await join();
    expect(server.said()).toEqual(
      expect.arrayContaining(['requestBroadcast', 'startBroadcast stream-own-1', 'watch stream-ada-camera']),
    );
    expect(browser.connections.map(({ log }) => log.slice(0, 2)).sort()).toEqual([
      ['recvonly audio', 'recvonly video'],
      ['sendonly audio', 'sendonly video'],
    ]);
    expect(
      browser.connections.every(({ configuration }) => configuration.bundlePolicy === 'max-bundle'),
    ).toBe(true);
    expect(session.snapshot()).toMatchObject({ phase: 'joined', participants: 2 });
  });

  it('works without any device: one watches, and sends nothing', async () => {
    session.leave();
    begin({ camera: false, microphone: false });
    await join();
    expect(server.said().filter((line) => line !== 'leave')).toEqual(['join']);
    expect(tile('Me')).toMatchObject({ state: 'idle', message: 'Camera off' });
  });

  it('says so when the room is gone, and does not try again', async () => {
    server.answers.join = () => {
      throw new JsonRpcError(-32000, 'gone', { reason: 'room-gone' });
    };
    await join();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.snapshot()).toMatchObject({ phase: 'refused', refusal: { reason: 'room-gone' } });
    expect(server.opened).toBe(1);
  });

  it('says that the server cannot be reached, from the first try on', async () => {
    server.reachable = false;
    await join();
    expect(session.snapshot().phase).toBe('reconnecting');
    server.reachable = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(session.snapshot().phase).toBe('joined');
  });

  it('tells who comes later that the room is being recorded', async () => {
    server.answers.join = () => ({
      self: { id: participantId('me'), name: 'Me' },
      participants: [ada],
      streams: [],
      iceServers: [],
      recording: { id: recordingId('one'), startedBy: ada.id, startedAt: 0 },
      secret: 'secret',
      legs: [],
    });
    await join();
    expect(session.snapshot().notices).toMatchObject([{ text: 'Ada is recording this room' }]);
  });
});

describe('candidates', () => {
  it('find the leg they are meant for', async () => {
    await join();
    await told('participantJoined', { participant: ada });
    await told('streamStarted', { stream: adasCamera, iceServers: [] });
    const [up, down] = browser.connections;
    up?.gather(candidate(1));
    down?.gather(candidate(2));
    expect(server.candidates()).toEqual(['up 1', 'down 2']);
    await told('candidate', { leg: { kind: 'up', stream: streamId('own-1') }, candidate: candidate(3) });
    await told('candidate', { leg: { kind: 'down', stream: adasCamera.id }, candidate: candidate(4) });
    await told('candidate', { leg: { kind: 'down', stream: streamId('unknown') }, candidate: candidate(5) });
    expect(up?.log.at(-1)).toBe('remote 3');
    expect(down?.log.at(-1)).toBe('remote 4');
  });
});

describe('own streams', () => {
  it('are ended and begun anew, sound only, when the camera stops, and with the picture when it starts', async () => {
    await join();
    await session.setCamera(false);
    await settled();
    expect(browser.latest.log[0]).toBe('sendonly audio');
    expect(browser.latest.log).not.toContain('sendonly video');
    await session.setCamera(true);
    await settled();
    expect(server.said()).toEqual([
      'join',
      'requestBroadcast',
      'startBroadcast stream-own-1',
      'stopBroadcast stream-own-1',
      'requestBroadcast',
      'startBroadcast stream-own-2',
      'stopBroadcast stream-own-2',
      'requestBroadcast',
      'startBroadcast stream-own-3',
    ]);
    expect(browser.connections.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  it('never interleave: a camera toggled while its offer is under way waits for the answer', async () => {
    let answer: (value: unknown) => void = () => {};
    server.answers.startBroadcast = () => new Promise((resolve) => (answer = resolve));
    await join();
    void session.setCamera(false);
    void session.setCamera(true);
    await settled();
    expect(server.said()).toEqual(['join', 'requestBroadcast', 'startBroadcast stream-own-1']);
    server.answers.startBroadcast = () => ({ sdpAnswer: 'answer' });
    answer({ sdpAnswer: 'answer' });
    await settled();
    const said = server.said();
    expect(said.at(-1)).toBe('startBroadcast stream-own-2');
    expect(said.filter((line) => line.startsWith('stopBroadcast'))).toEqual(['stopBroadcast stream-own-1']);
    expect(browser.connections.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  it('are muted without a new negotiation', async () => {
    await join();
    await session.setMicrophone(false);
    await settled();
    expect(server.said().slice(-1)).toEqual(['setMuted stream-own-1']);
    expect(browser.connections).toHaveLength(1);
    expect(session.snapshot().microphone).toBe('off');
  });

  it('are begun anew when the server ended them', async () => {
    await join();
    await told('streamStopped', { stream: streamId('own-1'), reason: 'media-lost' });
    expect(tile('Me')).toMatchObject({ state: 'connecting' });
    await vi.advanceTimersByTimeAsync(500);
    expect(server.said().slice(3)).toEqual(['requestBroadcast', 'startBroadcast stream-own-2']);
  });

  it('is said to who comes while it is away, before the answer to join', async () => {
    server.answers.join = () => {
      server.events?.notification({ name: 'mediaServer', params: { available: false } });
      return {
        self: { id: participantId('me'), name: 'Me' },
        participants: [],
        streams: [],
        iceServers: [],
        recording: null,
        secret: 'secret',
        legs: [],
      };
    };
    await join();
    expect(session.snapshot().mediaServerAvailable).toBe(false);
    expect(server.said()).toEqual(['join']);
    await told('mediaServer', { available: true });
    expect(server.said().slice(1)).toEqual(['requestBroadcast', 'startBroadcast stream-own-1']);
  });

  it('carry the screen as a stream of its own, until the browser or the person ends it', async () => {
    await join();
    await session.shareScreen();
    await settled();
    expect(server.requests.at(-2)?.params).toEqual({
      kind: 'screen',
      audio: false,
      video: true,
      muted: false,
    });
    expect(screen.contentHint).toBe('detail');
    expect(tile('Me – screen')).toBeDefined();
    screen.dispatchEvent(new Event('ended'));
    await settled();
    expect(server.said().at(-1)).toBe('stopBroadcast stream-own-2');
    expect(session.snapshot().screen).toBe('off');
  });

  it('do not carry a second screen: the person is told whom to ask', async () => {
    await join();
    await told('participantJoined', { participant: ada });
    await told('streamStarted', { stream: { ...adasCamera, kind: 'screen' }, iceServers: [] });
    await session.shareScreen();
    expect(session.snapshot().notices.at(-1)?.text).toBe('Ada is sharing a screen. Ask Ada to stop first.');
    expect(screen.stopped).toBe(false);
    expect(server.said()).not.toContain('requestBroadcast stream-own-2');
  });
});

describe('watched streams', () => {
  beforeEach(async () => {
    await join();
    await told('participantJoined', { participant: ada });
    await told('streamStarted', { stream: adasCamera, iceServers: [] });
  });

  it('are watched again when their leg fails', async () => {
    const first = browser.latest;
    first.become('connected');
    expect(tile('Ada')).toMatchObject({ state: 'live', message: undefined });
    first.become('failed');
    await settled();
    const repairing = 'Repairing: This network lets no sound or pictures through to the server.';
    expect(tile('Ada')).toMatchObject({ state: 'repairing', message: repairing });
    expect(first.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(5_001);
    expect(downRestarts()).toEqual(['any', 'tcp']);
    expect(tile('Ada')).toMatchObject({ state: 'connecting', message: repairing });
    await vi.advanceTimersByTimeAsync(500);
    expect(first.closed).toBe(true);
    browser.latest.become('connected');
    expect(tile('Ada')).toMatchObject({ state: 'live' });
    expect(server.said().filter((line) => line === 'watch stream-ada-camera')).toHaveLength(2);
  });

  it('are watched again when they connect but nothing arrives', async () => {
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(8_000);
    expect(downRestarts()).toEqual(['any', 'tcp']);
    expect(server.said().filter((line) => line === 'watch stream-ada-camera')).toHaveLength(2);
    browser.latest.receives = { packets: true, frames: true };
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.said().filter((line) => line === 'watch stream-ada-camera')).toHaveLength(2);
  });

  it('are reported as they come up, confirmed only by what was decoded, and as they break', async () => {
    const leg = browser.latest;
    leg.iceConnectionState = 'connected';
    leg.dispatchEvent(new Event('iceconnectionstatechange'));
    leg.become('connected');
    leg.receives = { packets: true, frames: false };
    await vi.advanceTimersByTimeAsync(1_000);
    leg.receives = { packets: true, frames: true };
    await vi.advanceTimersByTimeAsync(1_000);
    leg.iceConnectionState = 'failed';
    leg.become('failed');
    await vi.advanceTimersByTimeAsync(500);
    expect(server.reports()).toEqual([
      'down establishing ice-connected',
      'down establishing dtls-connected',
      'down establishing media-arriving',
      'down confirmed confirmed',
      'down repairing no-candidate-pair',
    ]);
  });

  it('are shown to be repaired while nothing of a picture can be decoded, and tried again when given up', async () => {
    browser.latest.receives = { packets: true, frames: false };
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(5_500);
    expect(tile('Ada')).toMatchObject({
      state: 'repairing',
      message: 'Repairing: The picture or sound arrives, and this browser cannot show it.',
    });
    await vi.advanceTimersByTimeAsync(8_000);
    expect(tile('Ada')).toMatchObject({
      state: 'failed',
      remedy: 'Use another browser, or update this one.',
    });
    session.retry(tile('Ada')?.key ?? '');
    await settled();
    expect(server.said().filter((line) => line === 'watch stream-ada-camera')).toHaveLength(2);
  });

  it('say at once that nothing comes from the sender, and are not built anew for that', async () => {
    browser.latest.become('connected');
    const up = { state: 'repairing', step: 'dtls-connected', cause: 'sender-sends-nothing' } as const;
    await told('ledger', { stream: adasCamera.id, up, viewers: [] });
    expect(tile('Ada')).toMatchObject({
      state: 'repairing',
      message: 'Repairing: Nothing comes from the sender.',
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.said().filter((line) => line === 'watch stream-ada-camera')).toHaveLength(1);
  });

  it('whose sound the browser holds back are reported, until the person presses the button', async () => {
    session.setSoundBlocked(true);
    browser.latest.receives = { packets: true, frames: true };
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(tile('Ada')).toMatchObject({ state: 'live', remedy: 'Press "Play sound".' });
    session.setSoundBlocked(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.reports().slice(-2)).toEqual(['down failed autoplay-blocked', 'down confirmed confirmed']);
    expect(tile('Ada')).toMatchObject({ state: 'live', message: undefined });
  });

  it('are no longer sent to who has given up', async () => {
    browser.latest.become('connected');
    browser.latest.become('failed');
    await vi.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(server.said()).not.toContain('unwatch stream-ada-camera');
    await vi.advanceTimersByTimeAsync(1);
    expect(tile('Ada')).toMatchObject({ state: 'failed' });
    expect(server.said().at(-1)).toBe('unwatch stream-ada-camera');
    expect(server.reports().at(-1)).toBe('down failed no-candidate-pair');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tile('Ada')).toMatchObject({ state: 'failed' });
    browser.latest.become('connected');
    expect(tile('Ada')).toMatchObject({ state: 'live' });
  });

  it('end with the stream, and leave a tile that says so', async () => {
    await told('streamStopped', { stream: adasCamera.id, reason: 'stopped' });
    expect(browser.latest.closed).toBe(true);
    expect(tile('Ada')).toMatchObject({ state: 'idle', media: undefined });
  });
});

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

describe('a device that goes away during the call', () => {
  it('is said once, with what to do, and again when it happens again', async () => {
    await join();
    devices.unplug('microphone');
    await settled();
    const sentence = 'The microphone has gone. Connect it again, or choose another one.';
    expect(session.snapshot().notices).toMatchObject([{ tone: 'problem', text: sentence }]);
    const [notice] = session.snapshot().notices;
    session.dismiss(notice?.id ?? 0);
    await session.setCamera(false);
    expect(session.snapshot().notices).toEqual([]);
    devices.unplug('microphone');
    expect(session.snapshot().notices).toMatchObject([{ text: sentence }]);
  });
});

describe('who can see me', () => {
  const confirmed = { state: 'confirmed', step: 'confirmed', cause: null } as const;
  const me = participantId('me');
  const bob = { id: participantId('bob'), name: 'Bob' };

  it('learns what happened between the answer to join that was lost and its repeat', async () => {
    server.answers.join = () => {
      for (const told of [
        { name: 'participantJoined', params: { participant: bob } },
        { name: 'streamStopped', params: { stream: adasCamera.id, reason: 'stopped' } },
        { name: 'participantLeft', params: { participant: ada.id, reason: 'left' } },
      ] as const)
        server.events?.notification(told);
      return {
        self: { id: me, name: 'Me' },
        participants: [ada],
        streams: [adasCamera],
        iceServers: [],
        recording: null,
        secret: 'secret',
        legs: [],
      };
    };
    await join();
    expect(session.snapshot().tiles.map(({ name }) => name)).toEqual(['Me', 'Bob']);
  });

  it('is told by the latest ledgers, also by those that come before the answer to join', async () => {
    server.answers.join = () => {
      server.events?.notification({
        name: 'ledger',
        params: {
          stream: adasCamera.id,
          up: confirmed,
          viewers: [{ participant: bob.id, status: confirmed }],
        },
      });
      return {
        self: { id: me, name: 'Me' },
        participants: [ada, bob],
        streams: [adasCamera],
        iceServers: [],
        recording: null,
        secret: 'secret',
        legs: [],
      };
    };
    await join();
    const status = { state: 'failed', step: 'media-arriving', cause: 'viewer-cannot-decode' } as const;
    const viewers = [
      { participant: ada.id, status: confirmed },
      { participant: bob.id, status },
    ];
    await told('ledger', { stream: streamId('own-1'), up: confirmed, viewers });
    const { own, others, receiving, of } = session.snapshot().whoSees;
    expect([receiving, of]).toEqual([1, 2]);
    expect(own[0]?.up.map(({ text }) => text)).toEqual(['The server receives your picture and sound.']);
    expect(own[0]?.viewers.map(({ name, text }) => `${name} ${text}`)).toEqual([
      'Ada sees you',
      'Bob does not see you: The picture or sound arrives, and this browser cannot show it. Use another browser, or update this one.',
    ]);
    expect(others[0]?.viewers.map(({ name, text }) => `${name} ${text}`)).toEqual([
      'You are being connected',
      'Bob sees Ada',
    ]);
  });

  it('forgets a stream with its end', async () => {
    await join();
    await told('participantJoined', { participant: ada });
    const viewers = [{ participant: ada.id, status: confirmed }];
    await told('ledger', { stream: streamId('own-1'), up: confirmed, viewers });
    expect(session.snapshot().whoSees.receiving).toBe(1);
    await session.setCamera(false);
    await settled();
    browser.latest.become('connected');
    expect(session.snapshot().whoSees).toMatchObject({
      receiving: 0,
      own: [{ viewers: [{ state: 'establishing' }] }],
    });
  });

  it('is unknown while the server is away, which alone has the evidence', async () => {
    await join();
    await told('participantJoined', { participant: ada });
    const viewers = [{ participant: ada.id, status: confirmed }];
    await told('ledger', { stream: streamId('own-1'), up: confirmed, viewers });
    server.events?.closed('connection-lost');
    expect(session.snapshot().whoSees.receiving).toBe(0);
  });
});

describe('a device that gives nothing for a while', () => {
  it('is reported, and that it is back', async () => {
    await join();
    const camera = devices.snapshot().camera.track;
    camera?.dispatchEvent(new Event('mute'));
    await vi.advanceTimersByTimeAsync(1_000);
    camera?.dispatchEvent(new Event('unmute'));
    expect(server.reports()).toEqual(['up repairing camera-busy', 'up establishing dtls-connected']);
  });

  it('is named in the own tile when it was refused', async () => {
    devices.refuse('camera');
    await join();
    expect(tile('Me')).toMatchObject({
      state: 'connecting',
      message: 'Connecting…',
      video: false,
    });
    browser.latest.become('connected');
    expect(tile('Me')).toMatchObject({
      state: 'live',
      message: 'The browser was not allowed to use the camera or microphone.',
    });
    expect(session.snapshot().whoSees.own[0]?.up.map(({ state }) => state)).toEqual([
      'establishing',
      'failed',
    ]);
  });
});

describe('leaving', () => {
  it('says so, ends everything, and is final', async () => {
    await join();
    session.leave();
    session.leave();
    await settled();
    expect(server.said().filter((line) => line === 'leave')).toHaveLength(1);
    expect(browser.connections.every(({ closed }) => closed)).toBe(true);
    expect(session.snapshot().phase).toBe('left');
    await session.setCamera(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.said().at(-1)).toBe('leave');
  });
});
