import { createHmac, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { deriveSessionKeys } from './key-derivation.ts';
import { SRTP_SUITE_PARAMETERS, type SrtpKeys, type SrtpSuite } from './srtp-profile.ts';
import { SrtpReceiver } from './srtp-receiver.ts';
import { SrtpSender } from './srtp-sender.ts';

function newKeys(profile: SrtpSuite): SrtpKeys<SrtpSuite> {
  const { masterKeyLength, masterSaltLength } = SRTP_SUITE_PARAMETERS[profile];
  return { profile, masterKey: randomBytes(masterKeyLength), masterSalt: randomBytes(masterSaltLength) };
}

/** With one CSRC and a header extension of one word: a header of 24 bytes. */
const HEADER_LENGTH = 24;

function rtp(sequence: number, ssrc = 0xcafe0001, payload = Buffer.from(`payload of ${sequence}`)): Buffer {
  const header = Buffer.from('91e0000000000000000000000badcafe' + 'bede000132aabbcc', 'hex');
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

function rtcp(ssrc = 0xcafe0001): Buffer {
  const packet = Buffer.from('80c90001000000008fce00010000000012345678', 'hex');
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

const SUITES = Object.keys(SRTP_SUITE_PARAMETERS) as SrtpSuite[];

describe.each(SUITES)('SRTP with %s', (profile) => {
  const parameters = SRTP_SUITE_PARAMETERS[profile];
  let keys: SrtpKeys<SrtpSuite>;
  let sender: SrtpSender;
  let receiver: SrtpReceiver;

  beforeEach(() => {
    keys = newKeys(profile);
    sender = new SrtpSender(keys);
    receiver = new SrtpReceiver(keys);
  });

  /** A sealed copy, so that in-place decryption cannot help a later attempt. */
  function sealed(packet: Buffer): Buffer {
    return sender.protectRtp(packet, HEADER_LENGTH);
  }

  function opens(packet: Buffer): string | undefined {
    return receiver.unprotectRtp(Buffer.from(packet))?.toString('hex');
  }

  it('keeps the header readable, hides the payload and grows by its overhead', () => {
    const clear = rtp(1, 1, Buffer.alloc(100, 'secret'));
    const before = Buffer.from(clear);
    const packet = sealed(clear);
    expect(clear).toEqual(before);
    expect(packet.length).toBe(clear.length + parameters.rtpTagLength);
    expect(packet.subarray(0, HEADER_LENGTH)).toEqual(clear.subarray(0, HEADER_LENGTH));
    expect(packet.includes('secret')).toBe(false);
  });

  it('decrypts in place', () => {
    const packet = sealed(rtp(1));
    const clear = receiver.unprotectRtp(packet);
    expect(clear).toEqual(rtp(1));
    expect(clear?.buffer).toBe(packet.buffer);
    expect(clear?.byteOffset).toBe(packet.byteOffset);
  });

  it('carries payloads of every length, an empty one included, at every alignment', () => {
    for (let length = 0; length <= 100; length++) {
      const clear = rtp(length, 1, randomBytes(length));
      const packet = sealed(clear);
      const shifted = Buffer.alloc(packet.length + 3).subarray(length % 4);
      packet.copy(shifted);
      expect(receiver.unprotectRtp(shifted.subarray(0, packet.length))).toEqual(clear);
    }
  });

  it('carries several streams that wrap around at different times', () => {
    const starts = new Map([
      [0xcafe0001, 65_534],
      [0xcafe0002, 65_500],
      [0xfffffffe, 0],
    ]);
    for (let i = 0; i < 100; i++) {
      for (const [ssrc, start] of starts) {
        const clear = rtp(start + i, ssrc);
        expect(opens(sealed(clear))).toBe(clear.toString('hex'));
      }
    }
  });

  it('stays in step over three wraps, also when most packets are lost', () => {
    for (let sequence = 65_534; sequence < 65_536 * 4; sequence += 400) {
      const clear = rtp(sequence);
      const packet = sealed(clear);
      if (sequence % 3 === 65_534 % 3) expect(opens(packet)).toBe(clear.toString('hex'));
    }
  });

  it('opens packets that are reordered around the wrap', () => {
    const clear = Array.from({ length: 8 }, (_, i) => rtp(65_532 + i));
    const packets = clear.map(sealed);
    for (const i of [0, 4, 2, 1, 7, 3, 6, 5]) expect(opens(packets[i])).toBe(clear[i].toString('hex'));
  });

  it('seals a retransmission from before the wrap under its old index', () => {
    const first = [65_533, 65_534, 65_535].map((sequence) => sealed(rtp(sequence)));
    const after = [65_536, 65_537].map((sequence) => sealed(rtp(sequence)));
    expect(sealed(rtp(65_534))).toEqual(first[1]);
    expect(opens(first[0])).toBeDefined();
    for (const packet of after) expect(opens(packet)).toBeDefined();
    expect(opens(sealed(rtp(65_534)))).toBe(rtp(65_534).toString('hex'));
  });

  it('counts on from the newest packet after a retransmission of a much older one', () => {
    for (const sequence of [10_001, 40_000, 10_000, 44_000]) {
      expect(sealed(rtp(sequence))).toEqual(new SrtpSender(keys).protectRtp(rtp(sequence), HEADER_LENGTH));
    }
  });

  it('refuses duplicates, also across the wrap, and packets older than the window', () => {
    const packets = Array.from({ length: 1500 }, (_, i) => sealed(rtp(65_000 + i)));
    const [tooOld, oldest, seenOldest, newest] = [1499 - 1024, 1499 - 1023, 1499 - 1022, 1499];
    for (const [i, packet] of packets.entries()) {
      if (i !== tooOld && i !== oldest) expect(opens(packet)).toBeDefined();
    }
    expect(opens(packets[newest])).toBeUndefined();
    expect(opens(packets[seenOldest])).toBeUndefined();
    expect(opens(packets[tooOld])).toBeUndefined();
    expect(opens(packets[oldest])).toBeDefined();
    expect(opens(packets[oldest])).toBeUndefined();
  });

  it('refuses the first packet again as well', () => {
    const packet = sealed(rtp(65_534));
    expect(opens(packet)).toBeDefined();
    expect(opens(packet)).toBeUndefined();
  });

  it('refuses every truncation, and still opens the whole packet', () => {
    const packet = sealed(rtp(7));
    for (let length = 0; length < packet.length; length++)
      expect(opens(packet.subarray(0, length))).toBeUndefined();
    expect(opens(packet)).toBeDefined();
  });

  it('refuses any flipped bit, leaves the packet as it was, and still opens the original', () => {
    opens(sealed(rtp(6)));
    const packet = sealed(rtp(7));
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const damaged = Buffer.from(packet);
      damaged[bit >>> 3] ^= 1 << (bit & 7);
      const before = Buffer.from(damaged);
      expect(receiver.unprotectRtp(damaged)).toBeUndefined();
      expect(damaged).toEqual(before);
    }
    expect(opens(packet)).toBeDefined();
  });

  it('refuses a key or a salt with one bit changed, and other keys altogether', () => {
    const packet = sealed(rtp(7));
    const masterKey = Buffer.from(keys.masterKey);
    masterKey[15] ^= 1;
    const masterSalt = Buffer.from(keys.masterSalt);
    masterSalt[masterSalt.length - 1] ^= 1;
    for (const other of [{ ...keys, masterKey }, { ...keys, masterSalt }, newKeys(profile)]) {
      expect(new SrtpReceiver(other).unprotectRtp(Buffer.from(packet))).toBeUndefined();
    }
  });

  it('is not led astray by forged sequence numbers', () => {
    expect(opens(sealed(rtp(65_530)))).toBeDefined();
    const forged = Buffer.from(sealed(rtp(65_531)));
    for (const sequence of [0, 10, 20_000, 32_000, 40_000]) {
      forged.writeUInt16BE(sequence, 2);
      expect(opens(forged)).toBeUndefined();
    }
    for (let sequence = 65_532; sequence < 65_545; sequence++)
      expect(opens(sealed(rtp(sequence)))).toBeDefined();
  });

  it('does not open a packet from before the first one, whose index would be negative', () => {
    const early = sealed(rtp(65_535));
    const other = new SrtpSender(keys);
    expect(opens(other.protectRtp(rtp(0), HEADER_LENGTH))).toBeDefined();
    expect(opens(early)).toBeUndefined();
    const late = other.protectRtp(rtp(65_535), HEADER_LENGTH);
    // Under index 65535 it would take the nonce of a packet still to come.
    expect(late).not.toEqual(early);
    expect(opens(late)).toBeUndefined();
    expect(opens(other.protectRtp(rtp(1), HEADER_LENGTH))).toBeDefined();
  });

  it('remembers only so many SSRCs, and forged packets do not count', () => {
    const forged = sealed(rtp(1));
    for (let ssrc = 1; ssrc <= 1000; ssrc++) {
      forged.writeUInt32BE(ssrc, 8);
      expect(opens(forged)).toBeUndefined();
    }
    for (let ssrc = 1; ssrc <= 256; ssrc++) expect(opens(sealed(rtp(1, ssrc)))).toBeDefined();
    expect(opens(sealed(rtp(1, 257)))).toBeUndefined();
    expect(opens(sealed(rtp(2, 256)))).toBeDefined();
  });

  it('refuses to protect what cannot be RTP or RTCP by its length', () => {
    expect(() => sender.protectRtp(Buffer.alloc(11), 12)).toThrow(RangeError);
    expect(() => sender.protectRtp(Buffer.alloc(20), 24)).toThrow(RangeError);
    expect(() => sender.protectRtp(Buffer.alloc(40), 8)).toThrow(RangeError);
    expect(() => sender.protectRtp(Buffer.alloc(40), 14)).toThrow(RangeError);
    expect(() => sender.protectRtp(Buffer.alloc(65_536), 12)).toThrow(RangeError);
    expect(() => sender.protectRtcp(Buffer.alloc(7))).toThrow(RangeError);
    expect(() => sender.protectRtcp(Buffer.alloc(65_536))).toThrow(RangeError);
  });

  it('refuses random bytes of every length', () => {
    for (let length = 0; length < 200; length++) {
      const noise = randomBytes(length);
      if (length > 0) noise[0] = 0x80 | (noise[0] & 0x3f);
      expect(receiver.unprotectRtp(noise)).toBeUndefined();
      expect(receiver.unprotectRtcp(noise)).toBeUndefined();
    }
    expect(receiver.unprotectRtp(Buffer.alloc(65_536, 0x80))).toBeUndefined();
    expect(receiver.unprotectRtcp(Buffer.alloc(65_536, 0x80))).toBeUndefined();
  });

  describe('SRTCP', () => {
    function opensRtcp(packet: Buffer): string | undefined {
      return receiver.unprotectRtcp(Buffer.from(packet))?.toString('hex');
    }

    it('carries packets of several SSRCs, each with an index of its own', () => {
      const seen = new Set<string>();
      for (let i = 0; i < 300; i++) {
        const clear = rtcp(i % 3);
        const packet = sender.protectRtcp(clear);
        expect(packet.length).toBe(clear.length + parameters.rtcpTagLength + 4);
        seen.add(packet.toString('hex'));
        expect(opensRtcp(packet)).toBe(clear.toString('hex'));
      }
      expect(seen.size).toBe(300);
    });

    it('decrypts in place, at every length', () => {
      for (let words = 2; words < 40; words++) {
        const clear = randomBytes(words * 4);
        clear[0] = 0x81;
        const packet = sender.protectRtcp(clear);
        const opened = receiver.unprotectRtcp(packet);
        expect(opened).toEqual(clear);
        expect(opened?.buffer).toBe(packet.buffer);
      }
    });

    it('refuses replays and packets older than the window, but not reordered ones', () => {
      const packets = Array.from({ length: 200 }, () => sender.protectRtcp(rtcp()));
      expect(opensRtcp(packets[1])).toBeDefined();
      expect(opensRtcp(packets[0])).toBeDefined();
      expect(opensRtcp(packets[0])).toBeUndefined();
      expect(opensRtcp(packets[199])).toBeDefined();
      expect(opensRtcp(packets[2])).toBeUndefined();
      expect(opensRtcp(packets[72])).toBeDefined();
    });

    it('refuses every truncation, any flipped bit and other keys', () => {
      const packet = sender.protectRtcp(rtcp());
      for (let length = 0; length < packet.length; length++) {
        expect(opensRtcp(packet.subarray(0, length))).toBeUndefined();
      }
      for (let bit = 0; bit < packet.length * 8; bit++) {
        const damaged = Buffer.from(packet);
        damaged[bit >>> 3] ^= 1 << (bit & 7);
        expect(opensRtcp(damaged)).toBeUndefined();
      }
      expect(new SrtpReceiver(newKeys(profile)).unprotectRtcp(Buffer.from(packet))).toBeUndefined();
      expect(opensRtcp(packet)).toBeDefined();
    });

    it('remembers only so many SSRCs', () => {
      for (let ssrc = 1; ssrc <= 256; ssrc++) expect(opensRtcp(sender.protectRtcp(rtcp(ssrc)))).toBeDefined();
      expect(opensRtcp(sender.protectRtcp(rtcp(257)))).toBeUndefined();
      expect(opensRtcp(sender.protectRtcp(rtcp(256)))).toBeDefined();
    });
  });
});

describe('SRTCP without encryption', () => {
  it('is refused, although it is authentic', () => {
    const keys = newKeys('AES_CM_128_HMAC_SHA1_80');
    const body = Buffer.concat([rtcp(), Buffer.from('00000001', 'hex')]);
    const tag = createHmac('sha1', deriveSessionKeys(keys).rtcp.authKey)
      .update(body)
      .digest()
      .subarray(0, 10);
    expect(new SrtpReceiver(keys).unprotectRtcp(Buffer.concat([body, tag]))).toBeUndefined();
  });
});
