// The calls of Kurento's RTP receiver tutorial by its own client, in both directions: FFmpeg sends and a browser sees and
// hears it, a browser sends and FFmpeg decodes it.
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureFfmpeg } from '../src/ffprobe.ts';
import { answerBrowser } from '../src/kurento/application.ts';
import { Ffmpeg, freePortPair } from '../src/kurento/ffmpeg.ts';
import { connectKurentoClient, type KurentoClient } from '../src/kurento/kurento-client.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

const VIDEO = 103;
const AUDIO = 96;

let server: MediaServerAlone;
let page: KurentoPage;
let client: KurentoClient;
let ffmpeg: Ffmpeg | undefined;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  ensureFfmpeg();
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  client = await connectKurentoClient(server.url);
});
afterEach(async () => {
  await ffmpeg?.end();
  await page.closePeers();
});
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
});

/** What FFmpeg would offer, if it could: as the tutorial, which writes it by hand as well. */
function description(ports: { audio: number; video: number }, direction: 'sendonly' | 'recvonly'): string {
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 127.0.0.1',
    's=FFmpeg',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${ports.audio} RTP/AVP ${AUDIO}`,
    `a=rtpmap:${AUDIO} opus/48000/2`,
    `a=${direction}`,
    `m=video ${ports.video} RTP/AVP ${VIDEO}`,
    `a=rtpmap:${VIDEO} VP8/90000`,
    `a=${direction}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function portOf(sdp: string, kind: 'audio' | 'video'): number {
  return Number(new RegExp(`^m=${kind} (\\d+)`, 'm').exec(sdp)?.[1]);
}

describe('an RtpEndpoint', () => {
  it('takes what FFmpeg sends to the ports of its answer, and a browser sees and hears it', async () => {
    const viewer = await page.newPeer();
    const pipeline = await client.create('MediaPipeline');
    const rtp = await pipeline.create('RtpEndpoint');
    const webRtc = await pipeline.create('WebRtcEndpoint');
    await rtp.connect(webRtc);
    await answerBrowser(webRtc, viewer);
    const offer = description({ audio: await freePortPair(), video: await freePortPair() }, 'sendonly');
    const answer = await rtp.processOffer(offer);
    expect(answer).toMatch(/^m=video \d+ RTP\/AVP/m);
    ffmpeg = Ffmpeg.send({
      colour: 'blue',
      hz: 600,
      audio: { port: portOf(answer, 'audio'), payloadType: AUDIO },
      video: { port: portOf(answer, 'video'), payloadType: VIDEO },
    });
    await Promise.race([viewer.sees('blue'), ffmpeg.ended]);
    await viewer.sees('blue');
    await viewer.hears(600);
    await pipeline.release();
  });

  it('sends what a browser sends to where FFmpeg listens, which decodes it', async () => {
    const sender = await page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] });
    const pipeline = await client.create('MediaPipeline');
    const webRtc = await pipeline.create('WebRtcEndpoint');
    const rtp = await pipeline.create('RtpEndpoint');
    await webRtc.connect(rtp);
    const sdp = description({ audio: await freePortPair(), video: await freePortPair() }, 'recvonly');
    const sdpFile = server.filePath('ffmpeg.sdp');
    writeFileSync(sdpFile, sdp);
    const receiving = Ffmpeg.receive(sdpFile, 30);
    ffmpeg = receiving;
    await rtp.processOffer(sdp);
    await answerBrowser(webRtc, sender);
    await sender.reaches('connected');
    // FFmpeg asks for no key frame, and nobody knows when it began to listen.
    await expect
      .poll(
        async () => {
          await webRtc.requestKeyframe();
          return receiving.isEnded;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(true);
    await receiving.ended;
    await pipeline.release();
  });
});
