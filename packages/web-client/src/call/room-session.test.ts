// What a session in a room does with its streams and those of others while all is there.
import { JsonRpcError } from '@parley/protocol';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMIT_MS } from './leg-keeper.ts';
import {
  ada,
  adasCamera,
  begin,
  browser,
  devices,
  downRestarts,
  join,
  screen,
  server,
  session,
  setTheStage,
  tile,
  told,
} from './room-session-stage.ts';
import { candidate, participantId, recordingId, settled, streamId } from './testing.ts';

setTheStage();

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
      recording: { id: recordingId('one'), startedBy: ada.id, startedAt: 0, runningMs: 0 },
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

  it('is not said to be one that could be allowed, when the page did not come over HTTPS', async () => {
    begin({ camera: false, microphone: false });
    devices.refuse('camera', 'insecure-context');
    await join();
    expect(tile('Me')).toMatchObject({
      message: expect.stringContaining('only to pages that came over HTTPS') as string,
      remedy: expect.stringContaining('https://') as string,
    });
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
