// For tests: files made to keep whoever reads them busy, or to fill the memory.
import { WebMOutputFormat } from 'mediabunny';
import { made, opus, vp8 } from './made-media.ts';

const CLUSTER_ID = Buffer.from('1f43b675', 'hex');

/** A cluster of countless blocks without a byte in them: a few bytes each of the file, and far more of the memory. */
export async function countlessBlocks(count: number): Promise<Buffer> {
  const whole = await made(new WebMOutputFormat(), { audio: await opus(), video: await vp8() });
  const time = Buffer.from('e78101', 'hex');
  const blocks = Buffer.alloc(6 * count, Buffer.from('a38481000080', 'hex'));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(time.length + blocks.length) | (1n << 56n));
  return Buffer.concat([whole.subarray(0, whole.indexOf(CLUSTER_ID)), CLUSTER_ID, size, time, blocks]);
}

/** The same numbers for the same seed (mulberry32), from 0 up to 1. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One to four changes: bytes of extremes or by chance, a part left out or repeated, a cut. Most hit the structure. */
export function mutated(whole: Buffer, random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  let bytes = Buffer.from(whole);
  for (let left = 1 + below(4); left > 0; left--) {
    // Heads and indexes are at the ends.
    const place = [below(600), Math.max(0, bytes.length - 1 - below(1_200)), below(bytes.length)][below(3)];
    const at = Math.min(place, Math.max(0, bytes.length - 8));
    const length = 1 + below(8);
    switch (below(6)) {
      case 0:
        bytes.fill(0xff, at, at + length);
        break;
      case 1:
        bytes.fill(0, at, at + length);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + 8 * length), bytes.subarray(at)]);
        break;
      case 4:
        bytes = bytes.subarray(0, below(bytes.length));
        break;
      default:
        if (bytes.length > 0) bytes[at] ^= 1 << below(8);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}
