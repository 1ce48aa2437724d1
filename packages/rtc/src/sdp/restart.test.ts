import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answerOffer } from './answer.ts';
import { hostCandidate, writeCandidate } from './candidate.ts';
import { answerRestart, readRestart } from './restart.ts';
import { local } from '../testing/local-session.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}.sdp`, import.meta.url), 'utf8');
}

/** The offer as the same peer connection makes it for a restart. */
function restarted(offer: string): string {
  return offer
    .replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:neW2')
    .replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:anotherPasswordOfTheBrowser')
    .replaceAll(/a=candidate:.*\r\n/g, '');
}

const next = {
  iceUfrag: 'oUr2',
  icePwd: 'ourSecondPasswordOf24Chr',
  candidates: [writeCandidate(hostCandidate('192.0.2.1', 40000, { transport: 'tcp' }))],
};

describe.each(['chromium-sendrecv', 'chromium-recvonly', 'chromium-two-cameras', 'firefox-sendrecv'])(
  'the answer to a restart of %s',
  (name) => {
    it('differs from the former one in its version, credentials and candidates only', () => {
      const offer = fixture(name);
      const former = answerOffer(offer, local);
      const { answer, remote, media } = answerRestart(former, readRestart(restarted(offer), former), next);
      const expected = former.answer
        .replace('o=- 4711 1 ', 'o=- 4711 2 ')
        .replaceAll(local.iceUfrag, next.iceUfrag)
        .replaceAll(local.icePwd, next.icePwd)
        .replaceAll(/a=candidate:.*/g, `a=${next.candidates[0]}`);
      expect(answer).toBe(expected);
      expect(answer).toContain(next.iceUfrag);
      expect(media).toBe(former.media);
      expect(remote).toMatchObject({ iceUfrag: 'neW2', fingerprint: former.remote.fingerprint });
    });
  },
);

describe('an offer that is no restart of the session', () => {
  const offer = fixture('chromium-sendrecv');
  const former = answerOffer(offer, local);
  const good = restarted(offer);
  const [session, ...sections] = good.split(/(?=^m=)/m);

  it.each([
    [
      'has another fingerprint',
      good.replaceAll(/(a=fingerprint:sha-256 )../g, '$1AA'),
      'fingerprint is another one',
    ],
    ['has the credentials of now', offer, 'nothing is restarted'],
    [
      'has only a new user name',
      good.replaceAll(/a=ice-pwd:.*/g, /a=ice-pwd:.*/.exec(offer)![0]),
      'nothing is',
    ],
    ['has no credentials', good.replaceAll(/a=ice-(ufrag|pwd):.*\r\n/g, ''), 'no ice-ufrag'],
    ['lacks an m-line', session + sections[0], 'm-lines'],
    ['has its m-lines in another order', session + [...sections].reverse().join(''), 'another mid'],
    ['turns a direction', good.replace('a=sendrecv', 'a=sendonly'), 'another direction'],
    [
      'gives a payload type to another codec',
      good.replace(/opus\/48000/, 'opux/48000'),
      'lacks payload type',
    ],
    ['wants the other DTLS role', good.replaceAll('a=setup:actpass', 'a=setup:passive'), 'roles'],
    ['is no SDP', 'nonsense', 'v=0'],
  ])('is refused because it %s', (_why, text, message) => {
    expect(text).not.toBe(good);
    expect(() => readRestart(text, former)).toThrow(message);
  });
});
