// Data channels with peers other than Chromium: Firefox, libdatachannel (which has usrsctp) and werift, as either end of DTLS.
import { networkInterfaces } from 'node:os';
import { PeerConnection } from 'node-datachannel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RTCPeerConnection, type RTCDataChannel } from 'werift';
import { FirefoxPage } from '../src/kurento/firefox-page.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

/** Below the 64 KiB that werift agrees to. */
const LONG = Buffer.alloc(65_000, 'Parley');

let server: MediaServerAlone;
let connection: KurentoConnection;
MediaServerAlone.showLogOnFailure(() => server);

/** Firefox reaches nothing on loopback as long as the machine has another address. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address);

beforeAll(async () => {
  const flags = ['--announce', [...ownAddresses, '127.0.0.1'].join(',')];
  server = await startMediaServerAlone({ flags });
  connection = await server.connect();
});
afterAll(async () => {
  connection?.close();
  await server?.stop();
});

/** An endpoint that gives back what comes on its channels. */
async function mirror(): Promise<string> {
  const mediaPipeline = await connection.create('MediaPipeline');
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline, useDataChannels: true });
  await connection.subscribe(endpoint, 'DataChannelOpened', 'DataChannelClosed');
  await connection.invoke(endpoint, 'connect', { sink: endpoint, mediaType: 'DATA' });
  return endpoint;
}

/** What a test needs of a library's peer connection with data and nothing else. */
interface DataPeer {
  /** With a channel named chat. */
  offer(): Promise<string>;
  acceptAnswer(sdp: string): Promise<void>;
  /** On the channel named chat. */
  send(data: string | Buffer): void;
  /** What came on any channel. */
  readonly received: (string | Buffer)[];
  /** The labels of the channels that are open. */
  readonly open: Set<string>;
  close(): unknown;
}

function libdatachannelPeer(): DataPeer {
  const peer = new PeerConnection('peer', { iceServers: [], disableAutoNegotiation: true });
  const received: (string | Buffer)[] = [];
  const open = new Set<string>();
  type Channel = ReturnType<typeof peer.createDataChannel>;
  const channels = new Map<string, Channel>();
  const adopt = (channel: Channel): void => {
    const label = channel.getLabel();
    channels.set(label, channel);
    channel.onOpen(() => open.add(label));
    channel.onClosed(() => open.delete(label));
    channel.onMessage((message) => received.push(message as string | Buffer));
    if (channel.isOpen()) open.add(label);
  };
  peer.onDataChannel(adopt);
  const described = new Promise<string>((resolve) =>
    peer.onGatheringStateChange((state) => {
      if (state === 'complete') resolve(peer.localDescription()?.sdp ?? '');
    }),
  );
  return {
    async offer() {
      adopt(peer.createDataChannel('chat'));
      peer.setLocalDescription('offer');
      return described;
    },
    async acceptAnswer(sdp) {
      peer.setRemoteDescription(sdp, 'answer');
    },
    send(data) {
      if (typeof data === 'string') channels.get('chat')?.sendMessage(data);
      else channels.get('chat')?.sendMessageBinary(data);
    },
    received,
    open,
    close: () => peer.close(),
  };
}

function weriftPeer(): DataPeer {
  const peer = new RTCPeerConnection({ iceServers: [] });
  const received: (string | Buffer)[] = [];
  const open = new Set<string>();
  const channels = new Map<string, RTCDataChannel>();
  const adopt = (channel: RTCDataChannel): void => {
    const { label } = channel;
    channels.set(label, channel);
    if (channel.readyState === 'open') open.add(label);
    channel.stateChanged.subscribe((state) => (state === 'open' ? open.add(label) : open.delete(label)));
    channel.onMessage.subscribe((message) => received.push(message));
  };
  peer.onDataChannel.subscribe(adopt);
  return {
    async offer() {
      adopt(peer.createDataChannel('chat'));
      await peer.setLocalDescription(await peer.createOffer());
      return peer.localDescription?.sdp ?? '';
    },
    acceptAnswer: (sdp) => peer.setRemoteDescription({ type: 'answer', sdp }),
    send: (data) => channels.get('chat')?.send(data),
    received,
    open,
    close: () => peer.close(),
  };
}

const LIBRARIES = { libdatachannel: libdatachannelPeer, werift: weriftPeer };
const CASES = (['libdatachannel', 'werift'] as const).flatMap((library) =>
  (['actpass', 'passive'] as const).map((setup) => ({ library, setup })),
);

describe('a library', () => {
  it.each(CASES)('$library gets its own back, as a=setup:$setup', async ({ library, setup }) => {
    const endpoint = await mirror();
    const peer = LIBRARIES[library]();
    try {
      const offer = (await peer.offer()).replaceAll('a=setup:actpass', `a=setup:${setup}`);
      await peer.acceptAnswer(await connection.invoke<string>(endpoint, 'processOffer', { offer }));
      await expect.poll(() => peer.open.has('chat'), { timeout: 10_000 }).toBe(true);
      peer.send('Grüße');
      peer.send(LONG);
      await expect.poll(() => peer.received.length, { timeout: 10_000 }).toBe(2);
      expect(peer.received[0]).toBe('Grüße');
      expect(LONG.equals(peer.received[1] as Buffer)).toBe(true);

      await connection.invoke(endpoint, 'createDataChannel', { label: 'of the server' });
      await expect.poll(() => peer.open.has('of the server'), { timeout: 10_000 }).toBe(true);
      const first = await connection.event(endpoint, 'DataChannelOpened');
      const { data } = await connection.event(
        endpoint,
        'DataChannelOpened',
        ({ channelId }) => channelId !== first.data['channelId'],
      );
      await connection.invoke(endpoint, 'closeDataChannel', { channelId: data['channelId'] });
      await connection.event(
        endpoint,
        'DataChannelClosed',
        ({ channelId }) => channelId === data['channelId'],
      );
      await expect.poll(() => [...peer.open], { timeout: 10_000 }).toEqual(['chat']);
    } finally {
      await peer.close();
    }
  });
});

describe('Firefox', () => {
  it('gets its own back, and sees a channel of the server come and go', async () => {
    const firefox = await FirefoxPage.open();
    try {
      const endpoint = await mirror();
      const peer = await firefox.newPeer('red');
      await peer.openChannel('chat');
      await browserOffers(connection, endpoint, peer);
      await peer.channelIs('chat', 'open');
      await peer.send('chat', 'Grüße');
      await peer.send('chat', [...LONG]);
      const [text, bytes] = await peer.received('chat', 2);
      expect(text).toBe('Grüße');
      expect(LONG.equals(Buffer.from(bytes as number[]))).toBe(true);
      await connection.invoke(endpoint, 'createDataChannel', { label: 'of the server' });
      await peer.channelIs('of the server', 'open');
      await connection.release(endpoint);
      await peer.channelIs('of the server', 'closed');
      await peer.channelIs('chat', 'closed');
    } finally {
      await firefox.close();
    }
  });
});
