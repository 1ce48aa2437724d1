import { describe, expect, it } from 'vitest';
import { AesGcmRtcpCipher, AesGcmRtpCipher } from './aes-gcm-cipher.ts';

// RFC 7714, sections 16 and 17, give session keys, not master keys.
const KEYS = {
  cipherKey: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
  cipherSalt: Buffer.from('517569642070726f2071756f', 'hex'),
  authKey: Buffer.alloc(0),
};

const RTP =
  '8040f17b8041f8d35501a0b2' + '47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573';
const SRTP =
  '8040f17b8041f8d35501a0b2' +
  'f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833' +
  '899d7f27beb16a9152cf765ee4390cce';

const RTCP =
  '81c8000d4d617273' +
  '4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef';
const SRTCP =
  '81c8000d4d617273' +
  '63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b' +
  'c84aa45896cf4d2fc5abf87245d9eade' +
  '800005d4';

describe('AEAD_AES_128_GCM', () => {
  it('protects and opens the SRTP packet of RFC 7714, section 16.1', () => {
    const cipher = new AesGcmRtpCipher(KEYS);
    expect(cipher.seal(Buffer.from(RTP, 'hex'), 12, 0).toString('hex')).toBe(SRTP);
    expect(cipher.open(Buffer.from(SRTP, 'hex'), 12, 0)?.toString('hex')).toBe(RTP);
  });

  it('protects and opens the SRTCP packet of RFC 7714, section 17.1', () => {
    const cipher = new AesGcmRtcpCipher(KEYS);
    expect(cipher.seal(Buffer.from(RTCP, 'hex'), 0x5d4).toString('hex')).toBe(SRTCP);
    expect(cipher.indexWord(Buffer.from(SRTCP, 'hex'))).toBe(0x800005d4);
    expect(cipher.open(Buffer.from(SRTCP, 'hex'))?.toString('hex')).toBe(RTCP);
  });
});
