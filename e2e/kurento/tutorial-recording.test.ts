// The calls of Kurento's recording and player tutorials by its own client: a file is written while it is shown, and
// played to whoever wants to see it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureFfmpeg, probe } from '../src/ffprobe.ts';
import { answerBrowser, nextEvent, refusalOf } from '../src/kurento/application.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import {
  connectKurentoClient,
  type KurentoClient,
  type MediaPipeline,
  type PlayerEndpoint,
} from '../src/kurento/kurento-client.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let client: KurentoClient;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  ensureFfmpeg();
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  client = await connectKurentoClient(server.url);
});
afterEach(() => page.closePeers());
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
});

/** Records a few seconds of a peer who sees themselves meanwhile; resolves when the file is complete. */
async function record(
  uri: string,
  profile: string,
  sends: { colour: 'red' | 'blue'; hz?: number },
  seconds: number,
): Promise<void> {
  const alice = await page.newPeer({ sends });
  const pipeline = await client.create('MediaPipeline');
  const endpoint = await pipeline.create('WebRtcEndpoint');
  const recorder = await pipeline.create('RecorderEndpoint', { uri, mediaProfile: profile });
  const recording = nextEvent(recorder, 'Recording');
  const stopped = nextEvent(recorder, 'Stopped');
  await endpoint.connect(endpoint);
  await endpoint.connect(recorder);
  await answerBrowser(endpoint, alice);
  await recorder.record();
  await recording;
  await alice.seesFrames(seconds * 15);
  await recorder.stopAndWait();
  await stopped;
  await pipeline.release();
  await alice.close();
}

/** A player that somebody looks at; `play` was not called yet. */
async function playerOf(
  uri: string,
): Promise<{ pipeline: MediaPipeline; player: PlayerEndpoint; viewer: BrowserPeer }> {
  const viewer = await page.newPeer();
  const pipeline = await client.create('MediaPipeline');
  const player = await pipeline.create('PlayerEndpoint', { uri });
  const endpoint = await pipeline.create('WebRtcEndpoint');
  await player.connect(endpoint);
  await answerBrowser(endpoint, viewer);
  await viewer.reaches('connected');
  return { pipeline, player, viewer };
}

describe('what was recorded', () => {
  it('plays to its end, and tells the end', async () => {
    const uri = server.fileUri('hello.webm');
    await record(uri, 'WEBM', { colour: 'red', hz: 440 }, 3);
    const { tracks, complaints } = await probe(server.filePath('hello.webm'));
    expect(tracks).toMatchObject({ video: { codec: 'vp8' }, audio: { codec: 'opus' } });
    expect(complaints).toBe('');
    const { pipeline, player, viewer } = await playerOf(uri);
    const ended = nextEvent(player, 'EndOfStream');
    await player.play();
    await Promise.all([viewer.sees('red'), viewer.hears(440)]);
    await ended;
    const { duration, isSeekable } = await player.getVideoInfo();
    expect(isSeekable).toBe(true);
    expect(duration).toBeGreaterThan(1_000);
    await pipeline.release();
  });

  it('stands still while it is paused, starts over where it is told to, and plays again after it was stopped', async () => {
    const uri = server.fileUri('long.webm');
    await record(uri, 'WEBM', { colour: 'blue', hz: 600 }, 3);
    const { pipeline, player, viewer } = await playerOf(uri);
    await player.play();
    await expect.poll(() => player.getPosition(), DEADLINE).toBeGreaterThan(300);
    await player.pause();
    const at = await player.getPosition();
    expect(at).toBeGreaterThan(300);
    const { framesDecoded } = await settled(viewer);
    expect(await player.getPosition()).toBe(at);
    expect((await viewer.counts()).framesDecoded).toBe(framesDecoded);

    await player.setPosition(0);
    await player.play();
    await viewer.seesFrames(5);
    await player.stop();
    const refusal = await refusalOf((done) => player.setPosition(0, done));
    expect(refusal).toMatchObject({ code: 40700, data: { type: 'PLAYER_SEEK_FAIL' } });

    await player.play();
    await viewer.sees('blue');
    await pipeline.release();
  });

  it('is without sound when its profile is', async () => {
    const uri = server.fileUri('silent.mkv');
    await record(uri, 'MKV_VIDEO_ONLY', { colour: 'red', hz: 440 }, 2);
    const { pipeline, player, viewer } = await playerOf(uri);
    const ended = nextEvent(player, 'EndOfStream');
    await player.play();
    await viewer.sees('red');
    await ended;
    expect(await viewer.counts()).toMatchObject({ audioPacketsReceived: 0 });
    await pipeline.release();
  });
});

describe('a player of a file that does not exist', () => {
  it('can be told to play, and tells the error afterwards', async () => {
    const { pipeline, player } = await playerOf(server.fileUri('nothing.webm'));
    const failed = nextEvent(player, 'Error');
    await player.play();
    expect(await failed).toMatchObject({ type: 'INVALID_URI' });
    await pipeline.release();
  });
});

/** Resolves with the counts once two looks at them, a stretch apart, see the same. */
async function settled(peer: BrowserPeer): Promise<{ framesDecoded: number }> {
  let before = -1;
  let counts = await peer.counts();
  await expect
    .poll(
      async () => {
        before = counts.framesDecoded;
        counts = await peer.counts();
        return counts.framesDecoded - before;
      },
      { interval: 1_000, timeout: 20_000 },
    )
    .toBe(0);
  return counts;
}
