import { describe, expect, it } from 'vitest';
import type { PlacedBytes } from '../byte-source.ts';
import { RemoteMedia } from './remote-media.ts';
import { RequestedBytes } from './requested-bytes.ts';
import type { FromReader, ToReader } from './reader-protocol.ts';

/** Numbers, in pieces of 1,000 bytes; tells how many reads of it were begun and have not ended. */
function numbers(size: number): PlacedBytes & { readonly open: number } {
  let open = 0;
  async function* read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    open++;
    try {
      for (let at = start; at < end; at += 1_000)
        yield Buffer.from(
          Array.from({ length: Math.min(1_000, end - at) }, (_, index) => (at + index) % 251),
        );
    } finally {
      open--;
    }
  }
  const close = (): Promise<void> => Promise.resolve();
  return {
    name: 'numbers',
    isLocal: true,
    size,
    read,
    close,
    get open() {
      return open;
    },
  };
}

/** Both ends, without a process between them; `said`: what the one that reads has said. */
function joined(source: PlacedBytes): { bytes: PlacedBytes; said: FromReader['type'][] } {
  const said: FromReader['type'][] = [];
  const link = {
    send: (message: ToReader) => {
      if (message.type === 'bytes' || message.type === 'no-bytes') requested.receive(message);
    },
    stalled: () => undefined,
    left: () => Promise.resolve(),
  };
  const media = new RemoteMedia(1, source, link, 1_000);
  const { name, isLocal, size } = source;
  const requested = new RequestedBytes(1, { name, isLocal, size }, (message) => {
    said.push(message.type);
    media.receive(message);
  });
  return { bytes: requested.source as PlacedBytes, said };
}

describe('bytes that are asked of the media server', () => {
  it.each([
    ['one piece', 500, 516, 1],
    ['all of it, with a shorter piece at the end', 0, 2_500, 3],
    ['whole pieces', 0, 2_000, 2],
    ['nothing', 700, 700, 1],
  ])('come by as many questions as there are pieces: %s', async (_name, start, end, questions) => {
    const source = numbers(2_500);
    const { bytes, said } = joined(source);
    const pieces: Buffer[] = [];
    for await (const piece of bytes.read(start, end)) pieces.push(piece);
    const expected = Array.from({ length: end - start }, (_, index) => (start + index) % 251);
    expect([...Buffer.concat(pieces)]).toEqual(expected);
    expect(said).toEqual(Array.from({ length: questions }, () => 'pull'));
    await expect.poll(() => source.open).toBe(0);
  });

  it('are left when no more of them is wanted', async () => {
    const source = numbers(2_500);
    const { bytes, said } = joined(source);
    for await (const piece of bytes.read(0, 2_500)) if (piece.length > 0) break;
    expect(said).toEqual(['pull', 'leave']);
    await expect.poll(() => source.open).toBe(0);
  });
});
