// The suites of SDES against published figures: RFC 6188 for keys of 256 bits, and the reference packet that libsrtp tests
// itself with for tags of 80 and 32 bits.
import { describe, expect, it } from 'vitest';
import { AesCmKeystream } from './aes-cm-keystream.ts';
import { deriveSessionKeys } from './key-derivation.ts';
import { SrtpReceiver } from './srtp-receiver.ts';
import { SrtpSender } from './srtp-sender.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('AES-CM with keys of 256 bits', () => {
  it('gives the keystream of RFC 6188, section 7.2', () => {
    const keystream = new AesCmKeystream(
      hex('57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98'),
      hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'),
    );
    const words = keystream.generate(0, 0, 0, 1, 3);
    expect(Buffer.from(words.buffer, words.byteOffset, 48).toString('hex')).toBe(
      '92bdd28a93c3f52511c677d08b5515a4' +
        '9da71b2378a854f67050756ded165bac' +
        '63c4868b7096d88421b563b8c94c9a31',
    );
  });

  it('derives the session keys of RFC 6188, section 7.3', () => {
    const { rtp } = deriveSessionKeys({
      profile: 'AES_256_CM_HMAC_SHA1_80',
      masterKey: hex('f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6'),
      masterSalt: hex('3b04803de51ee7c96423ab5b78d2'),
    });
    expect(rtp.cipherKey.toString('hex')).toBe(
      '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
    );
    expect(rtp.cipherSalt.toString('hex')).toBe('fa31791685ca444a9e07c6c64e93');
    expect(rtp.authKey.toString('hex')).toBe('fd9c32d39ed5fbb5a9dc96b30818454d1313dc05');
  });
});

describe.each([
  ['AES_CM_128_HMAC_SHA1_80', 'b78d6acc99ea179b8dbb'],
  ['AES_CM_128_HMAC_SHA1_32', 'b78d6acc'],
] as const)('%s', (profile, tag) => {
  const keys = {
    profile,
    masterKey: hex('e1f97a0d3e018be0d64fa32c06de4139'),
    masterSalt: hex('0ec675ad498afeebb6960b3aabe6'),
  };
  const clear = hex(`800f1234decafbadcafebabe${'ab'.repeat(16)}`);
  const sealed = hex(`800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402${tag}`);

  it('protects the reference packet to the byte, and opens it', () => {
    expect(new SrtpSender(keys).protectRtp(clear, 12).toString('hex')).toBe(sealed.toString('hex'));
    expect(new SrtpReceiver(keys).unprotectRtp(Buffer.from(sealed))).toEqual(clear);
  });

  it('keeps the tag of 80 bits for RTCP (RFC 4568, section 6.2.2)', () => {
    const report = hex('80c90001cafebabe');
    expect(new SrtpSender(keys).protectRtcp(report).length).toBe(report.length + 4 + 10);
  });
});
