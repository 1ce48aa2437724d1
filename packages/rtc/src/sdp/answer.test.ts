// Offers of real browsers, answered, and the answer read back by an independent parser.
import { readFileSync } from 'node:fs';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { answerOffer, type LocalSession } from './answer.ts';
import { hostCandidate, writeCandidate } from './candidate.ts';
import { SdpError } from './sdp-error.ts';

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');
const local: LocalSession = {
  sessionId: 4711,
  sessionName: 'Parley',
  iceUfrag: 'oUr1',
  icePwd: 'ourPasswordOf24Character',
  fingerprint: { algorithm: 'sha-256', value: FINGERPRINT },
  candidates: [
    writeCandidate(hostCandidate('192.0.2.1', 40000)),
    writeCandidate(hostCandidate('192.0.2.1', 40000, { transport: 'tcp' })).replace('candidate:', ''),
  ],
  setup: 'passive',
  cname: 'stream@parley',
  ssrcFor: (_kind, index) => ({ ssrc: 1000 + index, rtxSsrc: 2000 + index }),
  iceLite: true,
};

const BROWSER_OFFERS = [
  'chromium-datachannel',
  'chromium-recvonly',
  'chromium-sendonly',
  'chromium-sendrecv',
  'chromium-simulcast',
  'chromium-two-cameras',
  'firefox-sendrecv',
];

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}.sdp`, import.meta.url), 'utf8');
}

/** A small offer: v= and the given lines. */
function sdp(...lines: string[]): string {
  return ['v=0', ...lines, ''].join('\r\n');
}

const AUDIO = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=rtpmap:111 opus/48000/2', 'a=rtcp-mux'];
const VIDEO = ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:1', 'a=rtpmap:96 VP8/90000', 'a=rtcp-mux'];

describe.each(BROWSER_OFFERS)('the answer to %s', (name) => {
  const offer = fixture(name);
  const { answer, media } = answerOffer(offer, local);
  const offered = parse(offer);
  const answered = parse(answer);

  it('has the m-lines of the offer in their order, with the same mids and protocols', () => {
    const shape = (session: typeof offered) =>
      session.media.map(({ type, mid, protocol }) => ({ type, mid, protocol }));
    expect(shape(answered)).toEqual(shape(offered));
    expect(media.map(({ mid }) => mid)).toEqual(offered.media.map(({ mid }) => String(mid)));
  });

  it('mirrors the directions', () => {
    const mirrored = {
      sendonly: 'recvonly',
      recvonly: 'sendonly',
      sendrecv: 'sendrecv',
      inactive: 'inactive',
    };
    for (const line of media) {
      const expected = line.accepted ? mirrored[offered.media[line.index].direction!] : 'inactive';
      expect(line.direction).toBe(expected);
      expect(answered.media[line.index].direction).toBe(expected);
    }
  });

  it('keeps only payload types, parameters and feedback that were offered', () => {
    for (const line of media.filter(({ accepted }) => accepted)) {
      const theirs = offered.media[line.index];
      const ours = answered.media[line.index];
      expect(theirs.rtp).toEqual(expect.arrayContaining(ours.rtp));
      expect(theirs.fmtp).toEqual(expect.arrayContaining(ours.fmtp));
      expect(theirs.rtcpFb).toEqual(expect.arrayContaining(ours.rtcpFb ?? []));
      expect(theirs.ext).toEqual(expect.arrayContaining(ours.ext!));
      expect(ours.rtp.map(({ codec }) => codec)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/red|ulpfec|flexfec|CN|telephone|G722/i)]),
      );
    }
  });

  it('takes the passive DTLS role as an ICE-lite agent and gives the candidates once', () => {
    expect(answered.icelite).toBe('ice-lite');
    const accepted = media.filter((line) => line.accepted).map(({ index }) => answered.media[index]);
    expect(accepted.map(({ setup }) => setup)).toEqual(accepted.map(() => 'passive'));
    expect(accepted.map(({ candidates }) => candidates?.length)).toEqual([
      2,
      ...accepted.slice(1).map(() => undefined),
    ]);
    expect(accepted[0].endOfCandidates).toBe('end-of-candidates');
  });

  it('bundles exactly the accepted lines', () => {
    const mids = media.filter(({ accepted }) => accepted).map(({ mid }) => mid);
    expect(answered.groups).toEqual([{ type: 'BUNDLE', mids: mids.join(' ') }]);
  });

  it('is the same when the lines of the offer end in a bare line feed or carriage return', () => {
    const expected = answerOffer(offer, local);
    expect(answerOffer(offer.replaceAll('\r\n', '\n'), local)).toEqual(expected);
    expect(answerOffer(offer.replaceAll('\r\n', '\r'), local)).toEqual(expected);
  });

  it('ends each line with CRLF', () => {
    expect(answer.endsWith('\r\n')).toBe(true);
    expect(answer.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });
});

describe('a negotiation', () => {
  it('reports codecs with retransmission and feedback in the order of the offer', () => {
    const [audio, video] = answerOffer(fixture('chromium-sendrecv'), local).media;
    expect(audio.codecs.map(({ name, payloadType }) => `${name} ${payloadType}`)).toEqual([
      'opus 111',
      'PCMU 0',
      'PCMA 8',
    ]);
    expect(audio.codecs[0].parameters).toEqual({ minptime: '10', useinbandfec: '1' });
    expect(video.codecs[0]).toEqual({
      name: 'VP8',
      kind: 'video',
      clockRate: 90000,
      channels: 1,
      parameters: {},
      payloadType: 96,
      rtxPayloadType: 97,
      feedback: { nack: true, pli: true, fir: true, remb: true, transportCc: true },
    });
    expect(video.codecs.map(({ name }) => name).join(' ')).toBe(
      'VP8 H264 H264 H264 H264 H264 H264 AV1 VP9 VP9',
    );
  });

  it('puts the H.264 profile that everyone decodes before the others, in their places', () => {
    const payloads = [96, 98, 100].map((type) => `a=rtpmap:${type} ${type === 98 ? 'VP8' : 'H264'}/90000`);
    const offer = [
      'v=0',
      'o=- 1 1 IN IP4 0.0.0.0',
      's=-',
      't=0 0',
      'm=video 9 UDP/TLS/RTP/SAVPF 96 98 100',
      'a=mid:0',
      'a=sendonly',
      ...payloads,
      'a=fmtp:96 packetization-mode=1;profile-level-id=640c1f',
      'a=fmtp:100 packetization-mode=1;profile-level-id=42e01f',
      '',
    ].join('\r\n');
    const { answer, media } = answerOffer(offer, local);
    expect(media[0].codecs.map(({ payloadType }) => payloadType)).toEqual([100, 98, 96]);
    expect(answer).toMatch(/^m=video \d+ UDP\/TLS\/RTP\/SAVPF 100 98 96\r$/m);
  });

  it('reports the SSRCs and the cname of the sender', () => {
    const [audio, video] = answerOffer(fixture('firefox-sendrecv'), local).media;
    const cname = '{7e5b2c94-0d1f-4a38-b6c7-f29d83e1a450}';
    expect(audio).toMatchObject({ remoteSsrc: 2741853906, remoteRtxSsrc: undefined, remoteCname: cname });
    expect(video).toMatchObject({ remoteSsrc: 1573098246, remoteRtxSsrc: 3046127815, remoteCname: cname });
  });

  it('reports no SSRC for simulcast, which has none in the offer, and answers without rids', () => {
    const { media, answer } = answerOffer(fixture('chromium-simulcast'), local);
    expect(media[1].remoteSsrc).toBeUndefined();
    expect(answer).not.toMatch(/a=(?:rid|simulcast)/);
  });

  it('reports ICE, fingerprint and setup wherever they stand in the offer', () => {
    const atSession = answerOffer(fixture('firefox-sendrecv'), local).remote;
    expect(atSession).toMatchObject({
      iceUfrag: '0d2f41b7',
      setup: 'actpass',
      fingerprint: { algorithm: 'sha-256' },
    });
    const lines = ['a=setup:active', 'a=ice-ufrag:0123', `a=ice-pwd:${'9'.repeat(22)}`];
    const atMedia = answerOffer(sdp('a=setup:passive', ...AUDIO, ...lines), local);
    expect(atMedia.remote).toEqual({
      iceUfrag: '0123',
      icePwd: '9'.repeat(22),
      fingerprint: undefined,
      setup: 'active',
    });
  });

  it('takes what is left of the DTLS roles', () => {
    const roles = ['actpass', 'active', 'passive'].map((setup) =>
      answerOffer(sdp(`a=setup:${setup}`, ...AUDIO), local),
    );
    expect(roles.map(({ setup }) => setup)).toEqual(['passive', 'passive', 'active']);
    expect(roles.map(({ answer }) => parse(answer).media[0].setup)).toEqual(['passive', 'passive', 'active']);
    expect(answerOffer(sdp(...AUDIO), { ...local, setup: 'active' }).setup).toBe('active');
  });

  it('offers the header extensions that we use, and the mid only inside a BUNDLE', () => {
    const uris = (text: string) =>
      answerOffer(text, local).media.map(({ headerExtensions }) =>
        headerExtensions.map(({ uri }) => uri.split(/[:/]/).at(-1)),
      );
    expect(uris(fixture('chromium-sendrecv'))).toEqual([
      ['ssrc-audio-level', 'abs-send-time', 'draft-holmer-rmcat-transport-wide-cc-extensions-01', 'mid'],
      ['abs-send-time', 'video-orientation', 'draft-holmer-rmcat-transport-wide-cc-extensions-01', 'mid'],
    ]);
    expect(
      uris(fixture('chromium-sendrecv').replace('a=group:BUNDLE 0 1', 'a=group:BUNDLE 0'))[1],
    ).not.toContain('mid');
  });

  it('leaves out header extensions offered one way, twice, or beyond the one-byte form', () => {
    const uri = 'urn:3gpp:video-orientation';
    const extensions = ['14', '14', '15', '0', '3/recvonly'].map((id) => `a=extmap:${id} ${uri}`);
    const { media } = answerOffer(sdp(...VIDEO, ...extensions), local);
    expect(media[0].headerExtensions).toEqual([{ id: 14, uri }]);
  });

  it('lets a number mean one header extension in all lines, the one that a session needs more', () => {
    const mid = 'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid';
    const level = 'a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level';
    const sent = 'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
    const extensionsOf = (...lines: string[]) =>
      answerOffer(sdp('a=group:BUNDLE 0 1', ...lines), local).media.map(({ headerExtensions }) =>
        headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
      );
    const [audio, video] = [
      [...AUDIO, mid, level],
      [...VIDEO, mid, sent],
    ];
    expect(extensionsOf(...audio, ...video)).toEqual([[mid], [mid, sent]]);
    expect(extensionsOf(...video, ...audio)).toEqual([[mid, sent], [mid]]);
    expect(extensionsOf(...audio)).toEqual([[mid, level]]);
  });

  it('retransmits video only, and only with a payload type that names the codec', () => {
    const rtx = (rate: number, apt: number) => [`a=rtpmap:97 rtx/${rate}`, `a=fmtp:97 apt=${apt}`];
    const agreed = (lines: string[], rate: number, apt: number) =>
      answerOffer(sdp(`${lines[0]} 97`, ...lines.slice(1), ...rtx(rate, apt)), local).media[0].codecs[0]
        .rtxPayloadType;
    expect(agreed(VIDEO, 90000, 96)).toBe(97);
    expect(agreed(VIDEO, 90000, 98)).toBeUndefined();
    expect(agreed(AUDIO, 48000, 111)).toBeUndefined();
  });

  it('announces a stream, a retransmission SSRC and one cname for what we send', () => {
    const [audio, video] = parse(answerOffer(fixture('chromium-recvonly'), local).answer).media;
    expect(audio.ssrcGroups).toBeUndefined();
    expect(audio.ssrcs).toEqual([{ id: 1000, attribute: 'cname', value: 'stream@parley' }]);
    expect(video.ssrcGroups).toEqual([{ semantics: 'FID', ssrcs: '1001 2001' }]);
    expect(video.ssrcs!.map(({ id }) => id)).toEqual([1001, 2001]);
    expect(audio.msid![0].id).toBe('stream-parley');
    expect(video.msid![0].id).toBe('stream-parley');
  });

  it('announces an SSRC for reports but no stream and no retransmission where we only receive', () => {
    const { media, answer } = answerOffer(fixture('chromium-sendonly'), local);
    expect(media.map(({ localSsrc, localRtxSsrc }) => [localSsrc, localRtxSsrc])).toEqual([
      [1000, undefined],
      [1001, undefined],
    ]);
    expect(answer).not.toMatch(/a=(?:msid:|ssrc-group)/);
  });

  it('refuses a second camera and a data channel with all their formats', () => {
    const cameras = answerOffer(fixture('chromium-two-cameras'), local);
    expect(cameras.media.map(({ accepted }) => accepted)).toEqual([true, true, false]);
    const offeredVideo = parse(fixture('chromium-two-cameras')).media[2];
    expect(parse(cameras.answer).media[2]).toMatchObject({ port: 0, payloads: offeredVideo.payloads });
    const data = answerOffer(fixture('chromium-datachannel'), local);
    expect(data.media[2]).toMatchObject({
      kind: 'application',
      accepted: false,
      codecs: [],
      localSsrc: undefined,
    });
    expect(data.answer).toContain('m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n');
  });

  it('refuses a line without a common codec and takes the next one of its kind', () => {
    const g722 = ['m=audio 9 UDP/TLS/RTP/SAVPF 9 13', 'a=mid:x', 'a=rtpmap:9 G722/8000'];
    const { media, answer } = answerOffer(sdp('a=group:BUNDLE x 0', ...g722, ...AUDIO), local);
    expect(media.map(({ accepted }) => accepted)).toEqual([false, true]);
    expect(answer).toContain('m=audio 0 UDP/TLS/RTP/SAVPF 9 13\r\n');
    expect(answer).toContain('a=group:BUNDLE 0\r\n');
  });

  it('passes over a codec whose name is a number, which the parser takes for one', () => {
    const line = [AUDIO[0].replace('111', '96 111'), ...AUDIO.slice(1), 'a=rtpmap:96 7/48000/2'];
    expect(answerOffer(sdp(...line), local).media[0].codecs.map(({ name }) => name)).toEqual(['opus']);
  });

  it('refuses plain RTP and lines that the offer itself has stopped, but takes bundle-only ones', () => {
    const plain = AUDIO.with(0, 'm=audio 9 RTP/AVP 111');
    const stopped = VIDEO.with(0, 'm=video 0 UDP/TLS/RTP/SAVPF 96');
    const accepted = (...lines: string[]) =>
      answerOffer(sdp(...lines), local).media.map((line) => line.accepted);
    expect(accepted(...plain, ...stopped)).toEqual([false, false]);
    expect(accepted(...AUDIO, ...stopped, 'a=bundle-only')).toEqual([true, true]);
  });

  it('writes a bare BUNDLE when every bundled line is refused', () => {
    const { answer } = answerOffer(sdp('a=group:BUNDLE 0', ...AUDIO.with(0, 'm=audio 9 RTP/AVP 111')), local);
    expect(answer).toContain('a=group:BUNDLE\r\n');
  });

  it('gives the candidates in every line when nothing is bundled', () => {
    const { media } = parse(answerOffer(sdp(...AUDIO, ...VIDEO), local).answer);
    expect(media.map(({ candidates }) => candidates?.length)).toEqual([2, 2]);
  });

  it('answers v=0 alone without m-lines', () => {
    const { answer, media, remote } = answerOffer('v=0', local);
    expect(media).toEqual([]);
    expect(remote.iceUfrag).toBeUndefined();
    expect(parse(answer).media).toEqual([]);
  });

  it('answers an offer without mid, ICE or fingerprint', () => {
    const bare = answerOffer(sdp('m=audio 9 RTP/SAVPF 0'), local);
    expect(bare.media[0]).toMatchObject({ mid: undefined, accepted: true, direction: 'sendrecv' });
    expect(bare.media[0].codecs.map(({ name }) => name)).toEqual(['PCMU']);
    expect(bare.remote).toEqual({
      iceUfrag: undefined,
      icePwd: undefined,
      fingerprint: undefined,
      setup: undefined,
    });
    expect(bare.answer).not.toContain('a=mid');
  });

  it('asks for nothing that was not offered', () => {
    const { answer } = answerOffer(sdp(...AUDIO.filter((line) => line !== 'a=rtcp-mux')), local);
    expect(answer).not.toMatch(/rtcp-mux|rtcp-rsize|msid|BUNDLE|trickle|rtcp-fb/);
  });
});

describe('an offer that is refused', () => {
  const reasonFor = (offer: string): string => {
    try {
      answerOffer(offer, local);
      return 'answered';
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      return error.reason;
    }
  };

  it.each([
    ['an empty text', '', 'empty'],
    ['blank lines', '\r\n \r\n', 'empty'],
    ['something else', 'hello', 'malformed'],
    ['a late v-line', 's=-\r\nv=0\r\n', 'malformed'],
    ['an m-line without formats', sdp('m=audio 9 UDP/TLS/RTP/SAVPF'), 'malformed'],
    ['an m-line without a port', sdp('m=audio x UDP/TLS/RTP/SAVPF 0'), 'malformed'],
    ['a control character in a format', sdp('m=audio 9 UDP/TLS/RTP/SAVPF 0 \x07'), 'malformed'],
    ['a mid that is no token', sdp(AUDIO[0], 'a=mid:"0"'), 'malformed'],
    ['two lines of one mid', sdp(...AUDIO, ...VIDEO.with(1, 'a=mid:0')), 'malformed'],
    ['a short password', sdp('a=ice-pwd:short', ...AUDIO), 'malformed'],
    ['a fingerprint of the wrong length', sdp('a=fingerprint:sha-256 AB:CD', ...AUDIO), 'malformed'],
    ['a fingerprint of an unknown kind', sdp('a=fingerprint:md5 AB:CD', ...AUDIO), 'malformed'],
    ['an unknown setup', sdp('a=setup:maybe', ...AUDIO), 'malformed'],
    ['an SSRC beyond 32 bits', sdp(...AUDIO, 'a=ssrc:4294967296 cname:x'), 'malformed'],
    ['65 m-lines', sdp(...Array.from({ length: 65 }, () => 'm=audio 9 X 0')), 'too-many-media'],
    ['64 KiB and one', 'v=0\n' + 'x'.repeat(64 * 1024 - 3), 'too-large'],
  ])('%s', (_what, offer, reason) => {
    expect(reasonFor(offer)).toBe(reason);
  });

  it('is not one with 64 m-lines or exactly 64 KiB', () => {
    expect(reasonFor(sdp(...Array.from({ length: 64 }, () => 'm=audio 9 X 0')))).toBe('answered');
    expect(reasonFor('v=0\n' + 'x'.repeat(64 * 1024 - 4))).toBe('answered');
  });

  it('never has its text quoted in the error', () => {
    expect(() => answerOffer(sdp(AUDIO[0], 'a=mid:"secret"'), local)).toThrow(/^((?!secret).)*$/);
  });
});

describe('an attempt to write lines into our answer', () => {
  /** Each tries to bring in an attribute named evil, or a candidate of its own. */
  const EVIL = 'a=candidate:1 1 udp 1 203.0.113.66 666 typ host';

  it.each([
    ['a lone CR behind a mid', [AUDIO[0], `a=mid:0\r${EVIL}`]],
    ['a lone CR in fmtp', [...AUDIO, `a=fmtp:111 a=1\r${EVIL}`]],
    ['a line separator in fmtp', [...AUDIO, `a=fmtp:111 a=1\u2028${EVIL}`]],
    ['a NUL in fmtp', [...AUDIO, `a=fmtp:111 a=1\0${EVIL}`]],
    ['a vertical tab in an extension', [...AUDIO, `a=extmap:1 urn:3gpp:video-orientation\v${EVIL}`]],
    ['a next-line character in a codec', [AUDIO[0], `a=rtpmap:111 opus/48000/2\u0085${EVIL}`]],
    ['its own candidate', [...AUDIO, EVIL]],
    ['a parameter named __proto__', [...AUDIO, 'a=fmtp:111 __proto__=203.0.113.66;constructor=1']],
    ['the group', ['a=group:BUNDLE 0 203.0.113.66', ...AUDIO]],
    ['the cname', [...AUDIO, `a=ssrc:1 cname:x\u2029${EVIL}`]],
  ])('fails with %s', (_how, lines) => {
    const { answer } = answerOffer(sdp(...lines), local);
    expect(answer).not.toContain('203.0.113.66');
    expect(answer).toMatch(/^(?:[a-z]=[ -~]*\r\n)+$/);
  });

  it('fails as a bug of ours with a line break in our own values', () => {
    expect(() => answerOffer(sdp(...AUDIO), { ...local, cname: 'x\r\na=evil' })).toThrow('control character');
    expect(() => answerOffer(sdp(...AUDIO), { ...local, candidates: ['nonsense'] })).toThrow('candidate');
  });

  it('fails with 2,000 mutations of a real offer: each is refused, or answered with its m-lines and clean text', () => {
    const random = seededRandom(42);
    const original = Buffer.from(fixture('chromium-sendrecv'), 'latin1');
    let answered = 0;
    for (let round = 0; round < 2000; round++) {
      const offer = Buffer.from(original);
      for (let i = 0; i < 1 + random() * 8; i++) {
        const at = Math.floor(random() * offer.length);
        const junk =
          random() < 0.5
            ? randomBytes(random, 1 + random() * 6)
            : Buffer.from('\r\nm=: a=;'.slice(random() * 9));
        junk.copy(offer, at);
      }
      const text = offer.toString('latin1');
      try {
        const { answer, media } = answerOffer(text, local);
        answered++;
        expect(answer).toMatch(/^(?:[a-z]=[ -~]*\r\n)+$/);
        expect(parse(answer).media.length).toBe(media.length);
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
      }
    }
    expect(answered).toBeGreaterThan(200);
  });
});
