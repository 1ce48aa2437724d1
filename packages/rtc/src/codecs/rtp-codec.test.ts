import { describe, expect, it } from 'vitest';
import { findMatchingCodec, knownCodec, sameCodec, type RtpCodec } from './rtp-codec.ts';

function video(name: string, parameters: Record<string, string> = {}): RtpCodec {
  return knownCodec(name, 90000, 1, parameters)!;
}

function h264(profileLevelId: string, mode = '1'): RtpCodec {
  return video('H264', { 'profile-level-id': profileLevelId, 'packetization-mode': mode });
}

describe('two codecs', () => {
  it.each([
    ['VP9 without profile-id and with 0', video('VP9'), video('VP9', { 'profile-id': '0' })],
    [
      'AV1 of different levels',
      video('AV1', { 'level-idx': '5' }),
      video('AV1', { profile: '0', 'level-idx': '8' }),
    ],
    ['H264 of different levels', h264('42e01f'), h264('42e034')],
    ['H264 constrained baseline written 42e0 and 42c0', h264('42e01f'), h264('42c01f')],
    ['H264 constrained baseline as constrained main', h264('42e01f'), h264('4d801f')],
    ['H264 in capitals', h264('42E01F'), h264('42e01f')],
    ['H264 without profile and baseline', video('H264', { 'packetization-mode': '1' }), h264('42000a')],
    [
      'opus with other hints',
      knownCodec('OPUS', 48000, 2, { stereo: '1' })!,
      knownCodec('opus', 48000, 2, {})!,
    ],
  ])('are the same: %s', (_what, a, b) => {
    expect(sameCodec(a, b)).toBe(true);
    expect(sameCodec(b, a)).toBe(true);
  });

  it.each([
    ['names', video('VP8'), video('VP9')],
    ['VP9 profiles', video('VP9'), video('VP9', { 'profile-id': '2' })],
    ['AV1 profiles', video('AV1'), video('AV1', { profile: '1' })],
    ['H264 packetization modes', h264('42e01f', '0'), h264('42e01f', '1')],
    ['H264 baseline and constrained baseline', h264('42001f'), h264('42e01f')],
    ['H264 main and constrained baseline', h264('4d001f'), h264('42e01f')],
    ['H264 main and high', h264('4d001f'), h264('64001f')],
    ['H264 high and constrained high', h264('64001f'), h264('640c1f')],
    ['G.711 laws', knownCodec('PCMU', 8000, 1, {})!, knownCodec('PCMA', 8000, 1, {})!],
  ])('differ by %s', (_what, a, b) => {
    expect(sameCodec(a, b)).toBe(false);
    expect(sameCodec(b, a)).toBe(false);
  });

  it('are matched to the first of a list', () => {
    const list = [video('VP8'), h264('42001f'), h264('42e01f'), h264('42e034')];
    expect(findMatchingCodec(h264('42e00a'), list)).toBe(list[2]);
    expect(findMatchingCodec(video('AV1'), list)).toBeUndefined();
  });

  it('of H.264 reach a receiver whose profile understands theirs, and no other', () => {
    const high = h264('64001f');
    expect(findMatchingCodec(h264('640c1f'), [h264('42e01f'), high])).toBe(high);
    expect(findMatchingCodec(h264('42e01f'), [high])).toBe(high);
    expect(findMatchingCodec(high, [h264('42e01f'), h264('640c1f')])).toBeUndefined();
    expect(findMatchingCodec(h264('640c1f'), [h264('4d001f')])).toBeUndefined();
  });

  it('are unknown when not carried, or with another clock', () => {
    expect(knownCodec('G722', 8000, 1, {})).toBeUndefined();
    expect(knownCodec('opus', 48000, 1, {})).toBeUndefined();
    expect(knownCodec('VP8', 8000, 1, {})).toBeUndefined();
  });
});
