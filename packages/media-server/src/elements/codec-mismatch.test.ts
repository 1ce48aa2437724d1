import type { RtpCodec } from '@parley/rtc';
import { describe, expect, it } from 'vitest';
import { CodecMismatch } from './codec-mismatch.ts';

const video = (name: RtpCodec['name'], parameters: Record<string, string> = {}): RtpCodec => ({
  name,
  kind: 'video',
  clockRate: 90000,
  channels: 1,
  parameters,
});

function told(source: RtpCodec, agreed: readonly RtpCodec[]): string[] {
  const sentences: string[] = [];
  const mismatch = new CodecMismatch(({ description }) => sentences.push(description));
  for (let i = 0; i < 2; i++) mismatch.check({ kind: 'video', codecMismatch: { source, agreed } });
  return sentences;
}

describe('a source whose codec the peer did not agree to', () => {
  it('is told of once, with the codecs of both sides, each named once', () => {
    expect(
      told(video('VP8'), [video('H264', { 'packetization-mode': '1' }), video('H264'), video('AV1')]),
    ).toEqual([
      "The source's video is VP8; this peer agreed to H264, AV1 only. Nothing is transcoded: let one side offer the other's codec.",
    ]);
  });

  it('is told of with its profile when it differs in that alone', () => {
    const [sentence] = told(video('H264', { 'profile-level-id': '640c1f' }), [
      video('H264', { 'profile-level-id': '42e01f' }),
    ]);
    expect(sentence).toMatch(
      /is H264 \(profile-level-id=640c1f\); .* to H264 \(profile-level-id=42e01f\) only/,
    );
  });

  it('is silent while there is a common one', () => {
    const mismatch = new CodecMismatch(() => expect.unreachable());
    mismatch.check({ kind: 'audio', codecMismatch: undefined });
  });
});
