import { describe, expect, it } from 'vitest';
import type { MediaPacket } from '../forwarding/track.ts';
import { ReorderBuffer, REORDER_WAIT_MS } from './reorder-buffer.ts';
import { FakeSource, OPUS } from './testing/fake-source.ts';

/** Delivered packets as `sequence` or `!sequence`, the latter after a gap. */
function bench(): { push: (sequence: number, at?: number) => void; buffer: ReorderBuffer; out: string[] } {
  const out: string[] = [];
  const buffer = new ReorderBuffer((packet, gap) => out.push(`${gap ? '!' : ''}${packet.extendedSequence}`));
  const [template] = new FakeSource(OPUS).packets({ data: Buffer.of(1), keyframe: true }, 0, 0);
  const push = (extendedSequence: number, arrivedAt = 0): void =>
    buffer.push({ ...template, extendedSequence, arrivedAt } satisfies MediaPacket);
  return { push, buffer, out };
}

describe('ReorderBuffer', () => {
  it('passes on what comes in order at once, beyond 65535', () => {
    const { push, buffer, out } = bench();
    for (const sequence of [65_534, 65_535, 65_536]) push(sequence);
    expect(out).toEqual(['65534', '65535', '65536']);
    expect(buffer.deadline).toBeUndefined();
  });

  it('waits for a late packet and drops what came before or twice', () => {
    const { push, out } = bench();
    for (const sequence of [65_535, 65_537, 65_538, 65_537, 65_534, 65_536, 65_536, 65_539]) push(sequence);
    expect(out).toEqual(['65535', '65536', '65537', '65538', '65539']);
  });

  it('gives up on each gap after its own time', () => {
    const { push, buffer, out } = bench();
    push(1, 0);
    push(3, 10);
    push(6, 60);
    expect(buffer.deadline).toBe(10 + REORDER_WAIT_MS);
    buffer.expire(9 + REORDER_WAIT_MS);
    expect(out).toEqual(['1']);
    buffer.expire(10 + REORDER_WAIT_MS);
    expect(out).toEqual(['1', '!3']);
    push(4, 100);
    expect(out).toEqual(['1', '!3', '4']);
    buffer.expire(60 + REORDER_WAIT_MS);
    expect(out).toEqual(['1', '!3', '4', '!6']);
    push(5, 300);
    push(7, 300);
    expect(out.at(-1)).toBe('7');
  });

  it('holds back a bounded number of packets', () => {
    const { push, out } = bench();
    push(0);
    for (let sequence = 2; sequence < 2000; sequence++) push(sequence);
    expect(out[1]).toBe('!2');
    expect(out.at(-1)).toBe('1999');
  });

  it('hands out the rest at the end, gaps marked', () => {
    const { push, buffer, out } = bench();
    for (const sequence of [1, 3, 4, 7]) push(sequence);
    buffer.flush();
    expect(out).toEqual(['1', '!3', '4', '!7']);
    buffer.reset();
    push(2);
    expect(out.at(-1)).toBe('2');
  });
});
