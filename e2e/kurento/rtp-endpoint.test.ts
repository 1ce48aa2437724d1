// Plain RTP with peers that nobody here wrote: protected by SDES, without an address to name, with H.264, and by an offer of
// the endpoint's own. The plain cases are those of the tutorial, in tutorial-rtp.test.ts.
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureFfmpeg } from '../src/ffprobe.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import { Ffmpeg, freePortPair } from '../src/kurento/ffmpeg.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

const VIDEO = 103;
const AUDIO = 96;
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const OUR_KEY = '4321ZYXWVUTSRQPONMLKJIHGFEDCBA';
const THEIR_KEY = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ1234').toString('base64');

let server: MediaServerAlone;
let page: KurentoPage;
let kurento: KurentoConnection;
let mediaPipeline: string;
let ffmpeg: Ffmpeg | undefined;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  ensureFfmpeg();
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  kurento = await server.connect();
  mediaPipeline = await kurento.create('MediaPipeline');
});
afterEach(async () => {
  await ffmpeg?.end();
  await page.closePeers();
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

interface Described {
  readonly ports: { readonly audio: number; readonly video: number };
  readonly codec: string;
  readonly attributes: readonly string[];
}

/** Of protected media, as FFmpeg reads it from a file. */
function description({ ports, codec, attributes }: Described): string {
  const lines = [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=FFmpeg', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=audio ${ports.audio} RTP/SAVPF ${AUDIO}`, `a=rtpmap:${AUDIO} opus/48000/2`, ...attributes],
    ...[`m=video ${ports.video} RTP/SAVPF ${VIDEO}`, `a=rtpmap:${VIDEO} ${codec}/90000`],
    ...(codec === 'H264' ? [`a=fmtp:${VIDEO} packetization-mode=1;profile-level-id=42c01f`] : []),
    ...attributes,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function portOf(sdp: string, kind: 'audio' | 'video'): number {
  return Number(new RegExp(`^m=${kind} (\\d+)`, 'm').exec(sdp)?.[1]);
}

function protectedEndpoint(crypto = 'AES_128_CM_HMAC_SHA1_80', key = OUR_KEY): Promise<string> {
  return kurento.create('RtpEndpoint', { mediaPipeline, crypto: { crypto, key } });
}

describe('an RtpEndpoint with keys', () => {
  it('takes H.264 and Opus that FFmpeg protects, from wherever it sends, and a browser sees and hears them', async () => {
    const viewer = await page.newPeer();
    const [rtp, webRtc] = [
      await protectedEndpoint(),
      await kurento.create('WebRtcEndpoint', { mediaPipeline }),
    ];
    await kurento.subscribe(rtp, 'MediaFlowOutStateChanged', 'ConnectionStateChanged');
    await kurento.invoke(rtp, 'connect', { sink: webRtc });
    await browserOffers(kurento, webRtc, viewer);
    const attributes = ['a=sendonly', 'a=setup:active', `a=crypto:1 ${SUITE} inline:${THEIR_KEY}`];
    const offer = description({ ports: { audio: 9, video: 9 }, codec: 'H264', attributes });
    const answer = await kurento.invoke<string>(rtp, 'processOffer', { offer });
    expect(kurento.eventsOf(rtp)).toEqual([]);
    ffmpeg = Ffmpeg.send({
      colour: 'green',
      hz: 700,
      audio: { port: portOf(answer, 'audio'), payloadType: AUDIO },
      video: { port: portOf(answer, 'video'), payloadType: VIDEO, codec: 'H264' },
      srtpKey: THEIR_KEY,
    });
    await Promise.race([viewer.sees('green'), ffmpeg.ended]);
    await viewer.hears(700);
    expect(await viewer.counts()).toMatchObject({ videoCodec: 'video/H264' });
    await kurento.event(rtp, 'ConnectionStateChanged', ({ newState }) => newState === 'CONNECTED');
    for (const mediaType of ['AUDIO', 'VIDEO'])
      await kurento.event(rtp, 'MediaFlowOutStateChanged', (data) => data['mediaType'] === mediaType);
  });

  it('sends what FFmpeg decodes with the key of the answer', async () => {
    const sender = await page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] });
    const [rtp, webRtc] = [
      await protectedEndpoint(),
      await kurento.create('WebRtcEndpoint', { mediaPipeline }),
    ];
    await kurento.invoke(webRtc, 'connect', { sink: rtp });
    const ports = { audio: await freePortPair(), video: await freePortPair() };
    const attributes = (key: string) => ['a=recvonly', `a=crypto:1 ${SUITE} inline:${key}`];
    const offer = description({ ports, codec: 'VP8', attributes: attributes(THEIR_KEY) });
    const answer = await kurento.invoke<string>(rtp, 'processOffer', { offer });
    const ourKey = /^a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(\S+)/m.exec(answer)?.[1] ?? '';
    expect(Buffer.from(ourKey, 'base64').toString()).toBe(OUR_KEY);
    const sdpFile = server.filePath('protected.sdp');
    writeFileSync(sdpFile, description({ ports, codec: 'VP8', attributes: attributes(ourKey) }));
    const receiving = Ffmpeg.receive(sdpFile, 30);
    ffmpeg = receiving;
    await browserOffers(kurento, webRtc, sender);
    await sender.reaches('connected');
    // What FFmpeg asks for is not protected, so it is not heard, and nobody knows when it began to listen.
    await expect
      .poll(
        async () => {
          await kurento.invoke(webRtc, 'requestKeyframe');
          return receiving.isEnded;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(true);
    await receiving.ended;
  });
});

describe('two RtpEndpoints', () => {
  it('agree by the offer of one of them, and a browser sees through both, protected with keys of 256 bits', async () => {
    const [sender, viewer] = [
      await page.newPeer({ sends: { colour: 'blue', hz: 500 }, receives: [] }),
      await page.newPeer(),
    ];
    const suite = 'AES_256_CM_HMAC_SHA1_32';
    const [near, far] = [
      await protectedEndpoint(suite, OUR_KEY + 'abcdefghijklmnop'),
      await protectedEndpoint(suite, 'abcdefghijklmnop' + OUR_KEY),
    ];
    const [from, to] = [
      await kurento.create('WebRtcEndpoint', { mediaPipeline }),
      await kurento.create('WebRtcEndpoint', { mediaPipeline }),
    ];
    await kurento.invoke(from, 'connect', { sink: near });
    await kurento.invoke(far, 'connect', { sink: to });
    const offer = await kurento.invoke<string>(near, 'generateOffer');
    const answer = await kurento.invoke<string>(far, 'processOffer', { offer });
    await kurento.invoke(near, 'processAnswer', { answer });
    await Promise.all([browserOffers(kurento, from, sender), browserOffers(kurento, to, viewer)]);
    await viewer.sees('blue');
    await viewer.hears(500);
    // By PLI from the far endpoint to the near one, and from there to the browser.
    const keyframes = async () =>
      (await kurento.invoke<Record<string, Stats>>(near, 'getStats'))[outboundId(near)];
    const before = (await keyframes()).pliCount;
    await kurento.invoke(far, 'requestKeyframe');
    await expect.poll(async () => (await keyframes()).pliCount, DEADLINE).toBeGreaterThan(before);
  });
});

interface Stats {
  readonly pliCount: number;
}

function outboundId(endpoint: string): string {
  return `${endpoint}/outbound-video`;
}
