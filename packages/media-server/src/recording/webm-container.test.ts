import { describe, expect, it } from 'vitest';
import { appendTo } from './webm-container.ts';

const MARK = Buffer.from('0123456789abcdef');
/** A SimpleBlock of track 1 at 5 ms with 16 bytes of data, as the muxer begins it. */
const BLOCK = Buffer.from('a310000014' + '81000500', 'hex');

async function written(chunks: readonly Buffer[]): Promise<Buffer> {
  const bytes: Buffer[] = [];
  const sink = {
    write: async (chunk: Buffer) => void bytes.push(Buffer.from(chunk)),
    close: () => Promise.resolve(),
  };
  const writer = appendTo(sink, MARK).getWriter();
  for (const chunk of chunks) await writer.write(Buffer.from(chunk));
  return Buffer.concat(bytes);
}

describe('appendTo', () => {
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

  it('fails when the muxer lays out blocks in another way, rather than damage the file', async () => {
    for (const header of ['a394' + '81000500', 'a010000014' + '81000500', '0005'])
      await expect(written([Buffer.concat([Buffer.from(header, 'hex'), MARK])])).rejects.toThrow(/muxer/);
  });
});
