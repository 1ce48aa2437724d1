import { describe, expect, it } from 'vitest';
import type { HandshakeFragment } from './handshake-message.ts';
import { HandshakeReassembler } from './handshake-reassembler.ts';

function fragment(number: number, offset: number, text: string, length: number, type = 1): HandshakeFragment {
  return { type, number, length, offset, bytes: Buffer.from(text) };
}

describe('the handshake reassembler', () => {
  it('gives a message only when each of its bytes has come, overlaps and repetitions counted once', () => {
    const reassembler = new HandshakeReassembler();
    reassembler.add(fragment(0, 4, 'efgh', 8));
    reassembler.add(fragment(0, 2, 'cdef', 8));
    reassembler.add(fragment(0, 2, 'cdef', 8));
    reassembler.add(fragment(0, 0, 'a', 8));
    expect(reassembler.peek()).toBeUndefined();
    reassembler.add(fragment(0, 0, 'ab', 8));
    expect(reassembler.peek()?.body.toString()).toBe('abcdefgh');
  });

  it('gives messages in the order of their numbers', () => {
    const reassembler = new HandshakeReassembler();
    reassembler.add(fragment(1, 0, 'second', 6));
    expect(reassembler.peek()).toBeUndefined();
    reassembler.add(fragment(0, 0, '', 0));
    expect(reassembler.peek()).toMatchObject({ number: 0, body: Buffer.alloc(0) });
    reassembler.accept();
    expect(reassembler.peek()?.body.toString()).toBe('second');
    expect(reassembler.isRepeated(fragment(0, 0, '', 0))).toBe(true);
  });

  it('believes the later of two fragments that contradict each other about the message', () => {
    const reassembler = new HandshakeReassembler();
    reassembler.add(fragment(0, 0, 'forged', 600));
    reassembler.add(fragment(0, 0, 'gen', 6));
    reassembler.add(fragment(0, 3, 'uin', 6));
    expect(reassembler.peek()?.body.toString()).toBe('genuin');
  });

  it('lets a message that was discarded come again', () => {
    const reassembler = new HandshakeReassembler();
    reassembler.add(fragment(0, 0, 'bad', 3));
    reassembler.discard();
    expect(reassembler.peek()).toBeUndefined();
    reassembler.add(fragment(0, 0, 'good', 4));
    expect(reassembler.peek()?.body.toString()).toBe('good');
  });

  it('ignores what is too long or too far ahead, and never lets what is ahead block the next message', () => {
    const reassembler = new HandshakeReassembler();
    for (let number = 1; number < 100; number++) reassembler.add(fragment(number, 0, 'x', 20_000));
    const tooLong = 32 * 1024 + 1;
    reassembler.add(fragment(0, 0, 'x'.repeat(tooLong), tooLong));
    expect(reassembler.peek()).toBeUndefined();
    reassembler.add(fragment(0, 0, 'next', 4));
    expect(reassembler.peek()?.body.toString()).toBe('next');
    reassembler.accept();
    reassembler.add(fragment(1, 0, 'now it is next', 14));
    expect(reassembler.peek()?.body.toString()).toBe('now it is next');
  });
});
