// Recordings of what a browser really sends, judged by those who play them: FFmpeg and the browser itself.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureFfmpeg, probe } from '../src/ffprobe.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';
import { dominantColour } from '../src/seeing-and-hearing.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let connection: KurentoConnection;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  ensureFfmpeg();
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  connection = await server.connect();
});
afterEach(() => page.closePeers());
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

interface Taken {
  readonly peer: BrowserPeer;
  readonly pipeline: string;
  readonly recorder: string;
}

/** Records a blue picture and a tone; resolves when 3 s of pictures were sent since media reached the recording. */
async function record(
  client: KurentoConnection,
  uri: string,
  mediaProfile: string,
  videoCodec: string,
): Promise<Taken> {
  const peer = await page.newPeer({ sends: { colour: 'blue', hz: 440 }, receives: [], videoCodec });
  const pipeline = await client.create('MediaPipeline');
  const endpoint = await client.create('WebRtcEndpoint', { mediaPipeline: pipeline });
  const recorder = await client.create('RecorderEndpoint', { mediaPipeline: pipeline, uri, mediaProfile });
  await client.subscribe(recorder, 'Recording', 'Stopped', 'Error');
  await client.invoke(endpoint, 'connect', { sink: recorder });
  await browserOffers(client, endpoint, peer);
  await client.invoke(recorder, 'record');
  await client.event(recorder, 'Recording');
  const before = (await peer.counts()).framesSent;
  await expect
    .poll(async () => (await peer.counts()).framesSent, { timeout: 20_000, interval: 100 })
    .toBeGreaterThanOrEqual(before + 45);
  return { peer, pipeline, recorder };
}

/** Plays bytes in a `<video>` of the page: how long they are, in s, and of how many pictures, those that it had no time to show too. */
async function play(
  bytes: Buffer,
  type: string,
): Promise<{ seconds: number; frames: number; colour: string }> {
  await page.page.evaluate(
    async ({ base64, type }) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const video = document.createElement('video');
      video.id = 'played';
      video.src = URL.createObjectURL(new Blob([bytes], { type }));
      document.body.append(video);
      await new Promise((resolve, reject) => {
        video.onended = resolve;
        video.onerror = () => reject(new Error(video.error?.message));
        video.play().catch(reject);
      });
    },
    { base64: bytes.toString('base64'), type },
  );
  const video = page.page.locator('#played');
  const colour = await dominantColour(video);
  const played = await video.evaluate((element: HTMLVideoElement) => {
    const { totalVideoFrames } = element.getVideoPlaybackQuality();
    element.remove();
    return { seconds: element.duration, frames: totalVideoFrames };
  });
  return { ...played, colour };
}

describe('a recording', () => {
  it.each([
    ['video/H264', 'h264'],
    ['video/AV1', 'av1'],
  ])('of %s as MP4 is read by FFmpeg and played by the browser that sent it', async (sent, codec) => {
    const { recorder, pipeline } = await record(connection, server.fileUri('a.mp4'), 'MP4', sent);
    await connection.invoke(recorder, 'stopAndWait');
    expect(connection.eventsOf(recorder, 'Stopped').length).toBe(1);
    expect(connection.eventsOf(recorder, 'Error')).toEqual([]);
    const probed = await probe(server.filePath('a.mp4'));
    expect(probed).toMatchObject({
      format: expect.stringContaining('mp4') as string,
      complaints: '',
      tracks: { audio: { codec: 'opus' }, video: { codec } },
    });
    expect(probed.seconds).toBeGreaterThan(2.5);
    expect(probed.tracks['video']?.frames).toBeGreaterThan(35);
    const played = await play(readFileSync(server.filePath('a.mp4')), 'video/mp4');
    expect(played.colour).toBe('blue');
    expect(played.seconds).toBeCloseTo(probed.seconds, 0);
    expect(played.frames).toBeGreaterThan(30);
    await connection.release(pipeline);
  });

  it.each([
    ['MP4', 'a.mp4', 'video/H264', 'video/mp4'],
    ['WEBM', 'a.webm', 'video/VP8', 'video/webm'],
  ])(
    'as %s is playable up to its last moments when the media server is killed',
    async (profile, name, codec, type) => {
      const doomed = await startMediaServerAlone();
      const client = await doomed.connect();
      try {
        const { peer } = await record(client, doomed.fileUri(name), profile, codec);
        const sent = (await peer.counts()).framesSent;
        doomed.child.process.kill('SIGKILL');
        await doomed.child.ended;
        const bytes = readFileSync(doomed.filePath(name));
        const probed = await probe(doomed.filePath(name));
        expect(Object.keys(probed.tracks).sort()).toEqual(['audio', 'video']);
        // All but what is on its way: half a second of fragments, and what the network holds.
        expect(probed.tracks['video']?.frames).toBeGreaterThan(sent - 45);
        expect((await play(bytes, type)).frames).toBeGreaterThan(20);
        // As after a loss of power: the last write is not whole.
        const cut = server.filePath(`cut-${name}`);
        writeFileSync(cut, bytes.subarray(0, -100));
        expect((await probe(cut)).tracks['video']?.frames).toBeGreaterThan(20);
      } finally {
        // It did not end in order, as it was meant to.
        await doomed.stop().catch(() => undefined);
      }
    },
  );

  describe('with an HTTP address', () => {
    let target: Server;
    let got: Promise<{ request: IncomingMessage; body: Buffer }>;
    let received: number;

    beforeAll(async () => {
      target = createServer();
      target.listen(0, '127.0.0.1');
      await once(target, 'listening');
      received = 0;
      got = new Promise((resolve) => {
        target.on('request', (request: IncomingMessage, response) => {
          const chunks: Buffer[] = [];
          request.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            received += chunk.length;
          });
          request.on('end', () => {
            response.writeHead(201).end();
            resolve({ request, body: Buffer.concat(chunks) });
          });
        });
      });
    });
    afterAll(() => {
      target.closeAllConnections();
      target.close();
    });

    it('arrives there as WebM while it is made', async () => {
      const { port } = target.address() as AddressInfo;
      const uri = `http://127.0.0.1:${port}/recordings/a.webm`;
      const { recorder, pipeline } = await record(connection, uri, 'WEBM', 'video/VP8');
      expect(received).toBeGreaterThan(10_000);
      await connection.invoke(recorder, 'stopAndWait');
      const { request, body } = await got;
      expect([request.method, request.url]).toEqual(['PUT', '/recordings/a.webm']);
      expect(connection.eventsOf(recorder, 'Error')).toEqual([]);
      writeFileSync(server.filePath('put.webm'), body);
      expect(await probe(server.filePath('put.webm'))).toMatchObject({
        complaints: '',
        tracks: { audio: { codec: 'opus' }, video: { codec: 'vp8' } },
      });
      expect(await play(body, 'video/webm')).toMatchObject({ colour: 'blue' });
      await connection.release(pipeline);
    });
  });
});
