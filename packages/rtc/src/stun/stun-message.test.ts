import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  LONG_TERM_PASSWORD,
  LONG_TERM_REALM,
  LONG_TERM_REQUEST,
  LONG_TERM_USERNAME,
  SAMPLE_IPV4_RESPONSE,
  SAMPLE_IPV6_RESPONSE,
  SAMPLE_REQUEST,
  SHORT_TERM_PASSWORD,
  TRANSACTION_ID,
} from './rfc5769.fixture.ts';
import {
  STUN_ATTRIBUTE,
  errorCodeAttribute,
  textAttribute,
  uint32Attribute,
  unknownAttributesAttribute,
  xorAddressAttribute,
} from './stun-attributes.ts';
import {
  buildStun,
  parseStun,
  stunServerUfrag,
  verifyFingerprint,
  verifyIntegrity,
  type StunMessage,
  type StunMessageClass,
} from './stun-message.ts';

function parsed(bytes: Buffer): StunMessage {
  const message = parseStun(bytes);
  if (message === undefined) throw new Error('does not parse');
  return message;
}

/** A header and raw attribute bytes, with the length of both set right. */
function raw(attributesHex: string): Buffer {
  const attributes = Buffer.from(attributesHex, 'hex');
  const header = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
  header.writeUInt16BE(attributes.length, 2);
  return Buffer.concat([header, attributes]);
}

describe('the test vectors of RFC 5769', () => {
  it('reads the sample request', () => {
    const message = parsed(SAMPLE_REQUEST);
    expect(message.messageClass).toBe('request');
    expect(message.method).toBe(1);
    expect(message.transactionId).toEqual(TRANSACTION_ID);
    expect(message.username).toBe('evtj:h6vY');
    expect(message.priority).toBe(0x6e0001ff);
    expect(message.useCandidate).toBe(false);
    expect(message.attribute(STUN_ATTRIBUTE.ICE_CONTROLLED)?.toString('hex')).toBe('932ff9b151263b36');
    expect(message.attribute(STUN_ATTRIBUTE.SOFTWARE)?.toString()).toBe('STUN test client');
    expect(verifyIntegrity(message, SHORT_TERM_PASSWORD)).toBe(true);
    expect(verifyIntegrity(message, 'VOkJxbRl1RmTxUk/WvJxBT')).toBe(false);
    expect(verifyFingerprint(message)).toBe(true);
  });

  it.each([
    ['IPv4', SAMPLE_IPV4_RESPONSE, '192.0.2.1'],
    ['IPv6', SAMPLE_IPV6_RESPONSE, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('reads the sample %s response', (_family, bytes, address) => {
    const message = parsed(bytes);
    expect(message.messageClass).toBe('success');
    expect(message.xorMappedAddress).toEqual({ address, port: 32853 });
    expect(verifyIntegrity(message, SHORT_TERM_PASSWORD)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
  });

  it('reads the request with long-term credentials, which has no fingerprint', () => {
    const message = parsed(LONG_TERM_REQUEST);
    const key = createHash('md5')
      .update(`${LONG_TERM_USERNAME}:${LONG_TERM_REALM}:${LONG_TERM_PASSWORD}`)
      .digest();
    expect(message.username).toBe(LONG_TERM_USERNAME);
    expect(message.attribute(STUN_ATTRIBUTE.REALM)?.toString()).toBe(LONG_TERM_REALM);
    expect(verifyIntegrity(message, key)).toBe(true);
    expect(verifyFingerprint(message)).toBe(false);
  });

  it('writes the long-term request byte for byte', () => {
    const built = buildStun({
      messageClass: 'request',
      method: 1,
      transactionId: parsed(LONG_TERM_REQUEST).transactionId,
      attributes: [
        textAttribute(STUN_ATTRIBUTE.USERNAME, LONG_TERM_USERNAME),
        textAttribute(STUN_ATTRIBUTE.NONCE, 'f//499k954d6OL34oL9FSTvy64sA'),
        textAttribute(STUN_ATTRIBUTE.REALM, LONG_TERM_REALM),
      ],
      integrityKey: createHash('md5')
        .update(`${LONG_TERM_USERNAME}:${LONG_TERM_REALM}:${LONG_TERM_PASSWORD}`)
        .digest(),
    });
    expect(built.toString('hex')).toBe(LONG_TERM_REQUEST.toString('hex'));
  });

  it.each([
    ['0001a147e112a643', '192.0.2.1'],
    ['0001a147e112a643', '::ffff:192.0.2.1'],
    ['0002a1470113a9faa5d3f179bc25f4b5bed2b9d9', '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('writes the XOR address %s for %s', (hex, address) => {
    const { value } = xorAddressAttribute(
      STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS,
      { address, port: 32853 },
      TRANSACTION_ID,
    );
    expect(value.toString('hex')).toBe(hex);
  });
});

describe('parseStun', () => {
  it('refuses every truncation and every extension of a message', () => {
    for (let length = 0; length < SAMPLE_REQUEST.length; length++) {
      expect(parseStun(SAMPLE_REQUEST.subarray(0, length))).toBeUndefined();
    }
    for (let extra = 1; extra <= 8; extra++) {
      expect(parseStun(Buffer.concat([SAMPLE_REQUEST, Buffer.alloc(extra)]))).toBeUndefined();
    }
  });

  it.each([
    ['an attribute that claims one byte too many', raw('000600050102030400000000').subarray(0, 28)],
    ['an attribute header at the very end that claims a value', raw('00060004')],
    ['a length that is no multiple of four', Buffer.concat([raw('0006000401020304'), Buffer.alloc(2)])],
    ['another magic cookie', Buffer.from(raw('').toString('hex').replace('2112a442', '2112a443'), 'hex')],
    ['set top bits', Buffer.from(`40${raw('').toString('hex').slice(2)}`, 'hex')],
    ['an attribute after the fingerprint', raw(`80280004000000000006000401020304`)],
  ])('refuses %s', (_name, bytes) => {
    const sized = Buffer.from(bytes);
    sized.writeUInt16BE(sized.length - 20, 2);
    expect(parseStun(sized)).toBeUndefined();
  });

  it('does not see attributes between MESSAGE-INTEGRITY and FINGERPRINT', () => {
    const integrity = `00080014${'00'.repeat(20)}`;
    const message = parsed(raw(`${integrity}00250000${'00240004ffffffff'}8028000400000000`));
    expect(message.useCandidate).toBe(false);
    expect(message.priority).toBeUndefined();
    expect(message.attribute(STUN_ATTRIBUTE.FINGERPRINT)).toBeDefined();
  });

  it('takes the first of repeated attributes', () => {
    expect(parsed(raw('000600046161616100060004' + '62626262')).username).toBe('aaaa');
  });

  it('takes malformed values for absent', () => {
    const message = parsed(raw('0024000312345600' + '0009000400000700' + '002000080003a147e112a643'));
    expect(message.priority).toBeUndefined();
    expect(message.errorCode).toBeUndefined();
    expect(message.xorMappedAddress).toBeUndefined();
  });
});

describe('buildStun', () => {
  it.each(['request', 'indication', 'success', 'error'] as const)(
    'keeps class "%s" and any method apart',
    (name) => {
      for (const method of [0x001, 0x003, 0x009, 0x010, 0x080, 0xabc, 0xfff]) {
        const messageClass: StunMessageClass = name;
        const message = parsed(buildStun({ messageClass, method, transactionId: TRANSACTION_ID }));
        expect([message.messageClass, message.method]).toEqual([messageClass, method]);
      }
    },
  );

  it('writes what parseStun reads, with integrity and fingerprint', () => {
    const bytes = buildStun({
      messageClass: 'error',
      method: 1,
      transactionId: TRANSACTION_ID,
      attributes: [
        errorCodeAttribute(420, 'Unknown Attribute'),
        unknownAttributesAttribute([0x7001, 0x7002, 0x7003]),
        uint32Attribute(STUN_ATTRIBUTE.PRIORITY, 0xfffffffe),
      ],
      integrityKey: 'secret',
      fingerprint: true,
    });
    const message = parsed(bytes);
    expect(message.errorCode).toEqual({ code: 420, reason: 'Unknown Attribute' });
    expect(message.attribute(STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES)?.toString('hex')).toBe('700170027003');
    expect(message.priority).toBe(0xfffffffe);
    expect(verifyIntegrity(message, 'secret')).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
  });

  it('notices any flipped bit by fingerprint, and before MESSAGE-INTEGRITY by that', () => {
    for (let bit = 0; bit < SAMPLE_REQUEST.length * 8; bit++) {
      const damaged = Buffer.from(SAMPLE_REQUEST);
      damaged[bit >>> 3] ^= 1 << (bit & 7);
      const message = parseStun(damaged);
      if (message === undefined) continue;
      expect(verifyFingerprint(message)).toBe(false);
      if (bit >>> 3 < SAMPLE_REQUEST.length - 8)
        expect(verifyIntegrity(message, SHORT_TERM_PASSWORD)).toBe(false);
    }
  });

  it('refuses a transaction id of another length', () => {
    expect(() => buildStun({ messageClass: 'request', method: 1, transactionId: Buffer.alloc(11) })).toThrow(
      RangeError,
    );
  });
});

describe('stunServerUfrag', () => {
  it('reads the part before the colon without parsing the rest', () => {
    expect(stunServerUfrag(SAMPLE_REQUEST)).toBe('evtj');
  });

  it.each([
    ['no username', raw('')],
    ['a username without a colon', raw('00060004' + '61616161')],
    ['a colon only behind the username', raw('00060004' + '61616161' + '80220004' + '3a3a3a3a')],
    ['an empty part before the colon', raw('00060004' + '3a616161')],
    ['a username that claims too many bytes', raw('000600ff' + '61616161')],
    ['too little for a header', SAMPLE_REQUEST.subarray(0, 19)],
    ...[0x0101, 0x0111, 0x0011].map((type): [string, Buffer] => [
      `an answer or an indication, type ${type.toString(16)}`,
      Buffer.concat([Buffer.of(type >> 8, type & 0xff), SAMPLE_REQUEST.subarray(2)]),
    ]),
  ])('gives nothing for %s', (_name, bytes) => {
    expect(stunServerUfrag(bytes)).toBeUndefined();
  });
});
