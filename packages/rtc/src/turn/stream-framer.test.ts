import { describe, expect, it } from 'vitest';
import { buildStun } from '../stun/stun-message.ts';
import { buildChannelData, parseChannelData } from './channel-data.ts';
import { FramingError, MAX_STREAM_MESSAGE_LENGTH, StreamFramer } from './stream-framer.ts';

const STUN = buildStun({ messageClass: 'request', method: 1, transactionId: Buffer.alloc(12, 9) });

describe('ChannelData', () => {
  it.each([0, 1, 2, 3, 4, 5, 1199, 1200, 65_535])('of %i bytes is read as it was written', (length) => {
    const data = Buffer.alloc(length, 0xab);
    for (const padded of [false, true]) {
      const bytes = buildChannelData(0x4abc, data, padded);
      expect(bytes.length % 4 === 0 || !padded).toBe(true);
      expect(parseChannelData(bytes)).toEqual({ channel: 0x4abc, data });
    }
  });

  it('is none when it is shorter than it says or has a reserved number', () => {
    const bytes = buildChannelData(0x4000, Buffer.from('data'), false);
    for (let length = 0; length < bytes.length; length++)
      expect(parseChannelData(bytes.subarray(0, length))).toBeUndefined();
    for (const first of [0x3f, 0x50, 0x7f]) {
      bytes[0] = first;
      expect(parseChannelData(bytes)).toBeUndefined();
    }
  });
});

describe('StreamFramer', () => {
  const messages = [1, 2, 3, 4, 0].map((length) =>
    buildChannelData(0x4001, Buffer.alloc(length, 0xff), true),
  );
  const stream = Buffer.concat([STUN, ...messages, STUN]);

  it.each([1, 3, 4, 7, 20, 1000])('finds the same messages in chunks of %i bytes', (size) => {
    const framer = new StreamFramer();
    const found: string[] = [];
    for (let offset = 0; offset < stream.length; offset += size)
      for (const message of framer.push(stream.subarray(offset, offset + size)))
        found.push(message.toString('hex'));
    expect(found).toEqual([STUN, ...messages, STUN].map((message) => message.toString('hex')));
    expect(framer.isInsideMessage).toBe(false);
  });

  it('knows that it is inside a message until the padding has come', () => {
    const framer = new StreamFramer();
    expect(framer.push(messages[0].subarray(0, 5))).toEqual([]);
    expect(framer.isInsideMessage).toBe(true);
    expect(framer.push(messages[0].subarray(5))).toHaveLength(1);
    expect(framer.isInsideMessage).toBe(false);
  });

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['TLS', Buffer.from('16030100', 'hex')],
    ['a reserved channel', Buffer.from('50000000', 'hex')],
    ['a message too long', Buffer.concat([Buffer.from('4000', 'hex'), Buffer.from([0x1f, 0xfd])])],
    ['a STUN message too long', Buffer.from('0001fffc', 'hex')],
    ['STUN of odd length', Buffer.from('00010001', 'hex')],
    ['no magic cookie', Buffer.from('0001000000000000', 'hex')],
  ])('gives up at %s', (_what, bytes) => {
    expect(() => new StreamFramer().push(bytes)).toThrow(FramingError);
  });

  it('takes the longest message it allows', () => {
    const longest = buildChannelData(0x4000, Buffer.alloc(MAX_STREAM_MESSAGE_LENGTH - 4), true);
    expect(new StreamFramer().push(longest)).toHaveLength(1);
  });
});
