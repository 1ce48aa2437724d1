import { describe, expect, it } from 'vitest';
import type { MediaProbe } from '../../probes/media-probe.ts';
import { probeOffer, readAnswer } from '../../probes/sdp-probe.ts';
import { found } from '../testing/found.ts';
import { judgeProbe } from './media.ts';

const probed = (probe: Partial<MediaProbe>): MediaProbe => ({
  candidates: [{ protocol: 'udp', address: '192.0.2.1', port: 1, reached: true }],
  dtlsSrtp: true,
  weakProfiles: { type: 'refused', alert: 40 },
  ...probe,
});

describe('a media server', () => {
  it.each([0x0002, 0x0005, 0x0006])('that agrees to the weak SRTP profile %d is found', async (profile) => {
    const weakProfiles = { type: 'hello', version: 0xfefd, profile } as const;
    expect(await found(judgeProbe(probed({ weakProfiles })))).toEqual(['srtp-profile-weak']);
  });

  it('that refuses weak profiles, or leaves SRTP out rather than take one, is in order', async () => {
    expect(await found(judgeProbe(probed({})))).toEqual([]);
    const weakProfiles = { type: 'hello', version: 0xfefd, profile: undefined } as const;
    expect(await found(judgeProbe(probed({ weakProfiles })))).toEqual([]);
  });

  it('that answers with keys instead of DTLS is found', async () => {
    expect(await found(judgeProbe(probed({ dtlsSrtp: false })))).toEqual(['media-without-dtls']);
  });

  it('that is not reached cannot be judged', async () => {
    expect(await found(judgeProbe(probed({ weakProfiles: undefined })))).toBe('failed');
  });
});

describe('an answer', () => {
  const answer = (profile: string, ...lines: string[]) =>
    ['v=0', `m=audio 9 ${profile} 111`, 'a=ice-ufrag:u', 'a=ice-pwd:p', ...lines, ''].join('\r\n');

  it('has DTLS only with its profile and a fingerprint, and without keys', () => {
    const fingerprint = 'a=fingerprint:sha-256 AB';
    const dtlsSrtp = (...of: Parameters<typeof answer>) => readAnswer(answer(...of), [])?.dtlsSrtp;
    expect(dtlsSrtp('UDP/TLS/RTP/SAVPF', fingerprint)).toBe(true);
    expect(dtlsSrtp('RTP/AVPF', fingerprint)).toBe(false);
    expect(dtlsSrtp('UDP/TLS/RTP/SAVPF')).toBe(false);
    expect(dtlsSrtp('UDP/TLS/RTP/SAVPF', fingerprint, 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k')).toBe(
      false,
    );
  });

  it('names each place once, and over TCP those that are listened at only', () => {
    const udp = 'candidate:1 1 UDP 2 192.0.2.1 40000 typ host';
    const tcp = 'candidate:2 1 TCP 1 192.0.2.1 40000 typ host tcptype';
    const sdp = answer('UDP/TLS/RTP/SAVPF', `a=${udp}`, `a=${tcp} passive`, `a=${tcp} active`);
    expect(readAnswer(sdp, [udp, 'candidate:3 2 UDP 2 192.0.2.9 1 typ host'])?.candidates).toEqual([
      { protocol: 'udp', address: '192.0.2.1', port: 40_000 },
      { protocol: 'tcp', address: '192.0.2.1', port: 40_000 },
    ]);
  });

  it('is to an offer that lets the media server wait for DTLS', () => {
    expect(probeOffer().sdp).toContain('a=setup:active\r\n');
    expect(probeOffer().ufrag).not.toBe(probeOffer().ufrag);
  });
});
