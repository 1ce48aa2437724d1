// Media that comes over HTTP, fetched by a player or posted by a page, is seen and heard in a browser.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COLOURS } from '../src/fake-media.ts';
import { serveFile, type FileServer } from '../src/kurento/file-server.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { makeMovie, type Movie } from '../src/kurento/movie.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

let server: MediaServerAlone;
let page: KurentoPage;
const files: FileServer[] = [];
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  const flags = ['--http-port', '0'];
  [server, page] = await Promise.all([startMediaServerAlone({ flags }), KurentoPage.open()]);
});
afterEach(async () => {
  await page.closePeers();
  await Promise.all(files.splice(0).map((file) => file.close()));
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

/** A film that begins red and ends blue, at an HTTP address. */
async function served(name: string, sound: Movie['sound']): Promise<FileServer> {
  const path = server.filePath(name);
  await makeMovie(path, { colours: ['red', 'blue'], seconds: 20, hz: 440, sound });
  const file = await serveFile(path);
  files.push(file);
  return file;
}

/** Somebody who sees and hears what the source gives. */
async function viewerOf(
  connection: KurentoConnection,
  mediaPipeline: string,
  source: string,
): Promise<BrowserPeer> {
  const viewer = await page.newPeer();
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
  await connection.invoke(source, 'connect', { sink: endpoint });
  await browserOffers(connection, endpoint, viewer);
  await viewer.reaches('connected');
  return viewer;
}

describe('a player', () => {
  it('shows an MP4 file with H.264 and Opus from an HTTP address, and another place of it after a seek', async () => {
    const film = await served('film.mp4', 'opus');
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const player = await connection.create('PlayerEndpoint', { mediaPipeline, uri: film.url });
    await connection.subscribe(player, 'EndOfStream', 'Error');
    const viewer = await viewerOf(connection, mediaPipeline, player);
    await connection.invoke(player, 'play');
    await viewer.sees('red');
    await viewer.hears(440);
    expect(await viewer.counts()).toMatchObject({ videoCodec: 'video/H264', audioCodec: 'audio/opus' });
    expect(await connection.invoke(player, 'getVideoInfo')).toMatchObject({ isSeekable: true });
    await connection.invoke(player, 'setPosition', { position: 25_500 });
    await viewer.sees('blue');
    const position = await connection.invoke<number>(player, 'getPosition');
    expect(position).toBeGreaterThanOrEqual(25_000);
    expect(await connection.invoke(player, 'getElementGstreamerDot')).toContain(film.url);
    await connection.invoke(player, 'setPosition', { position: 39_500 });
    await connection.event(player, 'EndOfStream');
    expect(connection.eventsOf(player, 'Error')).toEqual([]);
    await connection.release(mediaPipeline);
    await viewer.close();
  });

  it('shows the picture of a file whose sound it cannot play, and says so', async () => {
    const film = await served('aac.mp4', 'aac');
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const player = await connection.create('PlayerEndpoint', { mediaPipeline, uri: film.url });
    await connection.subscribe(player, 'Error');
    const viewer = await viewerOf(connection, mediaPipeline, player);
    await connection.invoke(player, 'play');
    await viewer.sees('red');
    const { data } = await connection.event(player, 'Error');
    expect(data).toMatchObject({ type: 'INVALID_MEDIA' });
    expect(data['description']).toContain('aac');
    await connection.release(mediaPipeline);
  });

  it('asks no cloud for its keys', async () => {
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const uri = 'http://169.254.169.254/latest/meta-data/';
    const player = await connection.create('PlayerEndpoint', { mediaPipeline, uri });
    await connection.subscribe(player, 'Error');
    await connection.invoke(player, 'play');
    const { data } = await connection.event(player, 'Error');
    expect(data).toMatchObject({ type: 'INVALID_URI' });
    await connection.release(mediaPipeline);
  });
});

describe('an endpoint that is posted to', () => {
  it('shows a WebM recording that a page posts', async () => {
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const intake = await connection.create('HttpPostEndpoint', { mediaPipeline, disconnectionTimeout: 1 });
    await connection.subscribe(
      intake,
      'MediaSessionStarted',
      'MediaSessionTerminated',
      'EndOfStream',
      'Error',
    );
    const viewer = await viewerOf(connection, mediaPipeline, intake);
    const url = await connection.invoke<string>(intake, 'getUrl');
    // Browsers ask their user before a page reaches a server of the same machine or network.
    await page.page.context().grantPermissions(['local-network-access']);
    const answer = page.page.evaluate(postRecording, { url, rgb: COLOURS.green });
    await viewer.sees('green');
    expect(await answer).toBe(200);
    await connection.event(intake, 'EndOfStream');
    await connection.event(intake, 'MediaSessionTerminated');
    expect(connection.eventsOf(intake).map(({ type }) => type)).toEqual([
      'MediaSessionStarted',
      'EndOfStream',
      'MediaSessionTerminated',
    ]);
    await connection.release(mediaPipeline);
  });
});

/** Inside of the page: records five seconds of a painted picture, and posts them. Gives the status of the answer. */
async function postRecording({ url, rgb }: { url: string; rgb: readonly number[] }): Promise<number> {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  let frame = 0;
  const paint = () => {
    context.fillStyle = `rgb(${rgb.join()})`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = 'white';
    context.fillRect((frame++ * 8) % 280, 120, 40, 40);
  };
  const painting = setInterval(paint, 66);
  const recorder = new MediaRecorder(canvas.captureStream(15), { mimeType: 'video/webm;codecs=vp8' });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => {
    pieces.push(data);
    if (frame > 75) recorder.stop();
  };
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start(100);
  await stopped;
  clearInterval(painting);
  return (await fetch(url, { method: 'POST', body: new Blob(pieces) })).status;
}
