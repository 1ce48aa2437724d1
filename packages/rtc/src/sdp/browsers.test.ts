// What browsers offer and answer, those that run here as recorded and the others as known (the first line of each fixture
// says which): each gets an answer that keeps its codecs, and what it answers to our offer is understood.
import { readFileSync } from 'node:fs';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { answerOffer, type Negotiation } from './answer.ts';
import { makeOffer } from './make-offer.ts';
import { readAnswer } from './read-answer.ts';
import { SdpError } from './sdp-error.ts';
import { writeDescription } from './write.ts';
import { local } from '../testing/local-session.ts';

const data = { port: 5000, maxMessageSize: 262_144 };

/** Without the comment. */
function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}.sdp`, import.meta.url), 'utf8').replace(/^#.*\r?\n/, '');
}

/** Name and payload type of each agreed codec, with that of its retransmission. */
function codecs({ media }: Negotiation, kind: 'audio' | 'video'): string {
  const line = media.find((each) => each.kind === kind);
  return (line?.sendCodecs ?? line?.codecs ?? [])
    .map(({ name, payloadType, rtxPayloadType: rtx }) =>
      [name, payloadType, ...(rtx === undefined ? [] : [rtx])].join(' '),
    )
    .join(', ');
}

describe.each([
  {
    browser: 'chromium-everything',
    audio: 'opus 111, PCMU 0, PCMA 8',
    video: /^VP8 96 97, H264 108 109, .*AV1 .*VP9 /,
    extensions: 4,
    isOldForm: false,
  },
  {
    browser: 'firefox-esr-everything',
    audio: 'opus 109, PCMU 0, PCMA 8',
    video: /^VP8 120 124, VP9 121 125, AV1 99 100$/,
    extensions: 3,
    isOldForm: false,
  },
  {
    browser: 'safari-macos',
    audio: 'opus 111, PCMU 0, PCMA 8',
    video: /^H264 98 99, H264 102 103, H264 96 97, H264 100 101, VP8 106 107, VP9 108 109, VP9 127 125$/,
    extensions: 4,
    isOldForm: undefined,
  },
  {
    browser: 'safari-ios',
    audio: 'opus 111, PCMU 0, PCMA 8',
    video: /^H264 98 99, H264 96 97, VP8 102 103, VP9 104 105$/,
    extensions: 4,
    isOldForm: undefined,
  },
  {
    browser: 'android-63',
    audio: 'opus 111, PCMU 0, PCMA 8',
    video: /^VP8 96 97, VP9 98 99, H264 127 104$/,
    extensions: 3,
    isOldForm: true,
  },
  {
    browser: 'android-webview-without-mid',
    audio: 'opus 111, PCMU 0, PCMA 8',
    video: /^VP8 96 97, VP9 98 99, H264 127 104$/,
    extensions: 3,
    isOldForm: undefined,
  },
])('the offer of $browser', ({ browser, audio, video, extensions, isOldForm }) => {
  const offer = fixture(browser);
  const negotiation = answerOffer(offer, { ...local, data });

  it('gets an answer with its codecs under its numbers, and with every line taken', () => {
    expect(codecs(negotiation, 'audio')).toBe(audio);
    expect(codecs(negotiation, 'video')).toMatch(video);
    expect(negotiation.media.map(({ accepted }) => accepted)).not.toContain(false);
    expect(negotiation.media[1].headerExtensions).toHaveLength(extensions);
    expect(negotiation.media[1].remoteSsrc).toBeGreaterThan(0);
  });

  it('gets an answer that fits it', () => {
    const [offered, answered] = [parse(offer), parse(negotiation.answer)];
    const shape = (session: typeof offered) =>
      session.media.map(({ type, mid, protocol }) => ({ type, mid, protocol }));
    expect(shape(answered)).toEqual(shape(offered));
    expect(answered.media.map(({ setup }) => setup)).toEqual(answered.media.map(() => 'passive'));
    expect(negotiation.remote.fingerprint?.algorithm).toBe('sha-256');
  });

  it('gets its data channel in the form in which it asked', () => {
    const line = parse(negotiation.answer).media.find(({ type }) => type === 'application');
    const taken = negotiation.media.find(({ kind }) => kind === 'application');
    expect(taken?.sctp?.isOldForm).toBe(isOldForm);
    expect(line?.sctpmap?.sctpmapNumber).toBe(isOldForm ? 5000 : undefined);
    expect(line?.sctpPort).toBe(isOldForm === false ? 5000 : undefined);
  });
});

describe.each([
  { browser: 'chromium-sendrecv', video: 'VP8 98 99, H264 100 101, VP9 102 103, AV1 104 105', sends: true },
  { browser: 'chromium-recvonly', video: 'VP8 98 99, H264 100 101, VP9 102 103, AV1 104 105', sends: false },
  { browser: 'firefox-esr-sendrecv', video: 'VP8 98 99, VP9 102 103, AV1 104 105', sends: true },
  { browser: 'firefox-esr-recvonly', video: 'VP8 98 99, VP9 102 103, AV1 104 105', sends: false },
  { browser: 'safari-macos', video: 'VP8 98 99, H264 100 101, VP9 102 103', sends: true },
  { browser: 'safari-ios-h264', video: 'H264 100 101, VP8 98 99, VP9 102 103', sends: true },
  { browser: 'android-63', video: 'VP8 98 99, VP9 102 103', sends: true },
])('the answer of $browser to our offer', ({ browser, video, sends }) => {
  const answer = fixture(`answers/${browser}`);
  const hasData = answer.includes('m=application');
  const lines = { audio: true, video: true, direction: 'sendrecv' } as const;
  const own = makeOffer({ ...local, data: hasData ? data : undefined }, lines);
  const negotiation = readAnswer(answer, own);

  it('is understood: codecs, directions and SSRCs', () => {
    expect(codecs(negotiation, 'audio')).toBe('opus 96, PCMU 0, PCMA 8');
    expect(codecs(negotiation, 'video')).toBe(video);
    const [audioLine, videoLine] = negotiation.media;
    const direction = sends ? 'sendrecv' : 'sendonly';
    expect([audioLine.direction, videoLine.direction]).toEqual([direction, direction]);
    if (sends) expect(videoLine.remoteRtxSsrc).toBeGreaterThan(0);
    const feedback = { nack: true, pli: true, fir: true, remb: true, transportCc: true };
    expect(videoLine.codecs[0].feedback).toEqual(feedback);
  });

  it('leaves the first DTLS message to the browser, and takes the data channel where there is one', () => {
    expect(negotiation).toMatchObject({ setup: 'passive', remote: { setup: 'active' } });
    expect(negotiation.remote.iceUfrag).toMatch(/^.{4,8}$/);
    expect(negotiation.media[2]?.sctp?.port).toBe(hasData ? 5000 : undefined);
  });
});

describe('a damaged answer', () => {
  it('is refused or understood, and leaves clean text for the next description, 2,000 times', () => {
    const random = seededRandom(7);
    const own = makeOffer({ ...local, data }, { audio: true, video: true, direction: 'sendrecv' });
    const original = Buffer.from(fixture('answers/chromium-sendrecv'), 'latin1');
    let understood = 0;
    for (let round = 0; round < 2000; round++) {
      const answer = Buffer.from(original);
      for (let i = 0; i < 1 + random() * 8; i++) {
        const junk = randomBytes(random, 1 + random() * 6);
        junk.copy(answer, Math.floor(random() * answer.length));
      }
      try {
        const { session, media } = readAnswer(answer.toString('latin1'), own);
        understood++;
        expect(media).toHaveLength(3);
        expect(writeDescription(session)).toMatch(/^(?:[a-z]=[ -~]*\r\n)+$/);
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
      }
    }
    expect(understood).toBeGreaterThan(200);
  });
});
