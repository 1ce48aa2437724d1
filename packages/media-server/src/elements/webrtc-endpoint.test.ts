// Parley's own operations of a WebRtcEndpoint, with a browser's offers and a peer without sockets.
import { readFileSync } from 'node:fs';
import { LegDiagnosis } from '@parley/protocol';
import { ICE_FAILED_AFTER, writeRtpHeader } from '@parley/rtc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MediaPort } from '../transport/media-port.ts';
import type { TestPeer } from '../transport/testing.ts';
import type { WebRtcTransport } from '../transport/webrtc-transport.ts';
import { writeValue } from '../kurento/marshal.ts';
import type { ObjectEvent } from './media-object.ts';
import type { WebRtcEndpoint } from './webrtc-endpoint.ts';
import { openEndpoint } from './webrtc-testing.ts';

const FIXTURE = new URL('../../../rtc/src/sdp/fixtures/chromium-sendrecv.sdp', import.meta.url);

let port: MediaPort;
let transport: WebRtcTransport;
let peer: TestPeer;
let endpoint: WebRtcEndpoint;
let events: ObjectEvent[];
let close: () => Promise<void>;

beforeEach(async () => {
  ({ port, transport, peer, endpoint, events, close } = await openEndpoint());
});

afterEach(() => close());

/** The offer of one peer connection, with these credentials. */
function offer(ufrag: string): string {
  peer.remoteUfrag = ufrag;
  return readFileSync(FIXTURE, 'utf8')
    .replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${ufrag}`)
    .replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:password-of-generation-${ufrag}`)
    .replaceAll(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${peer.certificate.fingerprint}`);
}

function lines(sdp: string, name: string): string[] {
  return sdp.split('\r\n').filter((line) => line.startsWith(`a=${name}:`));
}

function states(): unknown[] {
  return events.filter(({ type }) => type === 'IceComponentStateChanged').map(({ data }) => data.state);
}

describe('restartIce', () => {
  it('gives new credentials, keeps DTLS and all else, and tells when the peer has moved', async () => {
    const first = await endpoint.processOffer(offer('one1'));
    const wifi = peer.path('192.0.2.7');
    peer.check(wifi, performance.now());
    await peer.connect(wifi, performance.now());
    expect(states()).toEqual(['CONNECTING', 'CONNECTED', 'READY']);

    const restart = offer('two2');
    const second = endpoint.restartIce(restart, 'any');
    expect(lines(second, 'ice-ufrag')).not.toEqual(lines(first, 'ice-ufrag'));
    expect(lines(second, 'ice-pwd')).not.toEqual(lines(first, 'ice-pwd'));
    for (const name of ['fingerprint', 'mid', 'rtpmap', 'ssrc', 'extmap', 'setup', 'msid', 'candidate'])
      expect(lines(second, name)).toEqual(lines(first, name));
    expect(endpoint.getLocalSessionDescriptor()).toBe(second);
    expect(endpoint.getRemoteSessionDescriptor()).toBe(restart);

    const cellular = peer.path('198.51.100.9');
    peer.check(cellular, performance.now());
    peer.sendRtcp(cellular, performance.now());
    expect(states()).toEqual(['CONNECTING', 'CONNECTED', 'READY', 'CONNECTED', 'READY']);
    expect(endpoint.connectionState).toBe('CONNECTED');
    expect(events.filter(({ type }) => type === 'DtlsConnectionStateChange')).toHaveLength(2);
  });

  it('offers TCP alone when told so', async () => {
    await endpoint.processOffer(offer('one1'));
    const answer = endpoint.restartIce(offer('two2'), 'tcp');
    expect(lines(answer, 'candidate')).toHaveLength(1);
    expect(lines(answer, 'candidate')[0]).toMatch(/ tcp .* tcptype passive/);
  });

  it('answers the same offer again with the same credentials, over whatever is asked for then', async () => {
    await endpoint.processOffer(offer('one1'));
    const restart = offer('two2');
    const answer = endpoint.restartIce(restart, 'any');
    expect(endpoint.restartIce(restart, 'any')).toBe(answer);
    const overTcp = endpoint.restartIce(restart, 'tcp');
    expect(lines(overTcp, 'ice-ufrag')).toEqual(lines(answer, 'ice-ufrag'));
    expect(lines(overTcp, 'candidate')).toHaveLength(1);
    expect(lines(endpoint.restartIce(offer('thr3'), 'any'), 'ice-ufrag')).not.toEqual(
      lines(answer, 'ice-ufrag'),
    );
  });

  it('refuses what is no restart, and goes on as before', async () => {
    const first = offer('one1');
    const code = (text: string) => {
      try {
        return endpoint.restartIce(text, 'any');
      } catch (error) {
        return (error as { kind: unknown }).kind;
      }
    };
    expect(code(first)).toBe('SDP_END_POINT_NO_REMOTE_SDP_ERROR');
    const answer = await endpoint.processOffer(first);
    const other = offer('two2').replaceAll(/(fingerprint:sha-256 )../g, '$1' + '00');
    for (const text of [first, other, offer('two2').replaceAll('a=mid:0', 'a=mid:7')])
      expect(code(text)).toBe('SDP_END_POINT_PROCESS_OFFER_ERROR');
    expect(code('no SDP')).toBe('SDP_PARSE_ERROR');
    expect(endpoint.getLocalSessionDescriptor()).toBe(answer);
    expect(peer.check(peer.path('192.0.2.7'), 0)).toBe(false);
    peer.remoteUfrag = 'one1';
    expect(peer.check(peer.path('192.0.2.7'), 0)).toBe(true);
  });

  it('says that DTLS is over when it is: then only another endpoint helps', async () => {
    await endpoint.processOffer(offer('one1'));
    const path = peer.path('192.0.2.7');
    peer.check(path, performance.now());
    await peer.connect(path, performance.now());
    transport.close();
    expect(() => endpoint.restartIce(offer('two2'), 'any')).toThrow('another endpoint');
  });
});

describe('getDiagnosis', () => {
  it('has the shape of its schema, before anything happened and on the wire', () => {
    expect(LegDiagnosis.parse(endpoint.getDiagnosis())).toEqual(endpoint.getDiagnosis());
    expect(endpoint.getDiagnosis()).toMatchObject({
      ice: { state: 'new', selected: null, restarts: 0 },
      dtls: { state: 'new', version: null, cipher: null, failure: null },
      srtp: { profile: null },
      roundTripMs: null,
      dropped: 0,
      tracks: [],
    });
    const wire = writeValue('LegDiagnosis', endpoint.getDiagnosis());
    expect(wire).toMatchObject({ __module__: 'parley', __type__: 'LegDiagnosis' });
    expect(LegDiagnosis.parse(wire)).toEqual(endpoint.getDiagnosis());
  });

  it('says what was agreed, where media goes, and what has come', async () => {
    await endpoint.processOffer(offer('one1'));
    const path = peer.path('192.0.2.7');
    const now = performance.now();
    peer.check(path, now);
    await peer.connect(path, now);
    endpoint.restartIce(offer('two2'), 'any');
    const [audio] = LegDiagnosis.parse(endpoint.getDiagnosis()).tracks;
    expect(audio).toMatchObject({ kind: 'audio', direction: 'received', codec: null, packets: 0 });

    const payloadType = Number(/m=audio \d+ \S+ (\d+)/.exec(endpoint.getRemoteSessionDescriptor())?.[1]);
    const ssrc = Number(/a=ssrc:(\d+)/.exec(endpoint.getRemoteSessionDescriptor())?.[1]);
    const packet = Buffer.alloc(112);
    for (const sequenceNumber of [65_534, 65_535, 1]) {
      const header = { marker: true, payloadType, ssrc, sequenceNumber, timestamp: 960 * sequenceNumber };
      peer.sendRtp(path, now, packet, writeRtpHeader(packet, header));
    }
    const diagnosis = LegDiagnosis.parse(writeValue('LegDiagnosis', endpoint.getDiagnosis()));
    expect(diagnosis).toMatchObject({
      ice: {
        state: 'connected',
        selected: {
          protocol: 'udp',
          localAddress: '127.0.0.1',
          localPort: port.port,
          remoteAddress: '192.0.2.7',
          remotePort: path.port,
        },
        restarts: 1,
      },
      dtls: {
        state: 'connected',
        version: 'DTLS 1.2',
        cipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        failure: null,
      },
      srtp: { profile: 'SRTP_AEAD_AES_128_GCM' },
    });
    expect(diagnosis.tracks.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual([
      'audio received',
      'video received',
      'audio sent',
      'video sent',
    ]);
    expect(diagnosis.tracks[0]).toMatchObject({ codec: 'opus', packets: 3, bytes: 336, lost: 1 });
  });

  it('names a fingerprint mismatch', async () => {
    await endpoint.processOffer(
      offer('one1').replaceAll(/(fingerprint:sha-256 )../g, (_all, name: string) => `${name}00`),
    );
    const path = peer.path('192.0.2.7');
    peer.check(path, performance.now());
    const failed = new Promise<void>((resolve) => {
      const { push } = events;
      events.push = (event) => {
        if (event.data.state === 'FAILED') resolve();
        return push.call(events, event);
      };
    });
    void peer.connect(path, performance.now());
    await failed;
    const { dtls } = endpoint.getDiagnosis();
    expect(dtls).toMatchObject({ state: 'failed', version: null });
    expect(dtls.failure).toMatch(/^fingerprint mismatch/);
  });
});

describe('a peer whose only connection closes', () => {
  it('is disconnected at once, failed when it does not come back, and a session again when it does', async () => {
    await endpoint.processOffer(offer('one1'));
    // A whole number: sums of it are exact.
    const now = Math.ceil(performance.now());
    const lost = peer.path('192.0.2.7', 'tcp');
    peer.check(lost, now);
    await peer.connect(lost, now);
    expect(endpoint.connectionState).toBe('CONNECTED');
    transport.pathClosed(lost, now);
    expect(states().at(-1)).toBe('DISCONNECTED');
    expect(endpoint.connectionState).toBe('DISCONNECTED');
    expect(endpoint.ICECandidatePairs).toEqual([]);
    transport.tick(now + ICE_FAILED_AFTER);
    expect(states().at(-1)).toBe('FAILED');
    expect(events.at(-1)?.type).toBe('MediaSessionTerminated');
    peer.check(peer.path('192.0.2.8', 'tcp'), now + ICE_FAILED_AFTER);
    expect(states().slice(-2)).toEqual(['CONNECTED', 'READY']);
    expect(endpoint.connectionState).toBe('CONNECTED');
    expect(events.at(-1)?.type).toBe('MediaSessionStarted');
  });
});
