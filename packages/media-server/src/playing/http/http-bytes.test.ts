import { readFile } from 'node:fs/promises';
import { Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import { afterEach, describe, expect, it } from 'vitest';
import { CLIP, contents, readClip } from '../../recording/testing/clip.ts';
import type { FileFrame } from '../media-file.ts';
import { openBytes } from '../open-bytes.ts';
import type { Playable } from '../player.ts';
import { IN_PLACE } from '../testing/in-place.ts';
import { h264, made, opus, vp8 } from '../testing/made-media.ts';
import { WebServer, type Behaviour } from '../testing/web-server.ts';
import { httpBytes } from './http-bytes.ts';

const servers: WebServer[] = [];

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(file: Buffer, behaviour: Behaviour = {}): Promise<WebServer> {
  const server = await WebServer.start(file, behaviour);
  servers.push(server);
  return server;
}

async function openUrl(url: string, policy: 'any' | 'public' | 'none' = 'any'): Promise<Playable> {
  const { signal } = new AbortController();
  return openBytes(await httpBytes(url, policy, signal), IN_PLACE, signal);
}

async function framesOf(file: Playable, from = 0): Promise<{ audio: string[]; video: string[] }> {
  const frames: FileFrame[] = [];
  for await (const frame of file.frames(from)) frames.push(frame);
  const of = (wanted: string): string[] => contents(frames.filter(({ kind }) => kind === wanted));
  return { audio: of('audio'), video: of('video') };
}

async function clipContents(): Promise<{ audio: string[]; video: string[] }> {
  const clip = await readClip(CLIP);
  return { audio: contents(clip.audio), video: contents(clip.video) };
}

function refusal(reason: string, message: RegExp): Error {
  return expect.objectContaining({ reason, message: expect.stringMatching(message) as string }) as Error;
}

describe('an HTTP source', () => {
  it.each<[string, Behaviour, boolean]>([
    ['gives parts', { ranges: true }, true],
    ['gives the whole only', {}, false],
    ['gives parts of it does not say what', { ranges: true, unknownSize: true }, false],
    ['breaks off every 20,000 bytes but gives parts', { ranges: true, cutAfter: 20_000 }, true],
  ])('that %s is played whole', async (_name, behaviour, isSeekable) => {
    const server = await serve(await readFile(CLIP), behaviour);
    const file = await openUrl(server.url);
    expect(file).toMatchObject({ isSeekable, duration: 2008 });
    expect(await framesOf(file)).toEqual(await clipContents());
    await file.close();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
  });

  it('is asked for the parts that are needed only', async () => {
    const tracks = { audio: await opus(), video: await h264() };
    const media = await made(new Mp4OutputFormat({ fastStart: false }), tracks);
    const index = media.lastIndexOf('moov', undefined, 'latin1') - 4;
    // Between media and index something large that nobody wants.
    const padded = Buffer.concat([
      media.subarray(0, index),
      box('free', 16 * 1024 * 1024),
      media.subarray(index),
    ]);
    const server = await serve(padded, { ranges: true });
    const file = await openUrl(server.url);
    expect(Math.round(await file.keyframeBefore(500))).toBe(400);
    expect((await framesOf(file, 400)).video.length).toBe(15);
    await file.close();
    const asked = server.requests.map(({ headers }) => /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? ''));
    const bytes = asked.reduce((sum, range) => sum + Number(range?.[2]) + 1 - Number(range?.[1]), 0);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it('knows the length of a recording that was cut off, and plays it that far', async () => {
    const bytes = await made(new WebMOutputFormat({ appendOnly: true }), {
      audio: await opus(),
      video: await vp8(),
    });
    const server = await serve(bytes.subarray(0, bytes.length / 2), { ranges: true });
    const file = await openUrl(server.url);
    expect(file.isSeekable).toBe(true);
    const frames = [];
    for await (const frame of file.frames(0)) frames.push(frame);
    expect(frames.length).toBeGreaterThan(50);
    expect(file.duration).toBe(Math.max(...frames.map(({ at }) => Math.round(at))));
    await file.close();
  });

  it.each([
    ['with its index first', 'in-memory', false],
    ['with its index last', false, true],
  ] as const)('without parts plays MP4 %s', async (_name, fastStart, isSeekable) => {
    const media = await made(new Mp4OutputFormat({ fastStart }), {
      audio: await opus(),
      video: await h264(),
    });
    const server = await serve(media);
    const file = await openUrl(server.url);
    expect(file.isSeekable).toBe(isSeekable);
    const { audio, video } = await framesOf(file);
    expect(audio).toEqual((await clipContents()).audio);
    expect(video.length).toBe(25);
    await file.close();
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
  });

  it('that breaks off without giving parts is played that far, and ends with an error', async () => {
    const bytes = await made(new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.1 }), {
      video: await h264(),
    });
    const server = await serve(bytes, { cutAfter: Math.floor(bytes.length * 0.7) });
    const file = await openUrl(server.url);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { at } of file.frames(0)) seen.push(at);
    })();
    await expect(reading).rejects.toThrow(/aborted|ECONNRESET/);
    expect(seen.length).toBeGreaterThan(8);
    expect(seen.length).toBeLessThan(25);
    await file.close();
  });

  it('is followed through redirects, five of them', async () => {
    const server = await serve(await readFile(CLIP), { ranges: true });
    let left = 5;
    server.behaviour = {
      ranges: true,
      before: (_request, response) => {
        if (left-- <= 0) return false;
        response
          .writeHead([301, 302, 303, 307, 308][left % 5], { Location: left % 2 ? '/next' : server.url })
          .end();
        return true;
      },
    };
    const file = await openUrl(server.url);
    expect(file.isSeekable).toBe(true);
    await file.close();
    left = 6;
    await expect(openUrl(server.url)).rejects.toThrow(refusal('missing', /redirects more than 5 times/));
  });

  it.each([
    ['http://169.254.169.254/latest/meta-data', /169\.254\.169\.254.* that this media server is not allowed/],
    ['http://[::ffff:169.254.169.254]/', /not allowed/],
    ['http://[fe80::1]/', /not allowed/],
    ['http://2852039166/', /169\.254\.169\.254/],
    ['file:///etc/passwd', /no address that media can be fetched from/],
    ['ftp://127.0.0.1/', /no address that media can be fetched from/],
  ])('is not followed to %s', async (location, message) => {
    const server = await serve(Buffer.from('x'), {
      before: (_request, response) => {
        response.writeHead(302, { Location: location }).end();
        return true;
      },
    });
    await expect(openUrl(server.url)).rejects.toThrow(refusal('missing', message));
    expect(server.requests.length).toBe(1);
    if (location.startsWith('http:'))
      await expect(openUrl(location)).rejects.toThrow(refusal('missing', message));
  });

  it('is asked at the address that its name was allowed for, and at no other', async () => {
    const server = await serve(await readFile(CLIP), { ranges: true });
    const named = server.url.replace('127.0.0.1', 'localhost');
    await (await openUrl(named)).close();
    expect(server.requests.length).toBeGreaterThan(0);
    server.requests.length = 0;
    const refused = await openUrl(named, 'public').catch((error: unknown) => error);
    // For the log: the sentence is the client's.
    expect(refused).toMatchObject({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as string });
    await expect(openUrl(named, 'public')).rejects.toThrow(
      refusal('missing', /^'http:\/\/localhost:\d+\/[^']*' is at an address that .* not allowed/),
    );
    await expect(openUrl(server.url, 'public')).rejects.toThrow(
      refusal('missing', /is at an address that .* not allowed/),
    );
    await expect(openUrl(server.url, 'none')).rejects.toThrow(refusal('missing', /plays files only/));
    expect(server.requests).toEqual([]);
  });

  it('that is none is refused in a sentence which holds no password', async () => {
    const server = await serve(Buffer.from('<html>'.repeat(1000)), { ranges: true });
    const secret = server.url.replace('http://', 'http://me:secret@');
    const foreign = await openUrl(secret).catch((error: unknown) => error);
    expect(foreign).toMatchObject({
      reason: 'foreign',
      message: expect.stringContaining('me:***@') as string,
    });
    expect(server.requests[0].headers.authorization).toBe(`Basic ${btoa('me:secret')}`);
    server.behaviour = {
      before: (_request, response) => {
        response.writeHead(404).end('no');
        return true;
      },
    };
    await expect(openUrl(secret)).rejects.toThrow(refusal('missing', /status 404/));
    await server.close();
    servers.length = 0;
    await expect(openUrl(secret)).rejects.toThrow(
      refusal('missing', /^'http:\/\/me:\*\*\*@.*refuses the connection$/),
    );
    await expect(openUrl('http://')).rejects.toThrow(refusal('missing', /not a valid address/));
  });

  it.each<[string, Behaviour, Error]>([
    ['changes', { ranges: false }, refusal('foreign', /changed while it was played/)],
    [
      'is refused',
      {
        before: (_request, response) => {
          response.writeHead(503).end('busy');
          return true;
        },
      },
      refusal('missing', /is answered with status 503/),
    ],
  ])('that %s while it is played ends with an error that says so', async (_name, behaviour, error) => {
    const video = await vp8();
    const longer = Array.from({ length: 60 }, (_, part) =>
      video.packets.map((frame) => ({ ...frame, at: frame.at + 2000 * part })),
    ).flat();
    const tracks = { video: { ...video, packets: longer } };
    const server = await serve(await made(new Mp4OutputFormat({ fastStart: 'in-memory' }), tracks), {
      ranges: true,
    });
    const file = await openUrl(server.url);
    server.behaviour = behaviour;
    await expect(framesOf(file)).rejects.toThrow(error);
    await file.close();
  });

  it('is left at once when it is no longer wanted', async () => {
    const server = await serve(Buffer.alloc(0), { before: () => true });
    const wanted = new AbortController();
    const opening = httpBytes(server.url, 'any', wanted.signal);
    await expect.poll(() => server.requests.length, { timeout: 10_000 }).toBe(1);
    wanted.abort();
    await expect(opening).rejects.toThrow(/ended the connection/);
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
  });
});

function box(type: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(size, 0);
  bytes.write(type, 4, 'latin1');
  return bytes;
}
