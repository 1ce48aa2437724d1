import { JsonRpcError, NoAnswerError, type RequestParams } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NothingAcceptedError, PeerLeg } from './peer-leg.ts';
import { candidate, FakeBrowser, FakeServer, settled, streamId } from './testing.ts';

const RELAY = { urls: ['turn:relay.example:3478'], username: '4102444800:me', credential: 'x' };

let browser: FakeBrowser;
let server: FakeServer;
let states: string[];
let details: (string | undefined)[];
let sent: string[];
let traced: string[];
let leg: PeerLeg;
let answer: (sdp: string) => void;
let negotiated: Promise<void>;

async function begin(
  kind: 'up' | 'down' = 'down',
  iceServers = [RELAY],
  createPeerConnection = browser.createPeerConnection,
): Promise<void> {
  leg = new PeerLeg({
    leg: { kind, stream: streamId('ada') },
    iceServers,
    createPeerConnection,
    sendCandidate: (_, { candidate: line }) => sent.push(line.split(' ')[5] ?? ''),
    signalling: server,
    onState: (news) => {
      states.push('cause' in news ? `${news.state}: ${news.cause}` : news.state);
      if ('detail' in news) details.push(news.detail);
    },
    onTrace: (_, { kind: what, name, facts }) => traced.push(`${what} ${name} ${JSON.stringify(facts)}`),
  });
  negotiated = leg.negotiate(() => new Promise((resolve) => (answer = resolve)));
  await settled();
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
  browser = new FakeBrowser();
  server = new FakeServer();
  await server.open({ notification: () => undefined, closed: () => undefined });
  states = [];
  details = [];
  sent = [];
  traced = [];
  await begin();
});

afterEach(() => {
  leg.close();
  vi.useRealTimers();
});

/** The ways by which restarts were asked for. */
const restarts = () =>
  server.requests
    .filter(({ name }) => name === 'restartIce')
    .map(({ params }) => (params as RequestParams<'restartIce'>).via);

async function answered(): Promise<void> {
  answer('a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=candidate:2 1 tcp 1 192.0.2.1 9 typ host');
  await negotiated;
}

describe('candidates', () => {
  it('of the browser are sent at once, before the answer as well, but the empty one is not', () => {
    browser.latest.gather(candidate(1));
    browser.latest.gather({ candidate: '', sdpMid: '0', sdpMLineIndex: 0 });
    browser.latest.gather(null);
    expect(sent).toEqual(['1']);
  });

  it('of the server wait for the answer, and then come in their order', async () => {
    leg.addRemoteCandidate(candidate(1));
    leg.addRemoteCandidate(candidate(2));
    await settled();
    expect(browser.latest.log).toEqual([]);
    answer('answer');
    await negotiated;
    leg.addRemoteCandidate(candidate(3));
    await settled();
    expect(browser.latest.log).toEqual(['answer answer', 'remote 1', 'remote 2', 'remote 3']);
  });

  it('of the server for a restart wait for its answer', async () => {
    let restarted: (result: { sdpAnswer: string }) => void = () => undefined;
    server.answers.restartIce = () => new Promise((resolve) => (restarted = resolve));
    await answered();
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(2_000);
    leg.addRemoteCandidate(candidate(7));
    await settled();
    expect(browser.latest.log.at(-1)).toBe('restart all');
    restarted({ sdpAnswer: 'second' });
    await settled();
    expect(browser.latest.log.slice(-2)).toEqual(['answer second', 'remote 7']);
  });

  it('and an answer that come after closing are ignored', async () => {
    leg.addRemoteCandidate(candidate(1));
    leg.close();
    answer('answer');
    await negotiated;
    leg.addRemoteCandidate(candidate(2));
    browser.latest.gather(candidate(3));
    expect(browser.latest.log).toEqual(['close']);
    expect(sent).toEqual([]);
  });
});

it.each(['createOffer', 'setLocalDescription', 'setRemoteDescription'] as const)(
  'does not wait for a browser that never finishes %s, because the connection was closed meanwhile',
  async (step) => {
    leg.close();
    await begin('down', [], (configuration) =>
      Object.assign(browser.createPeerConnection(configuration), {
        [step]: () => new Promise(() => undefined),
      }),
    );
    answer('answer');
    await settled();
    leg.close();
    await expect(negotiated).resolves.toBeUndefined();
  },
);

it('an answer that accepts nothing is no answer: nothing would ever come', async () => {
  answer('m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=inactive\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=inactive');
  await expect(negotiated).rejects.toBeInstanceOf(NothingAcceptedError);
});

it('an answer that accepts the sound only is one', async () => {
  answer('m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 0 UDP/TLS/RTP/SAVPF 96');
  await expect(negotiated).resolves.toBeUndefined();
});

describe('a connection', () => {
  beforeEach(answered);

  it('that never comes about climbs by TCP and the relay to its end', async () => {
    browser.latest.become('connecting');
    browser.latest.gather({ ...candidate(1), candidate: 'candidate:1 1 udp 1 192.0.2.9 1 typ relay' });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(restarts()).toEqual(['tcp', 'relay']);
    expect(browser.latest.log.filter((line) => line.startsWith('restart'))).toEqual([
      'restart all',
      'restart relay',
    ]);
    await vi.advanceTimersByTimeAsync(1);
    expect(states).toEqual([
      'repairing: no-candidate-pair',
      'repairing: no-candidate-pair',
      'failed: no-candidate-pair',
    ]);
    expect(details.at(-1)).toBe('tried UDP, TCP, relay (turn:relay.example:3478)');
  });

  it('that is interrupted for less than two seconds goes on without a word', async () => {
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(1_900);
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['connected', 'connected']);
    expect(restarts()).toEqual([]);
  });

  it('that is interrupted for longer restarts ICE on the same endpoint, and is well again', async () => {
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(states.slice(1)).toEqual(['repairing: no-candidate-pair']);
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toBe('connected');
    expect(restarts()).toEqual(['any']);
    expect(server.requests.find(({ name }) => name === 'restartIce')?.params).toMatchObject({
      leg: { kind: 'down', stream: 'stream-ada' },
      sdpOffer: 'restart offer',
    });
  });

  it('that the browser gives up is restarted at once, and is at its end when nothing helps', async () => {
    browser.latest.become('connected');
    browser.latest.become('failed');
    await settled();
    expect(restarts()).toEqual(['any']);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(restarts()).toEqual(['any', 'tcp', 'relay']);
    expect(states.at(-1)).toMatch('failed');
  });

  it('that is interrupted by a change of network is not waited for', async () => {
    browser.latest.become('connected');
    leg.hurry();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(restarts()).toEqual([]);
    browser.latest.become('disconnected');
    await settled();
    expect(restarts()).toEqual(['any']);
  });

  it('that was interrupted while the server was away is restarted when the server is back', async () => {
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    server.answers.restartIce = () => Promise.reject(NoAnswerError.closed('restartIce', 'connection-lost'));
    await vi.advanceTimersByTimeAsync(9_900);
    expect(new Set(restarts())).toEqual(new Set(['any']));
    server.answers.restartIce = () => ({ sdpAnswer: 'second' });
    leg.hurry();
    await settled();
    expect(browser.latest.log.at(-1)).toBe('answer second');
  });

  it('of a media server that cannot restart ICE is built anew', async () => {
    server.answers.restartIce = () =>
      Promise.reject(new JsonRpcError(-32000, 'no', { reason: 'not-supported' }));
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(2_001);
    expect(states.at(-1)).toMatch('failed');
    expect(restarts()).toEqual(['any']);
  });

  it('whose endpoint is gone is built anew', async () => {
    server.answers.restartIce = () =>
      Promise.reject(new JsonRpcError(-32000, 'no', { reason: 'unknown-stream' }));
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(states.at(-1)).toMatch('failed');
  });

  it('that found a way and made no keys on it fails for that reason', async () => {
    browser.latest.become('connecting');
    browser.latest.iceBecomes('connected');
    await vi.advanceTimersByTimeAsync(3_999);
    expect(states).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(states).toEqual(['failed: dtls-failed']);
  });

  it('whose keys the browser refuses fails for that reason, at once and once', () => {
    browser.latest.iceConnectionState = 'connected';
    browser.latest.become('failed');
    browser.latest.become('failed');
    expect(states).toEqual(['failed: dtls-failed']);
  });

  it('over which nothing comes climbs from the key frame to the relay, though ICE is well', async () => {
    browser.latest.become('connected');
    leg.mediaComes(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(states.slice(1)).toEqual(['repairing: nothing-arrives']);
    // What a restart does to the connection is no trouble of its own.
    await vi.advanceTimersByTimeAsync(1_000);
    browser.latest.become('disconnected');
    browser.latest.become('connected');
    leg.mediaComes(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(restarts()).toEqual(['any', 'tcp', 'relay']);
    expect(states).not.toContain('failed: nothing-arrives');
    leg.mediaComes(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toBe('connected');
  });

  it('tells its states, its pair and its remedies', async () => {
    browser.latest.become('connected');
    await settled();
    browser.latest.become('failed');
    await settled();
    expect(traced).toEqual([
      'state connectionState {"state":"connected"}',
      'state selectedPair {"localType":"host","localProtocol":"udp","roundTripMs":20}',
      'state connectionState {"state":"failed"}',
      'remedy restart {"lack":"connection"}',
    ]);
  });

  it('says nothing any more after closing', async () => {
    leg.close();
    leg.close();
    browser.latest.become('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual([]);
    expect(browser.latest.log.filter((line) => line === 'close')).toHaveLength(1);
  });
});

describe('an up leg', () => {
  it('whose media does not get to the server asks nobody for a key frame', async () => {
    leg.close();
    await begin('up');
    await answered();
    browser.latest.become('connected');
    leg.mediaComes(false);
    await vi.advanceTimersByTimeAsync(499);
    expect(states).toEqual(['connected']);
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toBe('repairing: sender-sends-nothing');
  });
});

describe('new credentials', () => {
  const renewed = [{ ...RELAY, credential: 'y' }];
  beforeEach(async () => {
    await answered();
    browser.latest.become('connected');
  });

  it('are kept for later by a leg that goes directly', async () => {
    await leg.renewIceServers(renewed);
    expect(browser.latest.configuration.iceServers).toEqual(renewed);
    expect(restarts()).toEqual([]);
  });

  it('are used at once by a leg that goes through the relay', async () => {
    browser.latest.localType = 'relay';
    await leg.renewIceServers(renewed);
    expect(restarts()).toEqual(['any']);
    expect(states).toEqual(['connected']);
  });
});
