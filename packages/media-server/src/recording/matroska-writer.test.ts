import { describe, expect, it } from 'vitest';
import { elementAt } from '../playing/matroska-parser.ts';
import { element, unsigned } from './ebml.ts';
import { MatroskaWriter } from './matroska-writer.ts';

const MARK = Buffer.from('0123456789abcdef');
/** A SimpleBlock of track 1 at 5 ms with 16 bytes of data, as the muxer begins it. */
const BLOCK = Buffer.from('a310000014' + '81000500', 'hex');

async function written(chunks: readonly Buffer[]): Promise<Buffer> {
  const bytes: Buffer[] = [];
  const sink = {
    write: async (chunk: Buffer) => void bytes.push(Buffer.from(chunk)),
    close: () => Promise.resolve(),
  };
  const writer = new MatroskaWriter(sink, 1, MARK);
  for (const chunk of chunks) await writer.write(Buffer.from(chunk));
  return Buffer.concat(bytes);
}

describe('MatroskaWriter', () => {
  it('makes Void elements of the same length out of blocks that hold the placeholder, and of nothing else', async () => {
    const frame = Buffer.concat([BLOCK, Buffer.alloc(16, 7)]);
    const result = await written([
      frame,
      Buffer.concat([frame, BLOCK, MARK, BLOCK, MARK, frame]),
      Buffer.concat([BLOCK, MARK]),
    ]);
    const empty = Buffer.concat([Buffer.from('ec10000014', 'hex'), Buffer.alloc(20)]);
    expect(result).toEqual(Buffer.concat([frame, frame, empty, empty, frame, empty]));
  });

  it('writes an index of any length: two days have more entries than a call may have arguments', async () => {
    const [segment, cluster] = [Buffer.from('18538067ff', 'hex'), Buffer.from('1f43b675ff', 'hex')];
    const keyframe = element(0xa3, Buffer.from('8100008007', 'hex'));
    const clusters: Buffer[] = [];
    for (let second = 0; second < 172_800; second++)
      clusters.push(cluster, element(0xe7, unsigned(1_000 * second)), keyframe);
    const result = await written([segment, Buffer.concat(clusters), element(0x1c53bb6b, Buffer.alloc(4))]);
    const index = elementAt(result, result.indexOf('1c53bb6b', 0, 'hex'));
    const entries = result.subarray(-(index?.size ?? 0));
    expect(entries.indexOf(element(0xb3, unsigned(0)))).toBeLessThan(10);
    expect(entries.lastIndexOf(element(0xb3, unsigned(172_799_000)))).toBeGreaterThan(172_799 * 10);
  });

  it.each([
    ['a placeholder elsewhere', element(0xa0, BLOCK, MARK)],
    ['a block that is cut off', Buffer.concat([BLOCK, MARK.subarray(1)])],
    ['no element', Buffer.from('0005', 'hex')],
    ['a block of unknown size', Buffer.concat([Buffer.from('a3ff81000500', 'hex'), MARK])],
  ])(
    'fails, rather than damage the file, when the muxer lays it out in another way: %s',
    async (_name, chunk) => {
      await expect(written([chunk])).rejects.toThrow(/muxer/);
    },
  );
});
