// What is sent follows the devices and the shared screen; the person is asked for a screen once, and it is let go of.
import type { IceServer } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceError } from './devices.ts';
import { OwnStreams } from './own-streams.ts';
import {
  FakeBrowser,
  FakeDevices,
  FakeMediaStream,
  FakeServer,
  FakeTrack,
  settled,
  streamId,
} from './testing.ts';

let server: FakeServer;
let browser: FakeBrowser;
let own: OwnStreams;
let screen: FakeTrack;
let problems: string[];
let asked: number;
let choose: () => Promise<MediaStream>;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.spyOn(console, 'warn').mockReturnValue();
});

afterEach(() => {
  own.end();
  own.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function begin(open = { camera: true, microphone: true }): Promise<void> {
  server = new FakeServer();
  browser = new FakeBrowser();
  screen = new FakeTrack('video');
  problems = [];
  asked = 0;
  choose = async () => new FakeMediaStream([screen]) as unknown as MediaStream;
  await server.open({ notification: () => undefined, closed: () => undefined });
  own = new OwnStreams({
    signalling: server,
    createPeerConnection: browser.createPeerConnection,
    sendCandidate: () => undefined,
    report: () => undefined,
    onChange: () => undefined,
    onTrace: undefined,
    devices: new FakeDevices(open).asDevices(),
    openScreen: () => {
      asked++;
      return choose();
    },
    connected: () => true,
    joined: () => true,
    problem: (text) => problems.push(text),
    onDropped: () => undefined,
  });
  own.begin();
  await settled();
}

const wishes = () =>
  server.requests.filter(({ name }) => name === 'requestBroadcast').map(({ params }) => params);

describe('a stream', () => {
  it.each([
    [{ camera: false, microphone: true }, ['sendonly audio']],
    [{ camera: true, microphone: false }, ['sendonly video']],
  ])('of one device is announced as what it is, and offers no more: %o', async (open, offered) => {
    await begin(open);
    expect(wishes()).toMatchObject([{ kind: 'camera', audio: open.microphone, video: open.camera }]);
    expect(browser.latest.log.filter((line) => line.startsWith('sendonly'))).toEqual(offered);
  });

  it.each<[string, IceServer[]]>([
    ['names', [{ urls: ['turn:192.0.2.1:3478'], username: 'u', credential: 'c' }]],
    ['does not name', []],
  ])('uses the servers that the application server %s, and no others', async (_, iceServers) => {
    await begin();
    const permit = server.answers.requestBroadcast;
    server.answers.requestBroadcast = (wish) => ({ ...(permit?.(wish) as object), iceServers });
    await own.shareScreen();
    await settled();
    expect(browser.latest.configuration.iceServers).toEqual(iceServers);
  });
});

describe('a shared screen', () => {
  it('is captured no longer than it is shared', async () => {
    await begin();
    await own.shareScreen();
    await settled();
    expect(screen.stopped).toBe(false);
    own.stopSharing();
    await settled();
    expect(screen.stopped).toBe(true);
    expect(server.said().at(-1)).toBe('stopBroadcast stream-own-2');
  });

  it('is asked for before anything is waited for, since browsers want it within the click', async () => {
    await begin();
    void own.shareScreen();
    expect(asked).toBe(1);
    await settled();
  });

  it('is sent anew after a failure, and the person is not asked again', async () => {
    await begin();
    await own.shareScreen();
    await settled();
    own.byId(streamId('own-2'))?.lost('nothing-arrives');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wishes()).toMatchObject([{ kind: 'camera' }, { kind: 'screen' }, { kind: 'screen' }]);
    expect(asked).toBe(1);
    expect(screen.stopped).toBe(false);
  });

  it('that the person does not choose leaves nothing behind, and can be chosen the next time', async () => {
    await begin();
    const chosen = choose;
    choose = () => Promise.reject(new DeviceError('screen', 'permission-denied'));
    await own.shareScreen();
    await settled();
    expect(problems).toEqual([expect.stringContaining('The screen was not shared.')]);
    expect(own.screenSwitch).toBe('off');
    expect(wishes()).toHaveLength(1);
    choose = chosen;
    await own.shareScreen();
    await settled();
    expect(wishes().at(-1)).toMatchObject({ kind: 'screen' });
  });

  it('that is chosen after leaving is let go of at once', async () => {
    await begin();
    let chosen: (media: MediaStream) => void = () => undefined;
    choose = () => new Promise((resolve) => (chosen = resolve));
    const sharing = own.shareScreen();
    own.end();
    chosen(new FakeMediaStream([screen]) as unknown as MediaStream);
    await sharing;
    await settled();
    expect(screen.stopped).toBe(true);
    expect(wishes()).toHaveLength(1);
  });
});
