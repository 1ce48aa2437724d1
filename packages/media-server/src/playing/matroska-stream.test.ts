import { MkvOutputFormat } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { contents, H264_CLIP, readClip } from '../recording/testing/clip.ts';
import type { FileFrame } from './file-tracks.ts';
import { MatroskaStream } from './matroska-stream.ts';
import { h264, made, opus, splitAnnexB, type MadeVideo } from './testing/made-media.ts';

/** An element: its id as hex, and what is in it. Sizes have 4 bytes. */
function element(id: string, ...parts: (Buffer | string | number)[]): Buffer {
  const data = Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.of(part)
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : part,
    ),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32BE(0x10000000 + data.length);
  return Buffer.concat([Buffer.from(id, 'hex'), size, data]);
}

/** The beginning of an element of unknown size. */
function opened(id: string): Buffer {
  return Buffer.from(`${id}01ffffffffffffff`, 'hex');
}

const VIDEO = element('ae', element('d7', 1), element('83', 1), element('86', 'V_VP8'));
const SOUND = element('ae', element('d7', 2), element('83', 2), element('86', 'A_OPUS'));

function head(...tracks: Buffer[]): Buffer {
  return Buffer.concat([
    element('1a45dfa3', element('4282', 'webm')),
    opened('18538067'),
    element('1654ae6b', ...tracks),
  ]);
}

/** Of track 1, at `at` ms behind the cluster's time. */
function block(at: number, flags: number, text: string): Buffer {
  const bytes = Buffer.from([0x81, 0, 0, flags]);
  bytes.writeInt16BE(at, 1);
  return Buffer.concat([bytes, Buffer.from(text, 'latin1')]);
}

const CLUSTER = Buffer.concat([opened('1f43b675'), element('e7', 0x07, 0xd0)]);

/** A stream that gives what the test gives it, when it gives it. */
class Feed {
  readonly frames: FileFrame[] = [];
  #give: (chunk: Buffer | undefined) => void = () => undefined;
  #next = this.#promise();

  #promise(): Promise<Buffer | undefined> {
    return new Promise((resolve) => (this.#give = resolve));
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = await this.#next;
      if (!chunk) return;
      this.#next = this.#promise();
      yield chunk;
    }
  }

  /** Resolves when everything that follows from it has happened. */
  async give(chunk: Buffer | undefined): Promise<void> {
    this.#give(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async open(start: Buffer): Promise<MatroskaStream> {
    const close = (): Promise<void> => Promise.resolve();
    const opening = MatroskaStream.open({ name: 'live', matroska: this.chunks(), close });
    await this.give(start);
    return opening;
  }

  read(stream: MatroskaStream): Promise<void> {
    const reading = this.#read(stream);
    reading.catch(() => undefined);
    return reading;
  }

  async #read(stream: MatroskaStream): Promise<void> {
    for await (const frame of stream.frames()) this.frames.push(frame);
  }
}

describe('a stream of Matroska', () => {
  it('gives each frame as soon as its last byte is there, whatever becomes of the other track', async () => {
    const feed = new Feed();
    const stream = await feed.open(head(VIDEO, SOUND));
    expect([stream.codec('video')?.name, stream.codec('audio')?.name]).toEqual(['VP8', 'opus']);
    const reading = feed.read(stream);
    const first = element('a3', block(0, 0x80, 'key'));
    await feed.give(Buffer.concat([CLUSTER, first.subarray(0, -1)]));
    expect(feed.frames).toEqual([]);
    await feed.give(first.subarray(-1));
    expect(feed.frames).toMatchObject([{ kind: 'video', at: 0, keyframe: true, data: Buffer.from('key') }]);
    const group = element('a0', element('a1', block(40, 0, 'delta')), element('9b', 33), element('fb', 0xff));
    await feed.give(Buffer.concat([element('ec', 'void'), group]));
    await feed.give(element('a0', element('a1', block(73, 0, 'again'))));
    expect(feed.frames.slice(1)).toMatchObject([
      { at: 40, duration: 33, keyframe: false, data: Buffer.from('delta') },
      { at: 73, keyframe: true, data: Buffer.from('again') },
    ]);
    await feed.give(undefined);
    await reading;
  });

  it('begins with a key frame, and leaves out what belongs to no track', async () => {
    const feed = new Feed();
    const stream = await feed.open(head(SOUND, VIDEO));
    const reading = feed.read(stream);
    const foreign = Buffer.concat([Buffer.of(0x83), block(0, 0x80, 'x').subarray(1)]);
    const blocks = [
      block(0, 0, 'lost'),
      foreign,
      Buffer.of(0x81),
      block(5, 0x80, 'key'),
      block(9, 0, 'delta'),
    ];
    await feed.give(Buffer.concat([CLUSTER, ...blocks.map((bytes) => element('a3', bytes))]));
    await feed.give(undefined);
    await reading;
    expect(feed.frames.map(({ data }) => data.toString())).toEqual(['key', 'delta']);
  });

  it('gives H.264 with parameter sets before each key frame, and none that is out of order', async () => {
    const play = async (video: MadeVideo): Promise<FileFrame[]> => {
      const feed = new Feed();
      const bytes = await made(new MkvOutputFormat({ appendOnly: true }), { video, audio: await opus() });
      const stream = await feed.open(bytes);
      expect(stream.codec('video')?.parameters['profile-level-id']).toBe('42c00b');
      const reading = feed.read(stream);
      await feed.give(undefined);
      await reading;
      return feed.frames.filter(({ kind }) => kind === 'video');
    };
    const frames = await play(await h264());
    expect(frames.length).toBe((await readClip(H264_CLIP)).video.length);
    for (const { data, keyframe } of frames)
      expect(splitAnnexB(data).map(([first]) => first & 0x1f)).toEqual(keyframe ? [7, 8, 5] : [1]);
    expect(contents(frames.slice(1, 2))).toEqual(contents((await readClip(H264_CLIP)).video.slice(1, 2)));
    const swapped = await h264((index) => (index === 3 ? 4 : index === 4 ? 3 : index));
    await expect(play(swapped)).rejects.toThrow(/B-frames/);
  });

  it.each([
    ['without tracks', Buffer.concat([head(), CLUSTER]), /no sound and no picture/],
    [
      'of other codecs',
      head(element('ae', element('d7', 1), element('83', 2), element('86', 'A_AAC'))),
      /coded as A_AAC/,
    ],
    [
      'that is encrypted',
      head(element('ae', VIDEO.subarray(5), element('6d80', ''))),
      /compressed once more/,
    ],
    [
      'that consists of countless parts',
      Buffer.concat([
        head().subarray(0, -8),
        element('1549a966', Buffer.alloc(4_000, Buffer.from('ec80', 'hex'))),
      ]),
      /too many parts/,
    ],
    ['that ends before them', element('1a45dfa3', ''), /nothing of its tracks/],
  ])('is refused in a sentence: %s', async (_name, start, message) => {
    async function* whole(): AsyncGenerator<Buffer, void> {
      yield start;
    }
    let closed = 0;
    const close = (): Promise<void> => Promise.resolve(void closed++);
    await expect(MatroskaStream.open({ name: 'live', matroska: whole(), close })).rejects.toThrow(message);
    expect(closed).toBe(1);
  });

  it('is refused where a number of it is beyond numbers', async () => {
    const feed = new Feed();
    const stream = await feed.open(head(VIDEO));
    const reading = feed.read(stream);
    await feed.give(Buffer.concat([opened('1f43b675'), element('e7', Buffer.alloc(200, 0xff))]));
    await expect(reading).rejects.toThrow(/has 200 bytes/);
  });

  it('is refused where a block holds several frames', async () => {
    const feed = new Feed();
    const stream = await feed.open(head(VIDEO));
    const reading = feed.read(stream);
    await feed.give(Buffer.concat([CLUSTER, element('a3', block(0, 0x82, 'laced'))]));
    await expect(reading).rejects.toThrow(/several frames/);
  });
});
