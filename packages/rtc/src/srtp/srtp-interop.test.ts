// Against an SRTP implementation that is not ours, in both directions.
import { randomBytes } from 'node:crypto';
import { RtpPacket, SrtcpSession, SrtpSession } from 'werift';
import { describe, expect, it } from 'vitest';
import { SRTP_PROFILE_PARAMETERS } from './srtp-profile.ts';
import { SrtpReceiver } from './srtp-receiver.ts';
import { SrtpSender } from './srtp-sender.ts';

describe.each(['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'] as const)('%s with werift', (profile) => {
  const parameters = SRTP_PROFILE_PARAMETERS[profile];
  const keys = {
    profile,
    masterKey: randomBytes(parameters.masterKeyLength),
    masterSalt: randomBytes(parameters.masterSaltLength),
  };
  const config = {
    profile: parameters.id,
    keys: {
      localMasterKey: keys.masterKey,
      localMasterSalt: keys.masterSalt,
      remoteMasterKey: keys.masterKey,
      remoteMasterSalt: keys.masterSalt,
    },
  };

  it('exchanges RTP with a header extension across the wrap', () => {
    const [sender, receiver, werift] = [
      new SrtpSender(keys),
      new SrtpReceiver(keys),
      new SrtpSession(config),
    ];
    for (let sequence = 65_530; sequence < 65_550; sequence++) {
      const clear = Buffer.concat([
        Buffer.from('90e00000000000000badcafebede000132aabbcc', 'hex'),
        randomBytes(1000),
      ]);
      clear.writeUInt16BE(sequence & 0xffff, 2);
      expect(werift.decrypt(sender.protectRtp(clear, 20))).toEqual(clear);
      const { payload, header } = RtpPacket.deSerialize(clear);
      expect(receiver.unprotectRtp(werift.encrypt(payload, header))).toEqual(clear);
    }
  });

  it('exchanges RTCP', () => {
    const [sender, receiver, werift] = [
      new SrtpSender(keys),
      new SrtpReceiver(keys),
      new SrtcpSession(config),
    ];
    for (let i = 0; i < 5; i++) {
      const clear = Buffer.concat([Buffer.from('81c90007', 'hex'), randomBytes(28)]);
      expect(werift.decrypt(sender.protectRtcp(clear))).toEqual(clear);
      expect(receiver.unprotectRtcp(werift.encrypt(clear))).toEqual(clear);
    }
  });
});
