// What a WebRtcEndpoint does with a STUN server: the address that it tells, in events and SDP. The server is a socket here.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildStun,
  parseCandidate,
  parseStun,
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  xorAddressAttribute,
} from '@parley/rtc';
import { openEndpoint, type EndpointUnderTest } from './webrtc-testing.ts';

const OUTSIDE = { address: '198.51.100.7', port: 40_000 };

const OFFER = [
  'v=0',
  'a=group:BUNDLE a v',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:a',
  'a=rtpmap:111 opus/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:v',
  'a=rtpmap:96 VP8/90000',
  '',
].join('\r\n');

let bench: EndpointUnderTest;
let stun: StunServer;

/** Answers each request, as the test says: right away or when it is told to. */
class StunServer {
  readonly #socket: Socket = createSocket('udp4');
  /** Ports that requests came from. */
  readonly askedFrom: number[] = [];
  answers = (): { address: string; port: number } | undefined => OUTSIDE;
  #answerAll: (() => void)[] = [];
  #told: (() => void) | undefined;

  async open(): Promise<void> {
    this.#socket.on('message', (bytes, from) => {
      const { transactionId } = parseStun(bytes)!;
      const answer = (): void => {
        const told = this.answers() ?? { address: from.address, port: from.port };
        this.#socket.send(success(transactionId, told), from.port, from.address);
      };
      this.askedFrom.push(from.port);
      this.#answerAll.push(answer);
      if (this.isPrompt) answer();
      this.#told?.();
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
  }

  isPrompt = true;

  get port(): number {
    return this.#socket.address().port;
  }

  async asked(): Promise<void> {
    while (this.askedFrom.length === 0) await new Promise<void>((resolve) => (this.#told = resolve));
  }

  answerNow(): void {
    for (const answer of this.#answerAll.splice(0)) answer();
  }

  close(): void {
    this.#socket.close();
  }
}

function success(transactionId: Buffer, told: { address: string; port: number }): Buffer {
  const attributes = [xorAddressAttribute(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS, told, transactionId)];
  return buildStun({ messageClass: 'success', method: STUN_METHOD_BINDING, transactionId, attributes });
}

beforeEach(async () => {
  bench = await openEndpoint();
  stun = new StunServer();
  await stun.open();
});
afterEach(async () => {
  await bench.close();
  stun.close();
});

function useStun(endpoint = bench.endpoint): void {
  endpoint.stunServerAddress = '127.0.0.1';
  endpoint.stunServerPort = stun.port;
}

async function gathered(times = 1): Promise<void> {
  while (types().filter((type) => type === 'IceGatheringDone').length < times)
    await new Promise((resolve) => setImmediate(resolve));
}

function types(): string[] {
  return bench.events.map(({ type }) => type);
}

/** Of events: `mid type address:port`. */
function told(): string[] {
  return bench.events
    .filter(({ type }) => type === 'IceCandidateFound')
    .map(({ data }) => {
      const { candidate, sdpMid } = data.candidate as { candidate: string; sdpMid: string };
      const { type, transport, address, port } = parseCandidate(candidate)!;
      return `${sdpMid} ${type} ${transport} ${address}:${port}`;
    });
}

function lines(sdp: string): string[] {
  return sdp.split('\r\n').filter((line) => /^a=(?:candidate|end-of-candidates|mid)/.test(line));
}

describe('a STUN server of an endpoint', () => {
  it('makes one more candidate, which is told for each line before gathering is done, and stands in the SDP then', async () => {
    useStun();
    const answer = await bench.endpoint.processOffer(OFFER);
    expect(answer).not.toContain('srflx');
    expect(answer).not.toContain('end-of-candidates');
    expect(stun.askedFrom).toEqual([]);
    bench.endpoint.gatherCandidates();
    await gathered();
    const { port } = bench.port;
    expect(told()).toEqual([
      `a host udp 127.0.0.1:${port}`,
      `v host udp 127.0.0.1:${port}`,
      `a host tcp 127.0.0.1:${port}`,
      `v host tcp 127.0.0.1:${port}`,
      'a srflx udp 198.51.100.7:40000',
      'v srflx udp 198.51.100.7:40000',
    ]);
    expect(types().at(-1)).toBe('IceGatheringDone');
    const [mid, udp, tcp, outside, ...rest] = lines(bench.endpoint.getLocalSessionDescriptor());
    expect(mid).toBe('a=mid:a');
    expect([udp, tcp].map((line) => parseCandidate(line)?.type)).toEqual(['host', 'host']);
    expect(outside).toMatch(
      new RegExp(
        `^a=candidate:\\d+ 1 udp 1694498815 198\\.51\\.100\\.7 40000 typ srflx raddr 127\\.0\\.0\\.1 rport ${port}$`,
      ),
    );
    expect(rest).toEqual(['a=end-of-candidates', 'a=mid:v']);
    expect(stun.askedFrom).toEqual([port]);
  });

  it('is asked when candidates were asked for before the negotiation, and holds up nothing but the end of gathering', async () => {
    stun.isPrompt = false;
    useStun();
    bench.endpoint.gatherCandidates();
    await bench.endpoint.processOffer(OFFER);
    await stun.asked();
    expect(told()).toHaveLength(4);
    expect(types()).not.toContain('IceGatheringDone');
    const path = bench.peer.path('192.0.2.7');
    const now = performance.now();
    expect(bench.peer.check(path, now)).toBe(true);
    await bench.peer.connect(path, now);
    expect(bench.endpoint.connectionState).toBe('CONNECTED');
    stun.answerNow();
    await gathered();
    expect(told()).toHaveLength(6);
    const states = bench.events.filter(({ type }) => type === 'IceComponentStateChanged');
    expect(states.map(({ data }) => data.state)).toEqual(['GATHERING', 'CONNECTING', 'CONNECTED', 'READY']);
  });

  it('is asked once for two endpoints of the process', async () => {
    const other = bench.another();
    for (const endpoint of [bench.endpoint, other]) {
      useStun(endpoint);
      await endpoint.generateOffer();
      endpoint.gatherCandidates();
    }
    await gathered(2);
    expect(told().filter((each) => each.includes('srflx'))).toHaveLength(4);
    expect(stun.askedFrom).toHaveLength(1);
    await other.release();
  });

  it('adds nothing where there is no NAT', async () => {
    stun.answers = () => undefined;
    useStun();
    const offer = await bench.endpoint.generateOffer();
    expect(offer).not.toContain('end-of-candidates');
    bench.endpoint.gatherCandidates();
    await gathered();
    expect(told()).toHaveLength(4);
    expect(bench.endpoint.getLocalSessionDescriptor()).toContain('end-of-candidates');
  });

  it('is not asked any more once its address is empty', async () => {
    useStun();
    bench.endpoint.stunServerAddress = '';
    const answer = await bench.endpoint.processOffer(OFFER);
    bench.endpoint.gatherCandidates();
    expect(types().at(-1)).toBe('IceGatheringDone');
    expect(bench.endpoint.getLocalSessionDescriptor()).toBe(answer);
    expect(stun.askedFrom).toEqual([]);
  });

  it('counts when it is set after the negotiation and candidates are asked for again', async () => {
    await bench.endpoint.processOffer(OFFER);
    bench.endpoint.gatherCandidates();
    useStun();
    bench.endpoint.gatherCandidates();
    bench.endpoint.gatherCandidates();
    await gathered(3);
    const { length } = bench.endpoint.getLocalSessionDescriptor().match(/typ srflx/g)!;
    expect(length).toBe(1);
  });

  it('is told to nobody when the endpoint is released meanwhile', async () => {
    stun.isPrompt = false;
    useStun();
    await bench.endpoint.processOffer(OFFER);
    bench.endpoint.gatherCandidates();
    await stun.asked();
    await bench.endpoint.release();
    const before = types();
    stun.answerNow();
    await bench.port.outside.ask({ address: '127.0.0.1', port: stun.port }, performance.now());
    await new Promise((resolve) => setImmediate(resolve));
    expect(types()).toEqual(before);
  });

  it('is given by its IP address and a port', () => {
    const { endpoint } = bench;
    expect([endpoint.stunServerAddress, endpoint.stunServerPort]).toEqual(['', 3478]);
    const refused = [
      'stun.example.org',
      'fe80::1%eth0',
      '0.0.0.0',
      '224.0.0.1',
      '169.254.169.254',
      'fe80::1',
    ];
    for (const address of refused)
      expect(() => (endpoint.stunServerAddress = address), address).toThrow(
        expect.objectContaining({ code: 40107 }),
      );
    for (const port of [0, -1, 65_536])
      expect(() => (endpoint.stunServerPort = port)).toThrow(expect.objectContaining({ code: 40107 }));
    expect([endpoint.stunServerAddress, endpoint.stunServerPort]).toEqual(['', 3478]);
    endpoint.stunServerAddress = '2001:db8::1';
    expect(endpoint.stunServerAddress).toBe('2001:db8::1');
  });
});
