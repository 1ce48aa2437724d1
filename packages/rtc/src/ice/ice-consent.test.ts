import { beforeEach, describe, expect, it } from 'vitest';
import { bindingError, bindingSuccess } from './binding-response.ts';
import { IceConsent } from './ice-consent.ts';
import { ICE_FAILED_AFTER, type IceSource } from './ice-lite-agent.ts';
import { STUN_ATTRIBUTE } from '../stun/stun-attributes.ts';
import { parseStun, verifyFingerprint, verifyIntegrity, type StunMessage } from '../stun/stun-message.ts';

const LOCAL = { ufrag: 'ours', pwd: 'our-password-of-22-chars' };
const REMOTE = { ufrag: 'theirs', pwd: 'their-password-of-22-chars' };
const PEER: IceSource = { protocol: 'udp', address: '192.0.2.7', port: 4_000 };

let consent: IceConsent;
beforeEach(() => {
  consent = new IceConsent(LOCAL, REMOTE);
});

function asked(silence: number, by = consent): StunMessage {
  const question = parseStun(by.due(PEER, silence, silence) ?? Buffer.alloc(0));
  if (!question) throw new Error('no question');
  return question;
}

describe('a question for consent', () => {
  it('comes from the controlled side, names both, and nominates nothing', () => {
    const question = asked(5_000);
    expect(question).toMatchObject({ messageClass: 'request', username: 'theirs:ours', useCandidate: false });
    expect(question.attribute(STUN_ATTRIBUTE.ICE_CONTROLLED)).toHaveLength(8);
    expect(question.attribute(STUN_ATTRIBUTE.PRIORITY)).toHaveLength(4);
    expect(verifyIntegrity(question, REMOTE.pwd) && verifyFingerprint(question)).toBe(true);
  });

  it('is not put to who checks by itself, twice to who would soon count as gone, and to nobody whose consent has ended', () => {
    const times: number[] = [];
    for (let now = 0; now < 2 * ICE_FAILED_AFTER; now += 20) if (consent.due(PEER, now, now)) times.push(now);
    expect(times.filter((time) => time < 7_000)).toEqual([5_000, 6_000]);
    expect(times.at(-1)).toBe(ICE_FAILED_AFTER - 1_000);
  });
});

describe('an answer', () => {
  it('counts once, also when another question was put after the one that it answers', () => {
    const question = asked(5_000);
    asked(6_000);
    const answer = bindingSuccess(question, PEER, REMOTE.pwd);
    expect(consent.handleAnswer(answer, PEER)).toBe(true);
    expect(consent.handleAnswer(answer, PEER)).toBe(false);
  });

  it('does not count from elsewhere, without the password, to no question, or when it refuses', () => {
    const question = asked(5_000);
    const answer = bindingSuccess(question, PEER, REMOTE.pwd);
    expect(consent.handleAnswer(answer, { ...PEER, port: 4_001 })).toBe(false);
    expect(consent.handleAnswer(bindingSuccess(question, PEER, LOCAL.pwd), PEER)).toBe(false);
    expect(consent.handleAnswer(bindingError(question, 403, REMOTE.pwd), PEER)).toBe(false);
    const other = asked(5_000, new IceConsent(LOCAL, REMOTE));
    expect(consent.handleAnswer(bindingSuccess(other, PEER, REMOTE.pwd), PEER)).toBe(false);
    expect(consent.handleAnswer(Buffer.from('no STUN at all'), PEER)).toBe(false);
    expect(consent.handleAnswer(answer, PEER)).toBe(true);
  });
});
