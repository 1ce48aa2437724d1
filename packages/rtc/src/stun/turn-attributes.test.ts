import { describe, expect, it } from 'vitest';
import {
  LONG_TERM_PASSWORD,
  LONG_TERM_REALM,
  LONG_TERM_REQUEST,
  LONG_TERM_USERNAME,
} from './rfc5769.fixture.ts';
import { STUN_ATTRIBUTE, xorAddressAttribute } from './stun-attributes.ts';
import { buildStun, parseStun, verifyIntegrity } from './stun-message.ts';
import {
  TURN_ATTRIBUTE,
  TURN_METHOD,
  addressErrorCodeAttribute,
  addressFamilyAttribute,
  channelNumberAttribute,
  longTermKey,
  readAddressFamily,
  requestedTransportAttribute,
} from './turn-attributes.ts';

describe('TURN attributes', () => {
  it('have the bytes of RFC 8656', () => {
    expect(requestedTransportAttribute(17).value.toString('hex')).toBe('11000000');
    expect(channelNumberAttribute(0x4fff).value.toString('hex')).toBe('4fff0000');
    expect(addressErrorCodeAttribute('ipv6', 440, 'no').value.toString('hex')).toBe('020004286e6f');
  });

  it('tell the family of an address', () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const { value } = addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, family);
      expect(readAddressFamily(value)).toBe(family);
    }
    for (const hex of ['', '01', '00000000', '03000000', '0100000000'])
      expect(readAddressFamily(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('may be repeated, up to MESSAGE-INTEGRITY', () => {
    const transactionId = Buffer.alloc(12, 1);
    const peers = ['192.0.2.1', '2001:db8::1', '192.0.2.3'].map((address) =>
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, { address, port: 9 }, transactionId),
    );
    const other = { type: STUN_ATTRIBUTE.SOFTWARE, value: Buffer.from('odd') };
    const fields = {
      messageClass: 'request',
      method: TURN_METHOD.CREATE_PERMISSION,
      transactionId,
      integrityKey: 'key',
    } as const;
    const bytes = buildStun({
      ...fields,
      attributes: [peers[0], other, peers[1], other, peers[2]],
      fingerprint: true,
    });
    const values = parseStun(bytes)?.attributeValues(TURN_ATTRIBUTE.XOR_PEER_ADDRESS);
    expect(values).toEqual(peers.map(({ value }) => value));
    // The same ones behind MESSAGE-INTEGRITY are nobody's.
    const [before, after] = [
      buildStun({ ...fields, attributes: [peers[0]] }),
      buildStun({ ...fields, attributes: [peers[1]] }),
    ];
    const smuggled = Buffer.concat([before, after.subarray(20, 44)]);
    smuggled.writeUInt16BE(smuggled.length - 20, 2);
    expect(parseStun(smuggled)?.attributeValues(TURN_ATTRIBUTE.XOR_PEER_ADDRESS)).toEqual([peers[0].value]);
  });
});

describe('the key of long-term credentials', () => {
  it('is that of the test vector of RFC 5769', () => {
    const key = longTermKey(LONG_TERM_USERNAME, LONG_TERM_REALM, LONG_TERM_PASSWORD);
    expect(verifyIntegrity(parseStun(LONG_TERM_REQUEST)!, key)).toBe(true);
  });
});
