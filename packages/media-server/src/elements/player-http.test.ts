import { readFile } from 'node:fs/promises';
import { Mp4OutputFormat } from 'mediabunny';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aac, h264, made } from '../playing/testing/made-media.ts';
import { Viewer } from '../playing/testing/viewer.ts';
import { WebServer, type Behaviour } from '../playing/testing/web-server.ts';
import { CLIP, contents, readClip } from '../recording/testing/clip.ts';
import { ElementBench } from '../recording/testing/element-bench.ts';
import { PlayerEndpoint } from './player-endpoint.ts';

let bench: ElementBench;
const servers: WebServer[] = [];

beforeEach(() => {
  bench = new ElementBench();
});

afterEach(async () => {
  await bench.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(file: Buffer, behaviour: Behaviour = {}): Promise<WebServer> {
  const server = await WebServer.start(file, behaviour);
  servers.push(server);
  return server;
}

function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 2 });
}

/** What is played is read by a process of its own, whose start takes its time on a busy machine. */
describe('PlayerEndpoint of an HTTP source', { timeout: 60_000 }, () => {
  it('plays it in real time and leaves its server at the end', async () => {
    const server = await serve(await readFile(CLIP));
    const player = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 0 });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(1));
    expect(player.videoInfo).toEqual({ isSeekable: false, seekableInit: 0, seekableEnd: 0, duration: 2008 });
    expect(() => (player.position = 1000)).toThrow(expect.objectContaining({ code: 40700 }) as Error);
    await bench.saw('EndOfStream');
    expect(contents(viewer.frames)).toEqual(contents((await readClip(CLIP)).video));
    expect(bench.log()).toEqual(['START', 'STOP', 'EndOfStream']);
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
  });

  it('seeks, stops and begins anew where its server gives parts', async () => {
    const server = await serve(await readFile(CLIP), { ranges: true });
    const player = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 0 });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(1));
    expect(player.videoInfo).toMatchObject({ isSeekable: true, seekableEnd: 2008 });
    player.pause();
    player.position = 1700;
    await eventually(() => expect(player.position).toBe(1607));
    player.play();
    player.stop();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
    viewer.frames.length = 0;
    player.play();
    const first = contents((await readClip(CLIP)).video)[0];
    await eventually(() => expect(contents(viewer.frames)[0]).toBe(first));
    await player.release();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
    expect(bench.log()).toEqual(['START', 'PAUSE', 'START', 'STOP', 'START', 'STOP']);
  });

  it('starts when as much is there as networkCache says', async () => {
    const bytes = await made(
      new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.04 }),
      {
        video: await h264(),
      },
    );
    const rest: (() => void)[] = [];
    const server = await serve(bytes, {
      before: (_request, response) => {
        response.writeHead(200).write(bytes.subarray(0, bytes.length / 2));
        rest.push(() => response.end(bytes.subarray(bytes.length / 2)));
        return true;
      },
    });
    const eager = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 0 });
    const viewer = new Viewer('video').watch(eager.source('video'));
    eager.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(3));
    eager.stop();
    const patient = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 900 });
    const late = new Viewer('video').watch(patient.source('video'));
    patient.play();
    await eventually(() => expect(rest.length).toBe(2));
    // As long as the first one needed, and more.
    const again = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 0 });
    const other = new Viewer('video').watch(again.source('video'));
    again.play();
    await eventually(() => expect(other.frames.length).toBeGreaterThan(3));
    expect(late.frames).toEqual([]);
    expect(patient.position).toBe(0);
    rest[1]();
    await eventually(() => expect(late.frames.length).toBeGreaterThan(3));
  });

  it('plays the track that it can, and tells of the other in one Error', async () => {
    const server = await serve(await made(new Mp4OutputFormat(), { audio: aac(), video: await h264() }), {
      ranges: true,
    });
    const player = bench.make(PlayerEndpoint, { uri: server.url });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await bench.saw('EndOfStream');
    expect(viewer.frames.length).toBe(25);
    expect(bench.log()).toEqual([
      'START',
      expect.stringMatching(/^Error INVALID_MEDIA: .* in part only: its sound is coded as aac/),
      'STOP',
      'EndOfStream',
    ]);
    expect(player.elementGstreamerDot).toMatch(/^digraph "PlayerEndpoint" \{\n[^]*\}\n$/);
    for (const part of [server.url, 'label="MP4"', 'H264/90000', 'demuxer -> video', 'aac'])
      expect(player.elementGstreamerDot).toContain(part);
  });

  it('tells once why a source cannot be played, and plays what was there before it broke off', async () => {
    const bytes = await made(new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.1 }), {
      video: await h264(),
    });
    const server = await serve(bytes, { cutAfter: Math.floor(bytes.length * 0.7) });
    const player = bench.make(PlayerEndpoint, { uri: server.url });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await bench.saw(/^Error/);
    expect(viewer.frames.length).toBeGreaterThan(8);
    expect(bench.log()).toEqual(['START', 'STOP', expect.stringMatching(/^Error INVALID_MEDIA/)]);
    bench.events.length = 0;
    const forbidden = bench.make(PlayerEndpoint, { uri: 'http://169.254.169.254/latest' });
    forbidden.play();
    expect(forbidden.state).toBe('START');
    await bench.saw(/^Error/);
    expect(bench.log()).toEqual([
      'START',
      'STOP',
      expect.stringMatching(/^Error INVALID_URI: .*not allowed/),
    ]);
  });

  it('leaves nothing behind when it is released while it is being opened, or in the middle', async () => {
    const server = await serve(await readFile(CLIP), { before: () => true });
    const opening = bench.make(PlayerEndpoint, { uri: server.url });
    opening.play();
    await eventually(() => expect(server.requests.length).toBe(1));
    await opening.release();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
    server.behaviour = {};
    const playing = bench.make(PlayerEndpoint, { uri: server.url, networkCache: 0 });
    const viewer = new Viewer('video').watch(playing.source('video'));
    playing.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(1));
    await playing.release();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
    expect(bench.log().filter((line) => line.startsWith('Error'))).toEqual([]);
  });
});
