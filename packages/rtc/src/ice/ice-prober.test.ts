import { beforeEach, describe, expect, it } from 'vitest';
import { bindingSuccess } from './binding-response.ts';
import { IceLiteAgent, type IceSource } from './ice-lite-agent.ts';
import { IceProber } from './ice-prober.ts';
import { parseStun } from '../stun/stun-message.ts';

const LOCAL = { ufrag: 'ours', pwd: 'our-password-of-22-chars' };
const REMOTE = { ufrag: 'theirs', pwd: 'their-password-of-22-chars' };
const WIFI: IceSource = { protocol: 'udp', address: '192.0.2.7', port: 4_000 };
const CABLE: IceSource = { protocol: 'udp', address: '198.51.100.7', port: 4_000 };

let prober: IceProber;
beforeEach(() => {
  prober = new IceProber(LOCAL, REMOTE);
});

/** What a lite agent at the other end answers. */
function answerTo(check: Buffer, pwd = REMOTE.pwd): Buffer {
  const request = parseStun(check);
  if (!request) throw new Error('no STUN');
  return bindingSuccess(request, { address: '203.0.113.1', port: 9 }, pwd);
}

describe('checks of a lite agent to a lite peer', () => {
  it('are accepted by our own lite agent, which takes the way for nominated', () => {
    prober.add(WIFI, 0);
    const [check] = prober.due(0);
    const peer = new IceLiteAgent({ localUfrag: REMOTE.ufrag, localPwd: REMOTE.pwd });
    peer.setRemote(LOCAL);
    const { response, selected } = peer.handleStun(check.bytes, CABLE, 1);
    expect(selected).toBe(true);
    expect(prober.handleAnswer(response ?? Buffer.alloc(0), WIFI)).toBe(WIFI);
  });

  it('go to one candidate after the other, and again to those that do not answer, ever less often', () => {
    prober.add(WIFI, 0);
    prober.add(CABLE, 0);
    const sent: [number, string][] = [];
    for (let now = 0; now < 120_000; now += 10)
      for (const { to } of prober.due(now)) sent.push([now, to.address]);
    const toWifi = sent.filter(([, address]) => address === WIFI.address).map(([now]) => now);
    expect(toWifi).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(sent.find(([, address]) => address === CABLE.address)?.[0]).toBe(50);
  });

  it('ask the one that answered for its consent, and leave the others alone', () => {
    prober.add(WIFI, 0);
    prober.add(CABLE, 0);
    const [, second] = [...prober.due(0), ...prober.due(50)];
    expect(prober.handleAnswer(answerTo(second.bytes), CABLE)).toBe(CABLE);
    const later = [600, 3_200, 6_000].flatMap((now) => prober.due(now).map(({ to }) => to));
    expect(later).toEqual([CABLE, CABLE, CABLE]);
  });

  it('are not answered by somebody else, without the password, or twice', () => {
    prober.add(WIFI, 0);
    const [check] = prober.due(0);
    expect(prober.handleAnswer(answerTo(check.bytes), CABLE)).toBeUndefined();
    expect(prober.handleAnswer(answerTo(check.bytes, 'not the password of theirs'), WIFI)).toBeUndefined();
    expect(prober.handleAnswer(check.bytes, WIFI)).toBeUndefined();
    const answer = answerTo(check.bytes);
    expect(prober.handleAnswer(answer, WIFI)).toBe(WIFI);
    expect(prober.handleAnswer(answer, WIFI)).toBeUndefined();
  });

  it('go to ten candidates at most', () => {
    for (let port = 1; port <= 100; port++) prober.add({ ...WIFI, port }, 0);
    expect(prober.due(60_000)).toHaveLength(10);
  });
});
