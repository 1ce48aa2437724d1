import { readFile } from 'node:fs/promises';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { aac, h264, made, vp8 } from '../playing/testing/made-media.ts';
import { Viewer } from '../playing/testing/viewer.ts';
import { CLIP, contents, readClip } from '../recording/testing/clip.ts';
import { ElementBench } from '../recording/testing/element-bench.ts';
import { HttpPostEndpoint } from './http-post-endpoint.ts';
import { RecorderEndpoint } from './recorder-endpoint.ts';

let bench: ElementBench;

beforeEach(() => {
  bench = new ElementBench();
});

afterEach(() => bench.close());

function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 2 });
}

function make(params: object = {}): HttpPostEndpoint {
  return bench.make(HttpPostEndpoint, { disconnectionTimeout: 0, ...params });
}

async function send(
  url: string,
  init: RequestInit,
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A post whose body the test writes as it likes. */
function slowPost(url: string): { readonly post: ClientRequest; readonly answer: Promise<IncomingMessage> } {
  const post = request(url, { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    post.on('response', (response) => resolve(response.resume()));
    post.on('error', reject);
  });
  answer.catch(() => undefined);
  return { post, answer };
}

/** Some pictures, gone before others have begun. */
async function shortFilm(): Promise<Buffer<ArrayBuffer>> {
  const video = await vp8();
  return made(new WebMOutputFormat(), { video: { ...video, packets: video.packets.slice(0, 5) } });
}

/** What is told of sessions, and of the end. */
function told(): string[] {
  return bench.events
    .map(({ type }) => type)
    .filter((type) => type.startsWith('MediaSession') || type === 'EndOfStream' || type === 'Error');
}

/** What is played is read by a process of its own, whose start takes its time on a busy machine. */
describe('HttpPostEndpoint', { timeout: 60_000 }, () => {
  it.each(['POST', 'PUT'])('plays what is sent by %s, in real time, into the pipeline', async (method) => {
    const endpoint = make();
    const viewer = new Viewer('video').watch(endpoint.source('video'));
    const recorder = bench.make(RecorderEndpoint, { uri: 'copy.webm', stopOnEndOfStream: true });
    endpoint.connect(recorder);
    recorder.record();
    const url = await endpoint.getUrl();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/);
    const startedAt = performance.now();
    const answer = await send(url, { method, body: await readFile(CLIP) });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    await bench.saw('EndOfStream');
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    const clip = await readClip(CLIP);
    expect(contents(viewer.frames)).toEqual(contents(clip.video));
    expect(viewer.ends).toBe(1);
    await bench.saw('Stopped');
    expect(contents((await readClip(join(bench.data, 'copy.webm'))).video)).toEqual(contents(clip.video));
    await eventually(() =>
      expect(told()).toEqual(['MediaSessionStarted', 'EndOfStream', 'MediaSessionTerminated']),
    );
  });

  it('plays the file of a form', async () => {
    const endpoint = make();
    const viewer = new Viewer('video').watch(endpoint.source('video'));
    const form = new FormData();
    form.append('title', 'a film');
    form.append('film', new Blob([await made(new Mp4OutputFormat(), { video: await h264() })]), 'film.mp4');
    expect(await send(await endpoint.getUrl(), { method: 'POST', body: form })).toMatchObject({
      status: 200,
    });
    await bench.saw('EndOfStream');
    expect(viewer.frames.length).toBe(25);
  });

  it('plays what has come before the rest comes, and ends when the client has gone', async () => {
    const format = new WebMOutputFormat({ appendOnly: true, minimumClusterDuration: 0.1 });
    const bytes = await made(format, { video: await vp8() });
    const endpoint = make();
    const viewer = new Viewer('video').watch(endpoint.source('video'));
    const { post, answer } = slowPost(await endpoint.getUrl());
    post.write(bytes.subarray(0, bytes.length / 2));
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(3));
    post.destroy();
    await expect(answer).rejects.toThrow();
    await bench.saw('EndOfStream');
    expect(told().slice(0, 2)).toEqual(['MediaSessionStarted', 'EndOfStream']);
  });

  it('takes one post at a time, and those that follow soon into the same session', async () => {
    const endpoint = make({ disconnectionTimeout: 60 });
    const url = await endpoint.getUrl();
    const bytes = await shortFilm();
    const { post, answer } = slowPost(url);
    post.write(bytes.subarray(0, 100));
    await eventually(() => expect(told()).toEqual(['MediaSessionStarted']));
    expect(await send(url, { method: 'POST', body: 'x' })).toMatchObject({ status: 409 });
    post.end(bytes.subarray(100));
    expect((await answer).statusCode).toBe(200);
    await eventually(() => expect(told()).toEqual(['MediaSessionStarted', 'EndOfStream']));
    expect(await send(url, { method: 'POST', body: bytes })).toMatchObject({ status: 200 });
    await eventually(() => expect(told()).toEqual(['MediaSessionStarted', 'EndOfStream', 'EndOfStream']));
  });

  it('takes a post that comes too late for a session into another one', async () => {
    const url = await make({ disconnectionTimeout: 1 }).getUrl();
    const body = await shortFilm();
    expect(await send(url, { method: 'POST', body })).toMatchObject({ status: 200 });
    const session = ['MediaSessionStarted', 'EndOfStream', 'MediaSessionTerminated'];
    await eventually(() => expect(told()).toEqual(session));
    expect(await send(url, { method: 'POST', body })).toMatchObject({ status: 200 });
    await eventually(() => expect(told().slice(0, 4)).toEqual([...session, 'MediaSessionStarted']));
  });

  it('waits for the next post as long as it was told to, for years too', async () => {
    // A delay that is too long for Node.js is taken for one millisecond, and warned of.
    const warnings: string[] = [];
    const warned = ({ name }: Error): number => warnings.push(name);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const endpoint = make({ disconnectionTimeout: 2 ** 31 - 1 });
    const body = await shortFilm();
    expect(await send(await endpoint.getUrl(), { method: 'POST', body })).toMatchObject({ status: 200 });
    await bench.saw('EndOfStream');
    expect(warnings).toEqual([]);
  });

  it('refuses in a sentence what cannot be played, and tells of it', async () => {
    const endpoint = make();
    const url = await endpoint.getUrl();
    const refused = await send(url, {
      method: 'POST',
      body: await made(new Mp4OutputFormat(), { audio: aac() }),
    });
    expect(refused).toMatchObject({ status: 415, text: expect.stringContaining('coded as aac') as string });
    await eventually(() =>
      expect(told()).toEqual(['MediaSessionStarted', 'Error', 'MediaSessionTerminated']),
    );
    expect(await send(url, { method: 'POST', body: '' })).toMatchObject({ status: 415 });
    const form = new FormData();
    form.append('film', 'only a title');
    expect(await send(url, { method: 'POST', body: form })).toMatchObject({
      status: 415,
      text: expect.stringContaining('the form holds no file') as string,
    });
  });

  it('answers what is no post, and who asks from a page of another origin', async () => {
    const url = await make().getUrl();
    expect(await send(url, { method: 'GET' })).toMatchObject({ status: 405 });
    expect(await send(new URL('/elsewhere', url).href, { method: 'POST', body: 'x' })).toMatchObject({
      status: 404,
    });
    const preflight = await send(url, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });

  it('listens as long as there is an endpoint, and leaves no post behind', async () => {
    const first = make();
    const second = make();
    const url = await first.getUrl();
    const other = await second.getUrl();
    expect(new URL(other).port).toBe(new URL(url).port);
    expect(other).not.toBe(url);
    const { post, answer } = slowPost(url);
    post.write('x');
    await eventually(() => expect(told()).toEqual(['MediaSessionStarted']));
    await first.release();
    await expect(answer).rejects.toThrow();
    expect(told()).toEqual(['MediaSessionStarted', 'MediaSessionTerminated']);
    expect(await send(url, { method: 'POST', body: 'x' })).toMatchObject({ status: 404 });
    await second.release();
    await expect(fetch(other)).rejects.toThrow();
    const third = make();
    expect(await send(await third.getUrl(), { method: 'GET' })).toMatchObject({ status: 405 });
  });
});
