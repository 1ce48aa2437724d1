import { describe, expect, it } from 'vitest';
import { framed, FrameSplitter } from './frame-splitter.ts';

describe('packets on TCP', () => {
  const packets = [Buffer.from('a'), Buffer.alloc(65_535, 7), Buffer.from('last')];
  const stream = Buffer.concat(packets.map(framed));

  it.each([1, 2, 3, 1_000, 65_537, stream.length])(
    'come out whole when the stream arrives in pieces of %i bytes',
    (size) => {
      const splitter = new FrameSplitter();
      const out: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size)
        out.push(...splitter.push(stream.subarray(at, at + size)));
      expect(out.map((packet) => packet.length)).toEqual(packets.map((packet) => packet.length));
      expect(Buffer.concat(out).equals(Buffer.concat(packets))).toBe(true);
      expect(splitter.waiting).toBe(0);
    },
  );

  it('of no bytes are passed over', () => {
    expect(new FrameSplitter().push(Buffer.from([0, 0, 0, 1, 5]))).toEqual([Buffer.from([5])]);
  });

  it('that are not complete keep waiting, and no longer than their bytes', () => {
    const splitter = new FrameSplitter();
    expect(splitter.push(Buffer.from([0, 4, 1, 2]))).toEqual([]);
    expect(splitter.waiting).toBe(4);
  });
});
