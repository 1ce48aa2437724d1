// The stage on which a room's session is tested: a fake server, browser and devices, made anew for every test. Not part of
// the page.
import type { NotificationName, NotificationParams, RequestParams, Resume } from '@parley/protocol';
import { afterEach, beforeEach, vi } from 'vitest';
import type { NetworkNews } from './network-watch.ts';
import { RoomSession } from './room-session.ts';
import type { Notification } from './signalling.ts';
import {
  FakeBrowser,
  FakeDevices,
  FakeMediaStream,
  FakeServer,
  FakeTrack,
  participantId,
  ROOM,
  settled,
  streamId,
} from './testing.ts';

export let server: FakeServer;
export let browser: FakeBrowser;
export let devices: FakeDevices;
export let session: RoomSession;
export let screen: FakeTrack;
/** What the device's network does. */
export let network: (news: NetworkNews) => void;
export let remembered: (Resume | undefined)[];

export const ada = { id: participantId('ada'), name: 'Ada' };
export const adasCamera = {
  id: streamId('ada-camera'),
  participant: ada.id,
  kind: 'camera',
  audio: true,
  video: true,
  muted: false,
} as const;

/** To be called once by each file of tests: time stands still, and nobody has joined yet. */
export function setTheStage(): void {
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
}

export function begin(open: { camera: boolean; microphone: boolean }): void {
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

export async function join(): Promise<void> {
  await session.join();
  await settled();
}

export async function told<Name extends NotificationName>(
  name: Name,
  params: NotificationParams<Name>,
): Promise<void> {
  server.events?.notification({ name, params } as Notification);
  await settled();
}

/** By which ways the viewer’s legs looked again for a connection. */
export const downRestarts = () =>
  server.requests
    .filter(({ name }) => name === 'restartIce')
    .map(({ params }) => params as RequestParams<'restartIce'>)
    .filter(({ leg }) => leg.kind === 'down')
    .map(({ via }) => via);

export const tile = (name: string) => session.snapshot().tiles.find((candidate) => candidate.name === name);
