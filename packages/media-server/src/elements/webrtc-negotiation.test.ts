// How a WebRtcEndpoint comes to its session from either side: offers of its own, candidates in any order, and the settings
// of its network. The bytes are a test peer's.
import { syncBuiltinESMExports } from 'node:module';
import os, { networkInterfaces } from 'node:os';
import { answerOffer, parseCandidate, type LocalSession } from '@parley/rtc';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openEndpoint, type EndpointUnderTest } from './webrtc-testing.ts';

let bench: EndpointUnderTest;

afterEach(() => bench.close());

async function open(params: Record<string, unknown> = {}): Promise<EndpointUnderTest['endpoint']> {
  bench = await openEndpoint(params);
  return bench.endpoint;
}

/** The answer of the test peer, as a browser gives it: it begins DTLS. */
function answerTo(offer: string, more: Partial<LocalSession> = {}): string {
  return answerOffer(offer, {
    sessionId: 1,
    sessionName: '-',
    iceUfrag: bench.peer.remoteUfrag,
    icePwd: 'thePasswordOfThisTestPeer',
    fingerprint: { algorithm: 'sha-256', value: bench.peer.certificate.fingerprint },
    candidates: [],
    setup: 'active',
    cname: 'peer',
    ssrcFor: (_kind, index) => ({ ssrc: 3000 + index, rtxSsrc: 4000 + index }),
    iceLite: false,
    ...more,
  }).answer;
}

/** Any offer: of a peer, so that this endpoint answers. */
const OFFER = [
  'v=0',
  'a=group:BUNDLE a v',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:a',
  'a=rtpmap:111 opus/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:v',
  'a=rtpmap:96 VP8/90000',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:w',
  'a=rtpmap:96 VP8/90000',
  '',
].join('\r\n');

function types(): string[] {
  return bench.events.map(({ type }) => type);
}

/** Of `IceCandidateFound`, by what they say. */
function candidates(): { mid: string; index: number; address: string; transport: string }[] {
  return bench.events
    .filter(({ type }) => type === 'IceCandidateFound')
    .map(({ data }) => {
      const { candidate, sdpMid, sdpMLineIndex } = data.candidate as Record<string, string | number>;
      const parsed = parseCandidate(String(candidate))!;
      return {
        mid: String(sdpMid),
        index: Number(sdpMLineIndex),
        address: parsed.address,
        transport: parsed.transport,
      };
    });
}

function candidateLines(sdp: string): string[] {
  return sdp.split('\r\n').filter((line) => line.startsWith('a=candidate:'));
}

async function codeOf(attempt: () => unknown): Promise<unknown> {
  try {
    return await attempt();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

describe('an endpoint that offers', () => {
  it('connects to the peer that answers, and sends it what was agreed', async () => {
    const endpoint = await open();
    const offer = await endpoint.generateOffer();
    expect(await endpoint.processAnswer(answerTo(offer))).toBe(offer);
    expect(types()).toEqual(['MediaSessionStarted']);
    const path = bench.peer.path('192.0.2.7');
    const now = performance.now();
    expect(bench.peer.check(path, now)).toBe(true);
    await bench.peer.connect(path, now);
    expect(endpoint.connectionState).toBe('CONNECTED');
    expect(endpoint.getDiagnosis().tracks).toHaveLength(4);
  });

  it('offers only to receive or only to send when it was made so', async () => {
    const offered = async (params: Record<string, unknown>) => {
      const endpoint = await open(params);
      const offer = await endpoint.generateOffer();
      await endpoint.processAnswer(answerTo(offer));
      const directions = endpoint.getDiagnosis().tracks.map(({ direction }) => direction);
      const lines = offer.match(/a=(?:sendrecv|sendonly|recvonly)/g);
      await bench.close();
      return [lines, directions];
    };
    expect(await offered({ recvonly: true })).toEqual([
      ['a=recvonly', 'a=recvonly'],
      ['received', 'received'],
    ]);
    expect(await offered({ sendonly: true })).toEqual([
      ['a=sendonly', 'a=sendonly'],
      ['sent', 'sent'],
    ]);
    const neither = await open({ recvonly: true, sendonly: true });
    expect(await codeOf(() => neither.generateOffer())).toBe(40204);
  });

  it('leaves out what is not to be offered', async () => {
    const endpoint = await open();
    const nothing = { offerToReceiveAudio: false, offerToReceiveVideo: false };
    expect(await codeOf(() => endpoint.generateOffer(nothing))).toBe(40204);
    const offer = await endpoint.generateOffer({ offerToReceiveVideo: false });
    expect(offer.match(/m=\w+/g)).toEqual(['m=audio']);
  });

  it('refuses an answer that does not fit, and takes the next one', async () => {
    const endpoint = await open();
    const offer = await endpoint.generateOffer();
    const answer = answerTo(offer);
    expect(await codeOf(() => endpoint.processAnswer('no SDP'))).toBe(40201);
    expect(await codeOf(() => endpoint.processAnswer(answer.replaceAll('video0', 'other')))).toBe(40206);
    expect(bench.peer.check(bench.peer.path('192.0.2.7'), performance.now())).toBe(true);
    expect(endpoint.getDiagnosis().tracks).toEqual([]);
    expect(await endpoint.processAnswer(answer)).toBe(offer);
    expect(endpoint.getDiagnosis().tracks).toHaveLength(4);
  });

  it.each(['an offer', 'an answer'])('begins DTLS with a peer who waits for it, by %s', async (by) => {
    const endpoint = await open();
    const path = bench.peer.path('192.0.2.7');
    if (by === 'an answer') {
      const answer = answerTo(await endpoint.generateOffer());
      await endpoint.processAnswer(answer.replaceAll('a=setup:active', 'a=setup:passive'));
    } else {
      const offer = OFFER.replaceAll(/a=mid:(\w)/g, 'a=mid:$1\r\na=setup:passive');
      expect(await endpoint.processOffer(offer)).toContain('a=setup:active');
    }
    expect(path.received).toEqual([]);
    bench.peer.check(path, performance.now());
    await bench.peer.count(path, 'dtls', 1);
    expect(path.received).toEqual(['stun', 'dtls']);
  });

  it('sends by the numbers of the answer and receives by its own', async () => {
    const endpoint = await open();
    const offer = await endpoint.generateOffer({ offerToReceiveAudio: false });
    const renumbered = answerTo(offer)
      .replace(/m=video 9 (\S+) .*/, 'm=video 9 $1 120')
      .replaceAll(/:98( |-)/g, ':120$1');
    await endpoint.processAnswer(renumbered);
    const source = endpoint.source('video') as unknown as { accepts(ssrc: number, type: number): boolean };
    expect([source.accepts(1, 98), source.accepts(1, 120)]).toEqual([true, false]);
  });

  it('says what it takes at most, in offers of both kinds and in answers of audio', async () => {
    const endpoint = await open();
    endpoint.maxAudioRecvBandwidth = 40;
    endpoint.maxVideoRecvBandwidth = 800;
    expect((await endpoint.generateOffer()).match(/b=\S+/g)).toEqual(['b=AS:40', 'b=AS:800']);
    const other = bench.another();
    other.maxAudioRecvBandwidth = 40;
    other.maxVideoRecvBandwidth = 800;
    expect((await other.processOffer(OFFER)).match(/b=\S+/g)).toEqual(['b=AS:40']);
    await other.release();
  });
});

describe('gatherCandidates', () => {
  const ONCE_PER_LINE = ['udp a 0', 'udp v 1', 'tcp a 0', 'tcp v 1'];
  const told = () => candidates().map(({ transport, mid, index }) => `${transport} ${mid} ${index}`);

  it('tells each candidate once per accepted line after an offer was taken', async () => {
    const endpoint = await open();
    await endpoint.processOffer(OFFER);
    expect(types()).toEqual(['MediaSessionStarted']);
    endpoint.gatherCandidates();
    expect(told()).toEqual(ONCE_PER_LINE);
    expect(types().slice(1, 3)).toEqual(['IceComponentStateChanged', 'IceCandidateFound']);
    expect(types().at(-1)).toBe('IceGatheringDone');
    const { data } = bench.events[1];
    expect(data).toMatchObject({ streamId: 1, componentId: 1, state: 'GATHERING' });
  });

  it('waits for the negotiation when it is called before, and then tells once', async () => {
    const endpoint = await open();
    endpoint.gatherCandidates();
    endpoint.gatherCandidates();
    expect(types()).toEqual([]);
    await endpoint.processOffer(OFFER);
    expect(types()[0]).toBe('MediaSessionStarted');
    expect(told()).toEqual(ONCE_PER_LINE);
    expect(types().filter((type) => type === 'IceGatheringDone')).toHaveLength(1);
  });

  it('tells for the lines of an own offer at once, and not again with the answer', async () => {
    const endpoint = await open();
    const offer = await endpoint.generateOffer();
    endpoint.gatherCandidates();
    const expected = ['udp audio0 0', 'udp video0 1', 'tcp audio0 0', 'tcp video0 1'];
    expect(told()).toEqual(expected);
    await endpoint.processAnswer(answerTo(offer));
    expect(told()).toEqual(expected);
  });

  it('tells with the offer when it was called even before that', async () => {
    const endpoint = await open();
    endpoint.gatherCandidates();
    await endpoint.generateOffer();
    expect(told()).toHaveLength(4);
    expect(types().at(-1)).toBe('IceGatheringDone');
  });

  it('leaves nothing to add to the local description, from which a client may take them all', async () => {
    const endpoint = await open();
    await endpoint.generateOffer();
    endpoint.gatherCandidates();
    const local = candidateLines(endpoint.getLocalSessionDescriptor());
    const found = bench.events.flatMap(({ data }) =>
      data.candidate ? [(data.candidate as { candidate: string }).candidate] : [],
    );
    expect(new Set(found.map((candidate) => `a=${candidate}`))).toEqual(new Set(local));
  });

  it('leaves the state as it is of a peer that was quicker than the question', async () => {
    const endpoint = await open();
    await endpoint.processAnswer(answerTo(await endpoint.generateOffer()));
    bench.peer.check(bench.peer.path('192.0.2.7'), performance.now());
    endpoint.gatherCandidates();
    expect(types().at(-1)).toBe('IceComponentStateChanged');
    const states = bench.events.flatMap(({ data }) => data.state ?? []);
    const connected = ['CONNECTING', 'CONNECTED', 'READY'];
    expect(states).toEqual([...connected, 'GATHERING', ...connected]);
    expect(endpoint.IceConnectionState[0].state).toBe('READY');
  });

  it('takes candidates of the peer at any time', async () => {
    const endpoint = await open();
    const value = { candidate: 'candidate:1 1 udp 1 192.0.2.7 5 typ host', sdpMid: 'a', sdpMLineIndex: 0 };
    for (const candidate of [value.candidate, '', 'nonsense'])
      endpoint.addIceCandidate({ ...value, candidate });
    await endpoint.processOffer(OFFER);
    endpoint.addIceCandidate(value);
  });
});

describe('the settings of the network', () => {
  const addresses = (sdp: string) =>
    candidateLines(sdp).map((line) => {
      const { address, transport } = parseCandidate(line)!;
      return `${transport} ${address}`;
    });

  it('announce another address in place of the own one, in SDP and events', async () => {
    const endpoint = await open();
    expect([endpoint.externalIPv4, endpoint.externalIPv6]).toEqual(['', '']);
    endpoint.externalIPv4 = '198.51.100.1';
    endpoint.externalIPv6 = '2001:db8::1';
    expect([endpoint.externalIPv4, endpoint.externalIPv6]).toEqual(['198.51.100.1', '2001:db8::1']);
    const sdp = await endpoint.processOffer(OFFER);
    const expected = ['udp 198.51.100.1', 'udp 2001:db8::1', 'tcp 198.51.100.1', 'tcp 2001:db8::1'];
    expect(addresses(sdp)).toEqual(expected);
    endpoint.gatherCandidates();
    expect(candidates().map(({ transport, address }) => `${transport} ${address}`)).toEqual(
      expected.flatMap((each) => [each, each]),
    );
  });

  it('are undone by an empty text', async () => {
    const endpoint = await open();
    endpoint.externalIPv4 = '198.51.100.1';
    endpoint.externalIPv4 = '';
    endpoint.networkInterfaces = Object.keys(networkInterfaces())[0];
    endpoint.networkInterfaces = '';
    expect(addresses(await endpoint.generateOffer())).toEqual(['udp 127.0.0.1', 'tcp 127.0.0.1']);
  });

  it('announce the addresses of certain interfaces only', async () => {
    const [name, entries] = Object.entries(networkInterfaces())[0];
    const own = entries!.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
    const endpoint = await open();
    endpoint.networkInterfaces = ` ${name},${name} `;
    expect(endpoint.networkInterfaces).toBe(` ${name},${name} `);
    const offered = addresses(await endpoint.generateOffer());
    expect(new Set(offered)).toEqual(new Set(own.flatMap((ip) => [`udp ${ip}`, `tcp ${ip}`])));
    expect(offered).toHaveLength(2 * own.length);
  });

  it('look an interface up once, however often it is named', async () => {
    const [name] = Object.keys(networkInterfaces());
    const endpoint = await open();
    const lookUp = vi.spyOn(os, 'networkInterfaces');
    syncBuiltinESMExports();
    onTestFinished(() => {
      lookUp.mockRestore();
      syncBuiltinESMExports();
    });
    endpoint.networkInterfaces = Array<string>(10_000).fill(name).join(',');
    await endpoint.generateOffer();
    expect(lookUp.mock.calls.length).toBe(2);
  });

  it('refuse what names no interface and no address of the family', async () => {
    const endpoint = await open();
    const attempts = [
      () => (endpoint.networkInterfaces = 'nowhere0'),
      () => (endpoint.networkInterfaces = 'toString'),
      () => (endpoint.externalIPv4 = '198.51.100.256'),
      () => (endpoint.externalIPv4 = '2001:db8::1'),
      () => (endpoint.externalIPv6 = '198.51.100.1'),
      () => (endpoint.externalIPv6 = 'fe80::1%eth0'),
    ];
    for (const attempt of attempts) expect(await codeOf(attempt)).toBe(40107);
    expect([endpoint.networkInterfaces, endpoint.externalIPv4, endpoint.externalIPv6]).toEqual(['', '', '']);
  });

  it('keep TCP out of the description, and let nobody in by it', async () => {
    const endpoint = await open();
    expect(endpoint.iceTcp).toBe(true);
    endpoint.iceTcp = false;
    const offer = await endpoint.generateOffer();
    expect(addresses(offer)).toEqual(['udp 127.0.0.1']);
    await endpoint.processAnswer(answerTo(offer));
    const now = performance.now();
    expect(bench.peer.check(bench.peer.path('192.0.2.7', 'tcp'), now)).toBe(false);
    expect(bench.peer.check(bench.peer.path('192.0.2.7', 'udp'), now)).toBe(true);
  });

  it('cannot be changed any more once the description is out', async () => {
    const endpoint = await open();
    await endpoint.generateOffer();
    const attempts = [
      () => (endpoint.networkInterfaces = ''),
      () => (endpoint.externalIPv4 = '198.51.100.1'),
      () => (endpoint.externalIPv6 = '2001:db8::1'),
      () => (endpoint.iceTcp = false),
    ];
    for (const attempt of attempts) expect(await codeOf(attempt)).toBe(40111);
    expect(endpoint.iceTcp).toBe(true);
  });
});

describe('qosDscp', () => {
  it('is taken without effect, and told once in the log', async () => {
    await open({ qosDscp: 'NO_VALUE' });
    expect(bench.logged).toEqual([]);
    for (const value of ['CHROME_HIGH', 'EF']) await bench.another({ qosDscp: value }).release();
    expect(bench.logged.map(({ qosDscp }) => qosDscp)).toEqual(['CHROME_HIGH']);
  });
});
