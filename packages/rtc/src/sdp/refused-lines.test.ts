// Lines that we do not take, in answers: the surplus of an offer, what has another transport, data without data.
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { answerOffer, type LocalSession } from './answer.ts';

const local: LocalSession = {
  sessionId: 4711,
  sessionName: 'Parley',
  iceUfrag: 'oUr1',
  icePwd: 'ourPasswordOf24Character',
  fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') },
  candidates: [],
  setup: 'passive',
  cname: 'stream@parley',
  ssrcFor: (_kind, index) => ({ ssrc: 1000 + index, rtxSsrc: 2000 + index }),
  iceLite: true,
};

const CODECS = { audio: '111 opus/48000/2', video: '96 VP8/90000' };

function line(kind: 'audio' | 'video', mid: string, more: readonly string[] = []): string[] {
  const [format] = CODECS[kind].split(' ');
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${format} 13`,
    `a=mid:${mid}`,
    `a=rtpmap:${CODECS[kind]}`,
    'a=rtcp-mux',
    ...more,
  ];
}

function sdp(bundle: string | undefined, ...lines: string[][]): string {
  const group = bundle === undefined ? [] : [`a=group:BUNDLE ${bundle}`];
  return ['v=0', ...group, ...lines.flat(), ''].join('\r\n');
}

/** The text of each m-line of an answer, from its m= on. */
function sections(answer: string): string[] {
  return answer.split(/^(?=m=)/m).slice(1);
}

describe('surplus lines', () => {
  const offer = sdp(
    'a b c d e',
    line('video', 'a', ['a=msid:s v1', 'a=ssrc:1 cname:x']),
    line('video', 'b', ['a=msid:s v2', 'a=ssrc:2 cname:x']),
    line('audio', 'c'),
    line('audio', 'd'),
    line('video', 'e'),
  );
  const { answer, media } = answerOffer(offer, local);

  it('are refused with all their formats, inactive, with their mid and nothing more', () => {
    const refused = (kind: string, format: string, mid: string) =>
      [
        `m=${kind} 0 UDP/TLS/RTP/SAVPF ${format} 13`,
        'c=IN IP4 0.0.0.0',
        `a=mid:${mid}`,
        'a=inactive',
        '',
      ].join('\r\n');
    const [, b, , d, e] = sections(answer);
    expect([b, d, e]).toEqual([
      refused('video', '96', 'b'),
      refused('audio', '111', 'd'),
      refused('video', '96', 'e'),
    ]);
  });

  it('stand outside of the BUNDLE, in which the first of each kind are', () => {
    expect(parse(answer).groups).toEqual([{ type: 'BUNDLE', mids: 'a c' }]);
    expect(media.map(({ accepted }) => accepted)).toEqual([true, false, true, false, false]);
  });
});

describe('a line outside of the BUNDLE', () => {
  const ice = (ufrag: string) => [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${'p'.repeat(22)}`];
  const accepted = (bundle: string | undefined, second: string) =>
    answerOffer(
      sdp(bundle, line('audio', 'a', ice('one1')), line('video', 'v', ice(second))),
      local,
    ).media.map((each) => each.accepted);

  it('is refused when it has a transport of its own, since we have one', () => {
    expect(accepted('a', 'two2')).toEqual([true, false]);
    expect(accepted(undefined, 'two2')).toEqual([true, false]);
  });

  it('is taken when it has the credentials of the first, or stands in the BUNDLE after all', () => {
    expect(accepted(undefined, 'one1')).toEqual([true, true]);
    expect(accepted('a v', 'two2')).toEqual([true, true]);
  });

  it('does not keep a later line of its kind from being taken', () => {
    const offer = sdp(
      'a w',
      line('audio', 'a', ice('one1')),
      line('video', 'v', ice('two2')),
      line('video', 'w', ice('one1')),
    );
    expect(answerOffer(offer, local).media.map((each) => each.accepted)).toEqual([true, false, true]);
  });
});

describe('a line for data', () => {
  const data = { port: 5000, maxMessageSize: 262_144 };
  const channel = (first: string, ...more: string[]) => [first, 'a=mid:x', ...more];
  const RFC_8841 = channel('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=sctp-port:5002');
  const answered = (lines: string[]) => answerOffer(sdp('x', lines), { ...local, data });

  it('is taken only when there is data here', () => {
    expect(answerOffer(sdp('x', RFC_8841), local).media[0].accepted).toBe(false);
    const { media, answer } = answered(RFC_8841);
    expect(media[0]).toMatchObject({ accepted: true, sctp: { port: 5002, maxMessageSize: 65_536 } });
    expect(parse(answer).media[0]).toMatchObject({ port: 9, sctpPort: 5000, maxMessageSize: 262_144 });
    expect(answer).not.toContain('a=sendrecv');
  });

  it('is refused a second time, without a port, and for another protocol', () => {
    const other = ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:y', 'a=sctp-port:5002'];
    const accepted = (lines: string[]) => answered(lines).media.map((each) => each.accepted);
    expect(accepted([...RFC_8841, ...other])).toEqual([true, false]);
    expect(accepted(channel('m=application 9 UDP/DTLS/SCTP webrtc-datachannel'))).toEqual([false]);
    expect(accepted(channel('m=application 9 UDP/BFCP *', 'a=sctp-port:5000'))).toEqual([false]);
    expect(accepted(channel('m=image 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=sctp-port:5000'))).toEqual([
      false,
    ]);
  });

  it('is answered in the form that it has, with our own port', () => {
    const { answer } = answered(
      channel('m=application 9 DTLS/SCTP 5001', 'a=sctpmap:5001 webrtc-datachannel 256'),
    );
    expect(answer).toContain('m=application 9 DTLS/SCTP 5000\r\n');
    expect(answer).toContain('a=sctpmap:5000 webrtc-datachannel 1024\r\n');
    expect(answer).not.toContain('sctp-port');
  });

  it.each(['a=sctp-port:0', 'a=sctp-port:65536'])('is refused as malformed with %s', (port) => {
    const lines = channel('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', port);
    expect(() => answered(lines)).toThrow('sctp-port');
  });
});
