import { describe, expect, it } from 'vitest';
import { classifyDatagram } from './demux.ts';

function datagram(length: number, ...start: number[]): Buffer {
  const bytes = Buffer.alloc(length);
  Buffer.from(start).copy(bytes);
  return bytes;
}

const STUN_START = [0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42];

describe('classifyDatagram', () => {
  it.each([
    ['STUN with its magic cookie', datagram(20, ...STUN_START), 'stun'],
    ['STUN cut off in its header', datagram(19, ...STUN_START), 'unknown'],
    ['a STUN-like start without the cookie', datagram(20, 0x00, 0x01), 'unknown'],
    ['a first byte just above STUN', datagram(100, 4), 'unknown'],
    ['ZRTP', datagram(100, 16), 'unknown'],
    ['the first DTLS type', datagram(13, 20), 'dtls'],
    ['the last DTLS type', datagram(13, 63), 'dtls'],
    ['DTLS cut off in its record header', datagram(12, 22), 'unknown'],
    ['TURN channel data', datagram(100, 64), 'unknown'],
    ['a first byte just below RTP', datagram(100, 127), 'unknown'],
    ['RTP with a dynamic payload type', datagram(12, 128, 96), 'rtp'],
    ['RTP with marker and a dynamic payload type', datagram(12, 191, 0x80 | 96), 'rtp'],
    ['RTP cut off in its header', datagram(11, 128, 96), 'unknown'],
    ['the packet type just below RTCP', datagram(12, 128, 191), 'rtp'],
    ['the first RTCP packet type', datagram(8, 128, 192), 'rtcp'],
    ['a sender report', datagram(28, 128, 200), 'rtcp'],
    ['the last RTCP packet type', datagram(8, 191, 223), 'rtcp'],
    ['the packet type just above RTCP', datagram(12, 128, 224), 'rtp'],
    ['RTCP cut off in its header', datagram(7, 128, 200), 'unknown'],
    ['a first byte just above RTP', datagram(100, 192), 'unknown'],
    ['nothing', datagram(0), 'unknown'],
  ] as const)('takes %s for what it is', (_name, bytes, expected) => {
    expect(classifyDatagram(bytes)).toBe(expected);
  });
});
