// Offers of ours, read back by an independent parser, and what is agreed when an answer comes.
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { findMatchingCodec } from '../codecs/rtp-codec.ts';
import { answerOffer, type LocalSession } from './answer.ts';
import { makeOffer, type OfferedLines } from './make-offer.ts';
import { readAnswer } from './read-answer.ts';
import { answerRestart, readRestart } from './restart.ts';
import { SdpError } from './sdp-error.ts';
import { local } from '../testing/local-session.ts';

const data = { port: 5000, maxMessageSize: 262_144 };
const both: OfferedLines = { audio: true, video: true, direction: 'sendrecv' };

/** A peer as a browser is one: it answers with its own numbers for what it was offered. */
const peer: LocalSession = {
  ...local,
  iceUfrag: 'peer',
  icePwd: 'thePasswordOfTheOtherSide',
  candidates: [],
  setup: 'active',
  cname: 'peer',
  ssrcFor: (_kind, index) => ({ ssrc: 3000 + index, rtxSsrc: 4000 + index }),
  iceLite: false,
};

function answered(offer: string, edit: (answer: string) => string = (answer) => answer): string {
  return edit(answerOffer(offer, peer).answer);
}

function reasonOf(attempt: () => unknown): string {
  try {
    attempt();
    return 'taken';
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    return error.reason;
  }
}

describe('an offer of ours', () => {
  it('has one bundled line each for audio and video, with everything that we carry', () => {
    const { media, groups, icelite } = parse(makeOffer(local, both).offer);
    expect(icelite).toBe('ice-lite');
    expect(groups).toEqual([{ type: 'BUNDLE', mids: 'audio0 video0' }]);
    expect(
      media.map(({ type, protocol, setup, direction }) => ({ type, protocol, setup, direction })),
    ).toEqual(
      ['audio', 'video'].map((type) => ({
        type,
        protocol: 'UDP/TLS/RTP/SAVPF',
        setup: 'actpass',
        direction: 'sendrecv',
      })),
    );
    const codecs = media.map(({ rtp }) => rtp.map(({ codec }) => codec).join(' '));
    expect(codecs).toEqual(['opus PCMU PCMA', 'VP8 rtx H264 rtx VP9 rtx AV1 rtx']);
    expect(media.map(({ rtcpFb }) => rtcpFb!.length)).toEqual([3, 20]);
    expect(media.map(({ candidates }) => candidates?.length)).toEqual([1, undefined]);
    expect(media[1].ssrcGroups).toEqual([{ semantics: 'FID', ssrcs: '1001 2001' }]);
    expect(media.map(({ msid }) => msid?.length)).toEqual([1, 1]);
  });

  it('numbers no payload type and no header extension twice', () => {
    const { media } = parse(makeOffer(local, both).offer);
    const types = media.flatMap(({ payloads }) => String(payloads).split(' '));
    expect(new Set(types).size).toBe(types.length);
    const numbers = new Map(media.flatMap(({ ext }) => ext!.map(({ value, uri }) => [value, uri])));
    const uris = new Set(media.flatMap(({ ext }) => ext!.map(({ uri }) => uri)));
    expect(numbers.size).toBe(uris.size);
  });

  it('leaves out what is not wanted, and says nothing of a stream that it does not send', () => {
    const audioOnly = parse(makeOffer(local, { ...both, video: false }).offer);
    expect(audioOnly.media.map(({ mid }) => mid)).toEqual(['audio0']);
    const { offer, lines } = makeOffer(local, { ...both, direction: 'recvonly' });
    expect(parse(offer).media.map(({ direction }) => direction)).toEqual(['recvonly', 'recvonly']);
    expect(offer).not.toMatch(/a=(?:msid:|ssrc-group)/);
    expect(lines.map(({ localRtxSsrc }) => localRtxSsrc)).toEqual([undefined, undefined]);
  });

  it('has a line for data when there is data, which alone is enough', () => {
    const nothing = { ...both, audio: false, video: false };
    const [line] = parse(makeOffer({ ...local, data }, nothing).offer).media;
    expect(line).toMatchObject({
      type: 'application',
      mid: 'application0',
      protocol: 'UDP/DTLS/SCTP',
      payloads: 'webrtc-datachannel',
      sctpPort: 5000,
      maxMessageSize: 262_144,
      setup: 'actpass',
    });
    expect(line.direction).toBeUndefined();
    expect(reasonOf(() => makeOffer(local, nothing))).toBe('nothing-to-offer');
  });

  it('says how much we want to receive', () => {
    const bandwidth = { audio: 40, video: undefined };
    const { media } = parse(makeOffer({ ...local, bandwidth }, both).offer);
    expect(media.map(({ bandwidth }) => bandwidth)).toEqual([[{ type: 'AS', limit: 40 }], undefined]);
  });

  it('says it to opus too, in offer and answer, unless it is more than browsers send of themselves', () => {
    const { offer } = makeOffer(local, both);
    const said = (audio: number | undefined) => {
      const bounded = { ...local, bandwidth: { audio } };
      return [makeOffer(bounded, both).offer, answerOffer(offer, bounded).answer].map(
        (text) => /maxaveragebitrate=(\d+)/.exec(text)?.[1],
      );
    };
    expect([undefined, 64, 63, 20, 5].map(said)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ['63000', '63000'],
      ['20000', '20000'],
      ['6000', '6000'],
    ]);
  });
});

describe('the answer to our offer', () => {
  it('gives what answering gives: codecs, directions, SSRCs and the other side of the transport', () => {
    const own = makeOffer(local, both);
    const negotiation = readAnswer(answered(own.offer), own);
    expect(negotiation).toMatchObject({ answer: own.offer, setup: 'passive' });
    expect(negotiation.remote).toMatchObject({ iceUfrag: 'peer', setup: 'active' });
    const [audio, video] = negotiation.media;
    expect(audio).toMatchObject({ accepted: true, direction: 'sendrecv', localSsrc: 1000, remoteSsrc: 3000 });
    expect(video).toMatchObject({ localRtxSsrc: 2001, remoteRtxSsrc: 4001, remoteCname: 'peer' });
    expect(video.codecs.map(({ name, payloadType }) => `${name} ${payloadType}`)).toEqual([
      'VP8 98',
      'H264 100',
      'VP9 102',
      'AV1 104',
    ]);
    expect(video.headerExtensions).toEqual(own.lines[1].headerExtensions);
  });

  it('may turn and refuse lines and drop codecs, retransmission and extensions', () => {
    const own = makeOffer(local, both);
    const { media, session } = readAnswer(
      answered(own.offer, (answer) =>
        answer
          .replace('m=audio 9', 'm=audio 0')
          .replace('BUNDLE audio0 video0', 'BUNDLE video0')
          .replace(/m=video 9 (\S+) .*/, 'm=video 9 $1 100')
          .replaceAll('a=sendrecv', 'a=sendonly')
          .replace(/a=extmap:5.*\r\n/, ''),
      ),
      own,
    );
    expect(media[0]).toMatchObject({ accepted: false, direction: 'inactive', localSsrc: undefined });
    expect(media[1]).toMatchObject({ direction: 'recvonly', localRtxSsrc: undefined });
    const ofUs = media[1].codecs.map(({ name, rtxPayloadType }) => `${name} ${rtxPayloadType}`);
    // What was left out may come all the same, but is not sent.
    expect(ofUs).toEqual(['H264 undefined', 'VP8 99', 'VP9 103', 'AV1 105']);
    expect(media[1].sendCodecs!.map(({ name }) => name)).toEqual(['H264']);
    expect(session.media[1].formats).toEqual(['100']);
    expect(media[1].headerExtensions.map(({ id }) => id)).toEqual([2, 3, 4]);
    expect(session.bundle).toEqual(['video0']);
  });

  it('may number the codecs anew: they come by our numbers and go by theirs', () => {
    const own = makeOffer(local, { ...both, audio: false });
    const { media } = readAnswer(
      answered(own.offer, (answer) =>
        answer
          .replace(/m=video 9 (\S+) .*/, 'm=video 9 $1 120 121 98')
          .replaceAll(/:100( |-)/g, ':120$1')
          .replaceAll(/:101 rtx/g, ':121 rtx')
          .replaceAll(/fmtp:101 apt=100/g, 'fmtp:121 apt=120'),
      ),
      own,
    );
    const numbers = (codecs: { name: string; payloadType: number; rtxPayloadType: unknown }[]) =>
      codecs.map(({ name, payloadType, rtxPayloadType }) => [name, payloadType, rtxPayloadType]);
    expect(numbers(media[0].codecs).slice(0, 2)).toEqual([
      ['H264', 100, 101],
      ['VP8', 98, undefined],
    ]);
    expect(numbers(media[0].sendCodecs!)).toEqual([
      ['H264', 120, 121],
      ['VP8', 98, undefined],
    ]);
    const source = { ...own.lines[0].codecs[1], payloadType: 77 };
    expect(findMatchingCodec(source, media[0].sendCodecs!)?.payloadType).toBe(120);
  });

  it('may leave out BUNDLE, mids and parameters, and end its lines in bare line feeds', () => {
    const own = makeOffer(local, both);
    const bare = (answer: string) =>
      answer.replaceAll('\r\n', '\n').replaceAll(/a=(?:group|mid|fmtp:100)[: ].*\n/g, '');
    const { media } = readAnswer(answered(own.offer, bare), own);
    expect(media.map(({ mid, accepted }) => [mid, accepted])).toEqual([
      ['audio0', true],
      ['video0', true],
    ]);
    expect(media[1].sendCodecs![1].parameters['packetization-mode']).toBe('1');
  });

  it('agrees to feedback only where both sides named it', () => {
    const own = makeOffer(local, both);
    const { media } = readAnswer(
      answered(own.offer, (answer) =>
        answer
          .replaceAll(/a=rtcp-fb:98 (?:goog-remb|nack)\r\n/g, '')
          .replace(/m=video 9 (\S+) .*/, 'm=video 9 $1 98'),
      ),
      own,
    );
    const expected = { nack: false, pli: true, fir: true, remb: false, transportCc: true };
    expect(media[1].codecs.map(({ feedback }) => feedback)).toEqual(Array(4).fill(expected));
    expect(media[1].sendCodecs![0].feedback).toEqual(expected);
  });

  it('never makes us send or receive what we did not offer', () => {
    const own = makeOffer(local, { ...both, direction: 'sendonly' });
    const sendrecv = (answer: string) => answer.replaceAll('a=recvonly', 'a=sendrecv');
    expect(readAnswer(answered(own.offer, sendrecv), own).media[0].direction).toBe('sendonly');
    const sendonly = (answer: string) => answer.replaceAll('a=recvonly', 'a=sendonly');
    expect(readAnswer(answered(own.offer, sendonly), own).media[0].direction).toBe('inactive');
  });

  it('takes the DTLS roles as answered, and the usual one where nothing is said', () => {
    const own = makeOffer(local, both);
    const role = (setup: string) =>
      readAnswer(
        answered(own.offer, (answer) => answer.replaceAll('a=setup:active\r\n', setup)),
        own,
      ).setup;
    expect(['a=setup:active\r\n', 'a=setup:passive\r\n', '', 'a=setup:actpass\r\n'].map(role)).toEqual([
      'passive',
      'active',
      'passive',
      'passive',
    ]);
  });

  it('tells the far end of the association for data', () => {
    const own = makeOffer({ ...local, data }, both);
    const { answer } = answerOffer(own.offer, { ...peer, data: { port: 5001, maxMessageSize: 1 } });
    expect(readAnswer(answer, own).media[2]).toMatchObject({
      accepted: true,
      kind: 'application',
      sctp: { port: 5001, maxMessageSize: 1, isOldForm: false },
    });
    expect(readAnswer(answered(own.offer), own).media[2].accepted).toBe(false);
  });

  it.each([
    ['another number of lines', (answer: string) => answer.slice(0, answer.indexOf('m=video'))],
    ['lines in another order', (answer: string) => answer.replace('m=audio', 'm=video')],
    ['another mid', (answer: string) => answer.replaceAll('video0', 'video1')],
    [
      'a codec that was not offered',
      (answer: string) => answer.replaceAll(/^(m=audio .*SAVPF) .*/gm, '$1 9'),
    ],
    [
      'a transport for each line',
      (answer: string) => answer.replace('BUNDLE audio0 video0', 'BUNDLE audio0').replace('peer', 'pee2'),
    ],
  ])('is refused with %s', (_what, edit) => {
    const own = makeOffer(local, both);
    expect(reasonOf(() => readAnswer(answered(own.offer, edit), own))).toBe('mismatch');
  });

  it('is followed by a restart of ICE like any other negotiation', () => {
    const own = makeOffer(local, both);
    const negotiation = readAnswer(answered(own.offer), own);
    const next = makeOffer({ ...peer, iceUfrag: 'new1', icePwd: 'theNewPasswordOfTheOtherSide' }, both).offer;
    const restart = next.replaceAll(/a=ssrc.*\r\n/g, '');
    const credentials = { iceUfrag: 'oUr2', icePwd: 'ourOtherPasswordOf24Chars', candidates: [] };
    const { answer } = answerRestart(negotiation, readRestart(restart, negotiation), credentials);
    const lines = parse(answer).media;
    expect(lines.map(({ setup, iceUfrag }) => [setup, iceUfrag])).toEqual([
      ['passive', 'oUr2'],
      ['passive', 'oUr2'],
    ]);
  });
});
