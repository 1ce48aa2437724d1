import { describe, expect, it } from 'vitest';
import { fragmentsEnd } from './fragments-end.ts';

function box(type: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(length);
  bytes.write(type, 4, 'latin1');
  return bytes;
}

/** As the recorder writes them, of whatever size. */
function fragmented(fragments: number, indexLength: number, mediaLength: number): Buffer {
  const one = [box('moof', indexLength), box('mdat', mediaLength)];
  return Buffer.concat([
    box('ftyp', 32),
    box('moov', 700),
    ...Array.from({ length: fragments }, () => one).flat(),
  ]);
}

async function endOf(bytes: Buffer): Promise<{ end: number | undefined; reads: number }> {
  let reads = 0;
  const readAt = (position: number, length: number): Promise<Buffer> => {
    reads++;
    return Promise.resolve(bytes.subarray(position, position + length));
  };
  return { end: await fragmentsEnd(readAt, bytes.length), reads };
}

describe('the end of a fragmented MP4 file', () => {
  it('is found with one read for each fragment: a recording of ten hours has 72,000 of them', async () => {
    const { end, reads } = await endOf(Buffer.concat([fragmented(50, 900, 60_000), box('moof', 900)]));
    expect(end).toBe(732 + 50 * 60_900);
    expect(reads).toBeLessThanOrEqual(52);
  });

  it.each([8, 1_000, 4_090, 10_000])(
    'is behind the last fragment that is whole, wherever it was cut, with indexes of %i bytes',
    async (indexLength) => {
      const start = 732;
      const one = indexLength + 5_000;
      const whole = fragmented(3, indexLength, 5_000);
      for (const cut of [1, 7, 9, 15, 17, indexLength + 3, indexLength + 12, one - 1])
        expect([cut, (await endOf(whole.subarray(0, start + 2 * one + cut))).end]).toEqual([
          cut,
          start + 2 * one,
        ]);
      expect((await endOf(whole)).end).toBeUndefined();
    },
  );
});
