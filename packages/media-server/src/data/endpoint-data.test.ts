// Data channels of whole endpoints: from the SDP over DTLS to the events and the pipeline, with a peer without sockets.
import { afterEach, describe, expect, it } from 'vitest';
import { openEndpoint, type EndpointUnderTest } from '../elements/webrtc-testing.ts';
import type { Path } from '../transport/path.ts';
import type { DataMessage } from './data-flow.ts';
import { TestDataPeer } from './testing.ts';

const opened: (EndpointUnderTest & { peerData?: TestDataPeer })[] = [];

afterEach(async () => {
  for (const { close, peerData } of opened.splice(0)) {
    await peerData?.stop();
    await close();
  }
});

/** Of a browser that has data channels and nothing else. */
function dataOffer(fingerprint: string): string {
  const lines = [
    ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', 'a=mid:0'],
    ...['a=ice-ufrag:peer', 'a=ice-pwd:password-of-the-browser-1', `a=fingerprint:sha-256 ${fingerprint}`],
    ...['a=setup:actpass', 'a=sctp-port:5000', 'a=max-message-size:262144'],
  ];
  return lines.join('\r\n') + '\r\n';
}

interface ConnectedBench extends EndpointUnderTest {
  readonly peerData: TestDataPeer;
  readonly answer: string;
  readonly path: Path;
}

/** An endpoint and a peer that have shaken hands, but not yet begun with SCTP. */
async function connected(): Promise<ConnectedBench> {
  const bench = await openEndpoint({ useDataChannels: true });
  opened.push(bench);
  const { endpoint, peer } = bench;
  const answer = await endpoint.processOffer(dataOffer(peer.certificate.fingerprint));
  const path = peer.path('192.0.2.7');
  peer.check(path, performance.now());
  await peer.connect(path, performance.now());
  const peerData = new TestDataPeer((packet) => peer.sendData(packet));
  peer.onData = (packet) => peerData.receive(packet);
  opened.push({ ...bench, peerData, close: async () => undefined });
  return { ...bench, peerData, answer, path };
}

function channelEvents({ events }: EndpointUnderTest): string[] {
  return events
    .filter(({ type }) => type.startsWith('DataChannel'))
    .map(({ type, data }) => `${type} ${data.channelId as number}`);
}

describe('an endpoint with data channels', () => {
  it('agrees to data alone, and takes messages both ways through a loopback', async () => {
    const bench = await connected();
    const { endpoint, peerData, answer } = bench;
    expect(answer).toMatch(/m=application 9 UDP\/DTLS\/SCTP webrtc-datachannel/);
    expect(answer).toMatch(/a=group:BUNDLE 0\r\n/);
    expect(answer).toMatch(/a=max-message-size:262144\r\n/);
    endpoint.dataSource()?.addSink(endpoint.dataSink()!);
    await peerData.start();
    const channel = peerData.open('chat', { protocol: 'json' });
    await peerData.until(() => channel.readyState === 'open');
    channel.send('hello');
    channel.send(Buffer.alloc(65_536, 5));
    await peerData.until(() => peerData.received.length === 2);
    expect(peerData.received[0].data).toBe('hello');
    expect(Buffer.alloc(65_536, 5).equals(peerData.received[1].data as Buffer)).toBe(true);
    expect(channelEvents(bench)).toEqual(['DataChannelOpened 1']);
    const stats = Object.values(endpoint.getStats('DATA') ?? {});
    expect(stats.find(({ type }) => type === 'datachannel')).toMatchObject({
      __type__: 'RTCDataChannelStats',
      label: 'chat',
      protocol: 'json',
      datachannelid: 1,
      state: 'open',
      messagesSent: 2,
      bytesSent: 65_541,
      messagesReceived: 2,
      bytesReceived: 65_541,
    });
    expect(stats.find(({ type }) => type === 'session')).toMatchObject({
      dataChannelsOpened: 1,
      dataChannelsClosed: 0,
    });
  });

  it('opens channels once it is connected, and not with two limits at once', async () => {
    const bench = await connected();
    const { endpoint, peerData } = bench;
    expect(() => endpoint.createDataChannel('early')).toThrow(/not connected/);
    await peerData.start();
    const probe = peerData.open('probe');
    await peerData.until(() => probe.readyState === 'open');
    expect(() => endpoint.createDataChannel('both', true, 0, 0)).toThrow(/Only one/);
    expect(() => endpoint.createDataChannel('x'.repeat(65_536))).toThrow(/65535 bytes/);
    endpoint.createDataChannel('made here', false, -1, 3, 'p');
    await peerData.until(() => peerData.incoming.length === 1 && channelEvents(bench).length === 2);
    const [{ id, label, ordered, maxRetransmits, protocol }] = peerData.incoming;
    expect([label, ordered, maxRetransmits, protocol]).toEqual(['made here', false, 3, 'p']);
    endpoint.closeDataChannel(id);
    endpoint.closeDataChannel(99);
    await peerData.until(() => channelEvents(bench).length === 3);
    expect(channelEvents(bench).slice(1)).toEqual([`DataChannelOpened ${id}`, `DataChannelClosed ${id}`]);
  });

  it('closes its channels in the order of their opening when it is released, and the peer notices', async () => {
    const bench = await connected();
    const { endpoint, peerData } = bench;
    await peerData.start();
    const channels = [peerData.open('a'), peerData.open('b')];
    await peerData.until(() => channels.every(({ readyState }) => readyState === 'open'));
    await endpoint.release();
    expect(channelEvents(bench).slice(2)).toEqual(['DataChannelClosed 1', 'DataChannelClosed 3']);
    await peerData.until(() => channels.every(({ readyState }) => readyState === 'closed'));
  });

  it('closes its channels when the peer takes leave of DTLS', async () => {
    const bench = await connected();
    const { endpoint, peer, peerData } = bench;
    await peerData.start();
    const channel = peerData.open('chat');
    await peerData.until(() => channel.readyState === 'open');
    peer.sayGoodbye(bench.path, performance.now());
    expect(channelEvents(bench)).toEqual(['DataChannelOpened 1', 'DataChannelClosed 1']);
    expect(() => endpoint.createDataChannel('too late')).toThrow(/not connected/);
  });

  it('loses messages of the pipeline quietly while there is nobody to take them', async () => {
    const { endpoint } = await openEndpoint({ useDataChannels: true }).then((bench) => {
      opened.push(bench);
      return bench;
    });
    const message: DataMessage = { bytes: Buffer.from('hello'), isText: true };
    expect(() => endpoint.dataSink()?.write(message)).not.toThrow();
    expect(() => endpoint.createDataChannel('early')).toThrow(/not connected/);
  });
});

describe('an endpoint without data channels', () => {
  it('refuses them in SDP and by operation, and has no data for the pipeline', async () => {
    const bench = await openEndpoint();
    opened.push(bench);
    const { endpoint, peer } = bench;
    const answer = await endpoint.processOffer(dataOffer(peer.certificate.fingerprint));
    expect(answer).toMatch(/m=application 0 UDP\/DTLS\/SCTP webrtc-datachannel/);
    expect([endpoint.dataSource(), endpoint.dataSink()]).toEqual([undefined, undefined]);
    expect(() => endpoint.createDataChannel()).toThrow(/useDataChannels/);
  });
});
