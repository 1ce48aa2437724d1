import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerLeg } from './peer-leg.ts';
import { candidate, FakeBrowser, settled, streamId } from './testing.ts';

let browser: FakeBrowser;
let states: string[];
let sent: string[];
let leg: PeerLeg;
let answer: (sdp: string) => void;
let negotiated: Promise<void>;

beforeEach(async () => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
  states = [];
  sent = [];
  leg = new PeerLeg({
    leg: { kind: 'down', stream: streamId('ada') },
    iceServers: [],
    createPeerConnection: browser.createPeerConnection,
    sendCandidate: (_, { candidate: line }) => sent.push(line.split(' ')[5] ?? ''),
    onState: (news) => states.push(news.state === 'failed' ? `failed: ${news.cause}` : news.state),
  });
  negotiated = leg.negotiate(() => new Promise((resolve) => (answer = resolve)));
  await settled();
});

afterEach(() => {
  leg.close();
  vi.useRealTimers();
});

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

describe('a connection', () => {
  beforeEach(async () => {
    answer('answer');
    await negotiated;
  });

  it('that never comes about has failed after its deadline', async () => {
    browser.latest.become('connecting');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(states).toEqual(['failed: no-candidate-pair']);
  });

  it('that is interrupted shortly goes on, and fails when that lasts too long', async () => {
    browser.latest.become('connected');
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(4_900);
    browser.latest.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['connected', 'connected']);
    browser.latest.become('disconnected');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(states).toEqual(['connected', 'connected', 'failed: no-candidate-pair']);
  });

  it('that the browser gives up fails at once, and only once', () => {
    browser.latest.become('connected');
    browser.latest.become('failed');
    browser.latest.become('failed');
    expect(states).toEqual(['connected', 'failed: no-candidate-pair']);
  });

  it('that found a way and made no keys on it fails for that reason', () => {
    browser.latest.iceConnectionState = 'connected';
    browser.latest.become('failed');
    expect(states).toEqual(['failed: dtls-failed']);
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
