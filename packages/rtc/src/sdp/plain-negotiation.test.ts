// What an RtpEndpoint answers to the descriptions that FFmpeg, GStreamer applications, SIP phones and PBXs give.
import { describe, expect, it } from 'vitest';
import { splitMasterKey } from './plain-crypto.ts';
import {
  agreeOnPlainOffer,
  offerPlainLines,
  readPlainAnswer,
  type PlainLine,
  type PlainLocal,
} from './plain-negotiation.ts';
import { writePlainDescription, type PlainSession } from './plain-write.ts';

const KEY_30 = Buffer.from('4321ZYXWVUTSRQPONMLKJIHGFEDCBA');
const THEIR_KEY = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';

function local(suite?: 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32', ipv6 = false): PlainLocal {
  let ssrc = 1000;
  return { crypto: suite && splitMasterKey(suite, KEY_30), ipv6, newSsrc: () => ++ssrc };
}

const SESSION: PlainSession = {
  sessionId: 7,
  sessionName: 'Parley Media Server',
  address: '192.0.2.1',
  cname: 'server',
  as: 'answer',
  bandwidthOf: () => 0,
  portsOf: ({ media }) => ({ rtp: 41_000 + media.index * 2, rtcp: 41_001 + media.index * 2 }),
};

function sdp(...lines: string[]): string {
  return ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 't=0 0', ...lines].join('\r\n') + '\r\n';
}

function answer(offer: string, side = local()): string[] {
  return writePlainDescription(SESSION, agreeOnPlainOffer(offer, side)).split('\r\n').slice(5, -1);
}

const FFMPEG = sdp(
  'a=tool:libavformat LIBAVFORMAT_VERSION',
  'm=video 5004 RTP/AVP 96',
  'c=IN IP4 127.0.0.1',
  'b=AS:256',
  'a=rtpmap:96 VP8/90000',
  'm=audio 5006 RTP/AVP 97',
  'c=IN IP4 127.0.0.1',
  'b=AS:96',
  'a=rtpmap:97 opus/48000/2',
  'a=fmtp:97 sprop-stereo=1',
);

/** As the rtp-receiver tutorial: the peer only sends, feedback by AVPF, with the port of who has none to name. */
const COMES_TO_US = sdp(
  'c=IN IP4 0.0.0.0',
  'm=audio 9 RTP/AVPF 96',
  'a=rtpmap:96 opus/48000/2',
  'a=sendonly',
  'a=direction:active',
  'a=ssrc:445566 cname:user@host',
  'm=video 9 RTP/AVPF 103',
  'a=rtpmap:103 H264/90000',
  'a=rtcp-fb:103 nack pli',
  'a=rtcp-fb:103 ccm fir',
  'a=sendonly',
  'a=direction:active',
  'a=ssrc:112233 cname:user@host',
);

const ASTERISK = sdp(
  'c=IN IP4 198.51.100.7',
  'm=audio 15000 RTP/AVP 0 8 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=maxptime:150',
  'a=sendrecv',
);

const LINPHONE_SAVP = sdp(
  'c=IN IP4 198.51.100.8',
  'm=audio 7078 RTP/SAVP 96 0 101',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 useinbandfec=1',
  'a=rtpmap:101 telephone-event/48000',
  'a=rtcp:7100',
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${THEIR_KEY}`,
  'a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20',
  'm=video 9078 RTP/SAVP 97',
  'a=rtpmap:97 VP8/90000',
  'a=rtcp-fb:* nack pli',
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${THEIR_KEY}`,
);

describe('an offer of plain RTP', () => {
  it('of FFmpeg is answered without feedback, line by line, and sent where its c-lines say', () => {
    const [video, audio] = agreeOnPlainOffer(FFMPEG, local());
    expect(video).toMatchObject({
      media: { accepted: true, direction: 'sendrecv', codecs: [{ name: 'VP8', payloadType: 96 }] },
      place: { address: '127.0.0.1', port: 5004, rtcpPort: 5005 },
      crypto: undefined,
    });
    expect(audio?.place).toEqual({ address: '127.0.0.1', port: 5006, rtcpPort: 5007 });
    expect(answer(FFMPEG)).toEqual([
      'm=video 41000 RTP/AVP 96',
      'a=sendrecv',
      'a=rtcp:41001',
      'a=rtpmap:96 VP8/90000',
      'a=ssrc:1001 cname:server',
      'm=audio 41002 RTP/AVP 97',
      'a=sendrecv',
      'a=rtcp:41003',
      'a=rtpmap:97 opus/48000/2',
      'a=fmtp:97 sprop-stereo=1',
      'a=ssrc:1002 cname:server',
    ]);
  });

  it('says where our media is received, at the head', () => {
    const head = writePlainDescription(SESSION, agreeOnPlainOffer(FFMPEG, local())).split('\r\n');
    expect(head.slice(0, 5)).toEqual([
      'v=0',
      'o=- 7 1 IN IP4 192.0.2.1',
      's=Parley Media Server',
      'c=IN IP4 192.0.2.1',
      't=0 0',
    ]);
  });

  it('of a sender that comes to us names no place, keeps the feedback of AVPF, and is received only', () => {
    const lines = agreeOnPlainOffer(COMES_TO_US, local());
    expect(lines.map(({ place, comesToUs }) => ({ place, comesToUs }))).toEqual([
      { place: undefined, comesToUs: true },
      { place: undefined, comesToUs: true },
    ]);
    expect(lines[1].media).toMatchObject({ direction: 'recvonly', remoteSsrc: 112233 });
    expect(answer(COMES_TO_US)).toContain('a=setup:passive');
    expect(answer(COMES_TO_US)).toEqual(expect.arrayContaining(['a=recvonly', 'a=rtcp-fb:103 nack pli']));
    const viaSetup = COMES_TO_US.replaceAll('direction:active', 'setup:active').replaceAll(' 9 ', ' 5004 ');
    expect(agreeOnPlainOffer(viaSetup, local())[0]).toMatchObject({ place: undefined, comesToUs: true });
  });

  it('of a PBX is answered by its static payload types, which need no mapping, without telephone events', () => {
    expect(answer(ASTERISK)).toEqual([
      'm=audio 41000 RTP/AVP 0 8',
      'a=sendrecv',
      'a=rtcp:41001',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=ssrc:1001 cname:server',
    ]);
  });

  it.each([
    [undefined, 'packetization-mode=1;profile-level-id=42e01f'],
    ['packetization-mode=1', 'packetization-mode=1;profile-level-id=42e01f'],
    ['profile-level-id=42801F', 'profile-level-id=42801F'],
    ['packetization-mode=0;profile-level-id=640c1f', 'packetization-mode=0;profile-level-id=640c1f'],
  ])('of H.264 with the parameters %s is taken as %s', (theirs, taken) => {
    const fmtp = theirs === undefined ? [] : [`a=fmtp:96 ${theirs}`];
    const offer = sdp('c=IN IP4 127.0.0.1', 'm=video 5004 RTP/AVP 96', 'a=rtpmap:96 H264/90000', ...fmtp);
    expect(answer(offer)).toContain(`a=fmtp:96 ${taken}`);
  });

  it.each([
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
    ['sendrecv', 'sendrecv'],
  ])('that says %s is answered with %s, also when it says so for all lines', (theirs, ours) => {
    expect(answer(ASTERISK.replace('sendrecv', theirs))).toContain(`a=${ours}`);
    const session = ASTERISK.replace('a=sendrecv\r\n', '').replace('m=', `a=${theirs}\r\nm=`);
    expect(answer(session)).toContain(`a=${ours}`);
  });

  it.each(['0.0.0.0', '::'])('with the address %s is on hold: nothing is sent there', (address) => {
    const held = ASTERISK.replace('IN IP4 198.51.100.7', `IN IP${address === '::' ? 6 : 4} ${address}`);
    const [line] = agreeOnPlainOffer(held, local());
    expect(line).toMatchObject({ place: undefined, media: { accepted: true, direction: 'inactive' } });
  });

  it('that mixes RTP and RTCP on one port gets the same; one that names a port for RTCP is sent its RTCP there', () => {
    const mux = ASTERISK.replace('a=ptime:20', 'a=rtcp-mux\r\na=rtcp:15009');
    expect(agreeOnPlainOffer(mux, local())[0].place).toMatchObject({ port: 15000, rtcpPort: 15000 });
    expect(answer(mux)).toContain('a=rtcp-mux');
    expect(answer(mux).join()).not.toContain('a=rtcp:');
    const named = ASTERISK.replace('a=ptime:20', 'a=rtcp:53020 IN IP4 198.51.100.7');
    expect(agreeOnPlainOffer(named, local())[0].place).toMatchObject({ port: 15000, rtcpPort: 53020 });
  });

  it('with a second video line, a data channel or codecs that nobody carries has those refused', () => {
    const offer =
      FFMPEG +
      'm=video 5008 RTP/AVP 98\r\nc=IN IP4 127.0.0.1\r\na=mid:extra\r\na=rtpmap:98 VP8/90000\r\n' +
      'm=application 5010 UDP/DTLS/SCTP webrtc-datachannel\r\n';
    expect(answer(offer).slice(11)).toEqual([
      'm=video 0 RTP/AVP 98',
      'a=mid:extra',
      'a=inactive',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'a=inactive',
    ]);
    expect(answer(ASTERISK.replace('RTP/AVP 0 8 101', 'RTP/AVP 18 101'))).toEqual([
      'm=audio 0 RTP/AVP 18 101',
      'a=inactive',
    ]);
  });

  it.each([
    ['224.0.0.1', 'multicast'],
    ['239.1.2.3', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['ff02::1', 'multicast'],
    ['phone.example.com', 'IP literal'],
    ['1.2.3.400', 'IP literal'],
  ])('that wants its media at %s is refused', (address, why) => {
    const version = address.includes(':') ? 6 : 4;
    const offer = ASTERISK.replace('IN IP4 198.51.100.7', `IN IP${version} ${address}`);
    expect(() => agreeOnPlainOffer(offer, local())).toThrow(why);
  });

  it('without any c-line, with a port for RTCP that is none, or no room behind its own, is refused', () => {
    expect(() => agreeOnPlainOffer(ASTERISK.replace(/c=.*\r\n/, ''), local())).toThrow('c-line');
    for (const port of ['0', '65536', 'x'])
      expect(() => agreeOnPlainOffer(ASTERISK.replace('ptime:20', `rtcp:${port}`), local())).toThrow('rtcp');
    expect(() => agreeOnPlainOffer(ASTERISK.replace('15000', '65535'), local())).toThrow('RTCP');
  });

  it('by the other version of IP is refused, and its own taken, whatever way the address is written', () => {
    const offer = ASTERISK.replace('IN IP4 198.51.100.7', 'IN IP6 2001:DB8:0:0::7');
    expect(() => agreeOnPlainOffer(offer, local())).toThrow('IPv6');
    expect(agreeOnPlainOffer(offer, local(undefined, true))[0].place?.address).toBe('2001:db8::7');
    expect(() => agreeOnPlainOffer(ASTERISK, local(undefined, true))).toThrow('IPv4');
  });
});

describe('an offer of protected RTP', () => {
  it('gets the suite that the endpoint was made with, under its tag, and our key', () => {
    const lines = agreeOnPlainOffer(LINPHONE_SAVP, local('AES_CM_128_HMAC_SHA1_32'));
    expect(lines[0].crypto).toMatchObject({ tag: 2, send: { profile: 'AES_CM_128_HMAC_SHA1_32' } });
    expect(lines[0].place).toMatchObject({ port: 7078, rtcpPort: 7100 });
    expect(lines[1].media.accepted).toBe(false);
    const [audio, video] = agreeOnPlainOffer(LINPHONE_SAVP, local('AES_CM_128_HMAC_SHA1_80'));
    const bytes = Buffer.from(THEIR_KEY, 'base64');
    for (const { crypto } of [audio, video]) {
      expect(crypto?.receive?.masterKey).toEqual(bytes.subarray(0, 16));
      expect(crypto?.receive?.masterSalt).toEqual(bytes.subarray(16));
    }
    expect(answer(LINPHONE_SAVP, local('AES_CM_128_HMAC_SHA1_80'))).toContain(
      `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY_30.toString('base64')}`,
    );
    expect(answer(LINPHONE_SAVP, local('AES_CM_128_HMAC_SHA1_80')).join()).not.toContain('rtcp-fb');
  });

  it('is refused by an endpoint without keys, and clear media by one with keys', () => {
    for (const line of agreeOnPlainOffer(LINPHONE_SAVP, local())) expect(line.media.accepted).toBe(false);
    for (const line of agreeOnPlainOffer(ASTERISK, local('AES_CM_128_HMAC_SHA1_80')))
      expect(line.media.accepted).toBe(false);
    const bestEffort = LINPHONE_SAVP.replaceAll('RTP/SAVP', 'RTP/AVP');
    for (const line of agreeOnPlainOffer(bestEffort, local()))
      expect(line).toMatchObject({ media: { accepted: true }, crypto: undefined });
    for (const line of agreeOnPlainOffer(bestEffort, local('AES_CM_128_HMAC_SHA1_80')))
      expect(line.media.accepted).toBe(false);
    const unprotected = LINPHONE_SAVP.replaceAll(/a=crypto.*\r\n/g, '');
    for (const line of agreeOnPlainOffer(unprotected, local('AES_CM_128_HMAC_SHA1_80')))
      expect(line.media.accepted).toBe(false);
    const dtls = ASTERISK.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF');
    expect(agreeOnPlainOffer(dtls, local())[0].media.accepted).toBe(false);
  });

  it.each([
    ['a key that is too short', `inline:${THEIR_KEY.slice(0, 36)}`],
    ['a key that is too long', `inline:${THEIR_KEY}AAAA`],
    ['a key in every packet (MKI)', `inline:${THEIR_KEY}|2^20|1:4`],
    ['two keys', `inline:${THEIR_KEY}|2^20|1:4;inline:${THEIR_KEY}|2^20|2:4`],
    ['no encryption', `inline:${THEIR_KEY} UNENCRYPTED_SRTP`],
    ['no authentication', `inline:${THEIR_KEY} UNAUTHENTICATED_SRTP`],
    ['new keys on the way', `inline:${THEIR_KEY} KDR=1`],
    ['no key', 'inline:'],
  ])('is passed over when it wants %s', (_what, parameters) => {
    const offer = LINPHONE_SAVP.replaceAll(/inline:.*/g, parameters);
    expect(agreeOnPlainOffer(offer, local('AES_CM_128_HMAC_SHA1_80'))[0].media.accepted).toBe(false);
  });

  it('may hint at its window and how long its key lasts', () => {
    const offer = LINPHONE_SAVP.replaceAll(/inline:.*/g, `inline:${THEIR_KEY}|2^31 WSH=64 -other=1`);
    expect(agreeOnPlainOffer(offer, local('AES_CM_128_HMAC_SHA1_80'))[0].media.accepted).toBe(true);
  });
});

describe('an offer of ours', () => {
  const write = (lines: readonly PlainLine[], more: Partial<PlainSession> = {}) =>
    writePlainDescription({ ...SESSION, as: 'offer', ...more }, lines).split('\r\n');

  it('has every codec that we carry with its feedback, real ports, and the limit of what we want to receive', () => {
    const bandwidthOf = ({ type }: PlainLine) => (type === 'video' ? 700 : 0);
    const text = write(offerPlainLines(['audio', 'video'], local()), { bandwidthOf });
    const [audio, video] = text.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
    expect(text[audio]).toBe('m=audio 41000 RTP/AVPF 96 0 8');
    expect(text.slice(audio + 1, audio + 5)).toEqual([
      'a=setup:actpass',
      'a=mid:audio0',
      'a=sendrecv',
      'a=rtcp:41001',
    ]);
    expect(text[video]).toMatch(/^m=video 41002 RTP\/AVPF 98 100 102 104$/);
    expect(text[video + 1]).toBe('b=AS:700');
    expect(text.join()).not.toMatch(/transport-cc|rtx|crypto/);
    for (const line of ['a=rtpmap:98 VP8/90000', 'a=rtcp-fb:98 nack pli', 'a=rtpmap:100 H264/90000'])
      expect(text).toContain(line);
    expect(write(offerPlainLines(['video'], local())).filter((line) => line.startsWith('m='))).toHaveLength(
      1,
    );
    expect(() => offerPlainLines([], local())).toThrow('audio');
  });

  it('is SAVPF with our key when the endpoint has one', () => {
    const text = write(offerPlainLines(['audio'], local('AES_CM_128_HMAC_SHA1_80')));
    expect(text).toContain('m=audio 41000 RTP/SAVPF 96 0 8');
    expect(text).toContain(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY_30.toString('base64')}`);
  });

  it('is agreed on as its answer says: fewer codecs, other payload types, other directions, refused lines', () => {
    const side = local();
    const offered = offerPlainLines(['audio', 'video'], side);
    const [audio, video] = readPlainAnswer(
      sdp(
        'c=IN IP4 198.51.100.7',
        'm=audio 15000 RTP/AVPF 8',
        'a=recvonly',
        'm=video 15002 RTP/AVPF 120',
        'a=rtpmap:120 H264/90000',
        'a=fmtp:120 packetization-mode=1;profile-level-id=42e01f',
        'a=rtcp-fb:120 ccm fir',
      ),
      offered,
      side,
    );
    expect(audio).toMatchObject({
      place: { address: '198.51.100.7', port: 15000 },
      media: { mid: 'audio0', direction: 'sendonly', codecs: [{ name: 'PCMA', payloadType: 8 }] },
    });
    expect(audio.media.localSsrc).toBe(offered[0].media.localSsrc);
    expect(video.media.codecs).toMatchObject([
      { name: 'H264', payloadType: 100, feedback: { pli: false, fir: true } },
    ]);
    expect(video.media.sendCodecs).toMatchObject([{ name: 'H264', payloadType: 120 }]);
    const refused = sdp('c=IN IP4 198.51.100.7', 'm=audio 0 RTP/AVPF 96', 'm=video 0 RTP/AVPF 98');
    for (const { media } of readPlainAnswer(refused, offered, side)) expect(media.accepted).toBe(false);
  });

  it('does not go with an answer of other lines, other codecs or other protection', () => {
    const side = local('AES_CM_128_HMAC_SHA1_80');
    const offered = offerPlainLines(['audio'], side);
    const take = (...lines: string[]) =>
      readPlainAnswer(sdp('c=IN IP4 198.51.100.7', ...lines), offered, side);
    const key = `inline:${THEIR_KEY}`;
    expect(take('m=audio 15000 RTP/SAVPF 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}`)).toHaveLength(1);
    for (const lines of [
      ['m=video 15000 RTP/SAVPF 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}`],
      ['m=audio 15000 RTP/SAVPF 18', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}`],
      ['m=audio 15000 RTP/SAVPF 8', `a=crypto:2 AES_CM_128_HMAC_SHA1_80 ${key}`],
      ['m=audio 15000 RTP/SAVPF 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_32 ${key}`],
      ['m=audio 15000 RTP/AVPF 8'],
      ['m=audio 15000 RTP/AVPF 8', 'm=audio 15002 RTP/AVPF 8'],
    ])
      expect(() => take(...lines)).toThrow('does not fit');
  });
});
