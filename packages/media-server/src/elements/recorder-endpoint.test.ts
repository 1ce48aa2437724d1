import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { annexBToAvcc } from '@parley/rtc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileFrame } from '../playing/media-file.ts';
import { CLIP, H264_CLIP, contents, readClip, type Clip } from '../recording/testing/clip.ts';
import { ElementBench } from '../recording/testing/element-bench.ts';
import { readBack } from '../recording/testing/read-back.ts';
import { FakeSource, H264, OPUS, PCMU, VP8 } from '../recording/testing/fake-source.ts';
import { PlayerEndpoint } from './player-endpoint.ts';
import { RecorderEndpoint } from './recorder-endpoint.ts';

let bench: ElementBench;
let clip: Clip;

beforeEach(async () => {
  bench = new ElementBench();
  clip = await readClip(CLIP);
});

afterEach(() => bench.close());

/** A camera and microphone in a call. */
class Caller {
  readonly audio = new FakeSource(OPUS);
  readonly video: FakeSource;
  #now = performance.now();

  constructor(videoCodec = VP8) {
    this.video = new FakeSource(videoCodec);
  }

  connect(recorder: RecorderEndpoint): void {
    for (const source of [this.audio, this.video]) {
      const sink = recorder.sink(source.kind);
      sink?.sourceChanged(source);
      if (sink) source.addSink(sink);
    }
  }

  disconnect(recorder: RecorderEndpoint): void {
    for (const source of [this.audio, this.video]) {
      const sink = recorder.sink(source.kind);
      if (sink) source.removeSink(sink);
      sink?.sourceChanged(undefined);
    }
  }

  /** The clip once more, as if it took its time. */
  talk(frames: readonly FileFrame[] = [...clip.audio, ...clip.video]): void {
    for (const frame of [...frames].sort((a, b) => a.at - b.at)) {
      const source = this[frame.kind];
      const at = this.#now + frame.at;
      source.send(frame, Math.round((at * source.codec.clockRate) / 1000), at);
    }
    this.#now += 2000;
  }
}

describe('RecorderEndpoint', () => {
  it('records a call, and tells each step when it has happened', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'file:rooms/1/a%20b.webm' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    expect(bench.log()).toEqual(['START']);
    caller.talk();
    await bench.saw('Recording');
    await recorder.stopAndWait();
    expect(bench.log()).toEqual(['START', 'Recording', 'STOP', 'Stopped']);
    const result = await readClip(join(bench.data, 'rooms/1/a b.webm'));
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(contents(result.audio)).toEqual(contents(clip.audio));
    expect(readFileSync(join(bench.data, 'rooms/1/a b.webm')).includes('webm')).toBe(true);
  });

  it.each([
    ['WEBM_AUDIO_ONLY', 'webm', 102, 0],
    ['WEBM_VIDEO_ONLY', 'webm', 0, 50],
    ['MKV', 'matroska', 102, 50],
    ['MKV_AUDIO_ONLY', 'matroska', 102, 0],
    ['MKV_VIDEO_ONLY', 'matroska', 0, 50],
  ])('takes the profile %s', async (mediaProfile, docType, audio, video) => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.bin', mediaProfile });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    await recorder.stopAndWait();
    const result = await readClip(join(bench.data, 'a.bin'));
    expect([result.audio.length, result.video.length]).toEqual([Math.min(audio, clip.audio.length), video]);
    expect(readFileSync(join(bench.data, 'a.bin')).subarray(0, 60).includes(docType)).toBe(true);
  });

  it('writes H.264 as Matroska, also into the WEBM profile', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm', mediaProfile: 'WEBM_VIDEO_ONLY' });
    const source = new FakeSource(H264);
    const sink = recorder.sink('video');
    sink?.sourceChanged(source);
    if (sink) source.addSink(sink);
    recorder.record();
    const { video } = await readClip(H264_CLIP);
    for (const frame of video) source.send(frame, frame.at * 90, performance.now() + frame.at);
    await recorder.stopAndWait();
    const result = await readClip(join(bench.data, 'a.webm'));
    expect(contents(result.video)).toEqual(contents(video));
    expect(readFileSync(join(bench.data, 'a.webm')).subarray(0, 60).includes('matroska')).toBe(true);
  });

  it.each([
    ['MP4', 102, 25],
    ['MP4_AUDIO_ONLY', 102, 0],
    ['MP4_VIDEO_ONLY', 0, 25],
  ])('takes the profile %s', async (mediaProfile, audio, video) => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.mp4', mediaProfile });
    const caller = new Caller(H264);
    const { video: pictures } = await readClip(H264_CLIP);
    caller.connect(recorder);
    recorder.record();
    caller.talk([...clip.audio, ...pictures]);
    await bench.saw('Recording');
    await recorder.stopAndWait();
    expect(bench.log()).toEqual(['START', 'Recording', 'STOP', 'Stopped']);
    const bytes = readFileSync(join(bench.data, 'a.mp4'));
    expect(bytes.toString('latin1', 4, 8)).toBe('ftyp');
    const read = await readBack(bytes);
    expect(contents(read.audio?.frames ?? [])).toEqual(contents(clip.audio).slice(0, audio));
    const written = pictures.map(({ data }) => ({ data: annexBToAvcc(Buffer.from(data)) }));
    expect(contents(read.video?.frames ?? [])).toEqual(contents(written).slice(0, video));
    expect(read.video?.frames.map(({ isKey }) => isKey)).toEqual(
      video ? pictures.map(({ keyframe }) => keyframe) : undefined,
    );
    expect([read.audio?.codec, read.video?.codec]).toEqual([
      audio ? 'opus' : undefined,
      video ? 'avc' : undefined,
    ]);
  });

  it('records the sound alone when the picture does not fit into the file, and says what would take it', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.mp4', mediaProfile: 'MP4' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    await bench.saw('Recording');
    await recorder.stopAndWait();
    expect(bench.log()).toEqual([
      'START',
      expect.stringMatching(
        /^Error INVALID_MEDIA: .*MP4 files cannot hold VP8.*WebM and Matroska can, or let the sender offer H264/,
      ),
      'Recording',
      'STOP',
      'Stopped',
    ]);
    expect(bench.events.find(({ type }) => type === 'Error')?.data.errorCode).toBe(40005);
    const read = await readBack(readFileSync(join(bench.data, 'a.mp4')));
    expect(contents(read.audio?.frames ?? [])).toEqual(contents(clip.audio));
    expect(read.video).toBeUndefined();
  });

  it.each([
    ['MP4_VIDEO_ONLY', VP8, /VP8/],
    ['WEBM_AUDIO_ONLY', PCMU, /PCMU/],
  ])('makes no file and stops when nothing fits into %s', async (mediaProfile, codec, named) => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.bin', mediaProfile });
    const source = new FakeSource(codec);
    const sink = recorder.sink(source.kind);
    sink?.sourceChanged(source);
    if (sink) source.addSink(sink);
    recorder.record();
    for (const frame of codec.kind === 'audio' ? clip.audio : clip.video)
      source.send(frame, frame.at * 8, performance.now());
    await bench.saw('STOP');
    await recorder.stopAndWait();
    expect(bench.log()).toEqual([
      'START',
      expect.stringMatching(named),
      expect.stringContaining('nothing that is connected fits into it'),
      'STOP',
    ]);
    expect(existsSync(join(bench.data, 'a.bin'))).toBe(false);
  });

  it.each(['FLV', 'JPEG_VIDEO_ONLY', 'KURENTO_SPLIT_RECORDER', 'MP4_', 'toString'])(
    'refuses the profile %s',
    (mediaProfile) => {
      expect(() => bench.make(RecorderEndpoint, { uri: 'a.mp4', mediaProfile })).toThrow(
        expect.objectContaining({
          code: 40006,
          message: expect.stringContaining('MP4_VIDEO_ONLY') as string,
        }) as Error,
      );
    },
  );

  it('makes the folders of a recording for their owner only', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'room/today/a.webm' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    await recorder.stopAndWait();
    const mode = (path: string): number => statSync(join(bench.data, path)).mode & 0o777;
    expect([mode('room'), mode('room/today')]).toEqual([0o700, 0o700]);
  });

  it('refuses a place outside of the data folder', () => {
    expect(() => bench.make(RecorderEndpoint, { uri: 'file:///etc/a.webm' })).toThrow(/outside/);
  });

  it('is added to a running call and taken off it, twice, each time into a file that is complete', async () => {
    const caller = new Caller();
    const other = bench.make(RecorderEndpoint, { uri: 'other.webm' });
    caller.connect(other);
    other.record();
    caller.talk();
    for (const name of ['first.webm', 'second.webm']) {
      const recorder = bench.make(RecorderEndpoint, { uri: name });
      caller.connect(recorder);
      recorder.record();
      caller.talk();
      caller.disconnect(recorder);
      caller.talk();
      await recorder.release();
      expect(contents((await readClip(join(bench.data, name))).video)).toEqual(contents(clip.video));
    }
    await other.stopAndWait();
    expect((await readClip(join(bench.data, 'other.webm'))).video.length).toBe(5 * clip.video.length);
  });

  it('goes on in the same file when it is disconnected and connected again', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    caller.disconnect(recorder);
    caller.talk();
    caller.connect(recorder);
    caller.talk(clip.video);
    await recorder.stopAndWait();
    const { video } = await readClip(join(bench.data, 'a.webm'));
    expect(contents(video)).toEqual([...contents(clip.video), ...contents(clip.video)]);
    expect(video[clip.video.length].at).toBeCloseTo(4007, -1);
  });

  it('pauses and goes on', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    await bench.saw('Recording');
    recorder.pause();
    recorder.pause();
    caller.talk();
    recorder.record();
    caller.talk();
    await recorder.stopAndWait();
    expect(bench.log()).toEqual([
      'START',
      'Recording',
      'PAUSE',
      'Paused',
      'START',
      'Recording',
      'STOP',
      'Stopped',
    ]);
    expect((await readClip(join(bench.data, 'a.webm'))).video.length).toBe(2 * clip.video.length);
  });

  it('tells Stopped without having written anything when nothing came, and leaves an older file alone', async () => {
    writeFileSync(join(bench.data, 'old.webm'), 'old');
    for (const uri of ['new.webm', 'old.webm']) {
      const recorder = bench.make(RecorderEndpoint, { uri });
      new Caller().connect(recorder);
      recorder.record();
      recorder.stop();
      await recorder.stopAndWait();
    }
    expect(bench.log()).toEqual(['START', 'STOP', 'Stopped', 'START', 'STOP', 'Stopped']);
    expect(existsSync(join(bench.data, 'new.webm'))).toBe(false);
    expect(readFileSync(join(bench.data, 'old.webm'), 'utf8')).toBe('old');
  });

  it('replaces a file, and a link instead of what it leads to', async () => {
    writeFileSync(join(bench.base, 'secret'), 'secret');
    symlinkSync(join(bench.base, 'secret'), join(bench.data, 'a.webm'));
    for (let round = 0; round < 2; round++) {
      const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm' });
      const caller = new Caller();
      caller.connect(recorder);
      recorder.record();
      caller.talk();
      await recorder.stopAndWait();
      expect((await readClip(join(bench.data, 'a.webm'))).video.length).toBe(50);
    }
    expect(readFileSync(join(bench.base, 'secret'), 'utf8')).toBe('secret');
  });

  it('starts anew in the same place while the last recording is still being completed', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm' });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    recorder.stop();
    recorder.record();
    caller.talk(clip.video.slice(0, 20));
    await recorder.stopAndWait();
    expect(bench.log().filter((line) => line === 'Stopped').length).toBe(2);
    expect(recorder.state).toBe('STOP');
    expect((await readClip(join(bench.data, 'a.webm'))).video.length).toBe(20);
  });

  it('ends with the source when it was asked to', async () => {
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm', stopOnEndOfStream: true });
    const caller = new Caller();
    caller.connect(recorder);
    recorder.record();
    caller.talk();
    recorder.sink('video')?.ended?.();
    await bench.saw('Stopped');
    expect((await readClip(join(bench.data, 'a.webm'))).video.length).toBe(50);
  });

  it('ends with the file that a player plays into it', { timeout: 60_000 }, async () => {
    copyFileSync(CLIP, join(bench.data, 'clip.webm'));
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm', stopOnEndOfStream: true });
    player.connect(recorder);
    recorder.record();
    player.play();
    await bench.saw('EndOfStream');
    await bench.saw('Stopped');
    const result = await readClip(join(bench.data, 'a.webm'));
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(contents(result.audio)).toEqual(contents(clip.audio));
  });

  it.each([true, false])(
    'says in a sentence that it cannot write, and stops (media came: %s)',
    async (came) => {
      mkdirSync(join(bench.data, 'a.webm'));
      const recorder = bench.make(RecorderEndpoint, { uri: 'a.webm' });
      const caller = new Caller();
      caller.connect(recorder);
      recorder.record();
      if (came) caller.talk();
      await bench.saw(/^Error/);
      await recorder.stopAndWait();
      expect(bench.log()).toEqual([
        'START',
        "Error UNEXPECTED_ERROR: Recording to 'a.webm' failed: a folder of that name is there.",
        'STOP',
      ]);
      await recorder.release();
    },
  );

  describe('with an HTTP address', () => {
    let server: Server;
    let status: number;
    let got: { method: string | undefined; type: string | undefined; body: Buffer }[];

    beforeEach(async () => {
      status = 201;
      got = [];
      server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks);
          got.push({ method: request.method, type: request.headers['content-type'], body });
          response.writeHead(status).end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });

    afterEach(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    function recorderTo(mediaProfile: string): RecorderEndpoint {
      const { port } = server.address() as AddressInfo;
      return bench.make(RecorderEndpoint, { uri: `http://ann:secret@127.0.0.1:${port}/a`, mediaProfile });
    }

    it.each([
      ['WEBM', VP8, 'video/webm'],
      ['MKV', VP8, 'video/x-matroska'],
      ['WEBM_AUDIO_ONLY', VP8, 'audio/webm'],
      ['MP4_AUDIO_ONLY', VP8, 'audio/mp4'],
    ])('sends the recording in the profile %s there', async (mediaProfile, codec, type) => {
      const recorder = recorderTo(mediaProfile);
      const caller = new Caller(codec);
      caller.connect(recorder);
      recorder.record();
      caller.talk();
      await bench.saw('Recording');
      await recorder.stopAndWait();
      expect(bench.log()).toEqual(['START', 'Recording', 'STOP', 'Stopped']);
      expect(got).toMatchObject([{ method: 'PUT', type }]);
      const { audio, video } = await readBack(got[0].body);
      expect(contents(audio?.frames ?? [])).toEqual(contents(clip.audio));
      expect(contents(video?.frames ?? [])).toEqual(type.startsWith('audio') ? [] : contents(clip.video));
      expect(readdirSync(join(bench.data, 'unsent'))).toEqual([]);
    });

    it('keeps what could not be sent, and says where, without the password', async () => {
      status = 500;
      const recorder = recorderTo('WEBM');
      const caller = new Caller();
      caller.connect(recorder);
      recorder.record();
      caller.talk();
      await recorder.stopAndWait();
      const [file] = readdirSync(join(bench.data, 'unsent'));
      expect(file).toMatch(/\.webm$/);
      const kept = join(bench.data, 'unsent', file);
      const error = bench.log().find((line) => line.startsWith('Error'));
      expect(error).toContain(
        `answers 500 Internal Server Error. It is kept in '${pathToFileURL(kept).href}'.`,
      );
      expect(error).not.toContain('secret');
      expect(bench.log().slice(-2)).toEqual(['STOP', 'Stopped']);
      expect(contents((await readClip(kept)).video)).toEqual(contents(clip.video));
    });

    it('asks nobody when nothing came', async () => {
      const recorder = recorderTo('WEBM');
      recorder.record();
      await recorder.stopAndWait();
      expect(got).toEqual([]);
      expect(existsSync(join(bench.data, 'unsent'))).toBe(false);
    });

    it.each(['http://169.254.169.254/a', 'http://[fe80::1]/a', 'http://', 'ftp://example.org/a'])(
      'refuses %s at once',
      (uri) => {
        expect(() => bench.make(RecorderEndpoint, { uri })).toThrow(
          expect.objectContaining({ code: 40107 }) as Error,
        );
      },
    );
  });
});
