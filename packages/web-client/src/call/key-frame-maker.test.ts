import { expect, it, vi } from 'vitest';
import { KeyFrameMaker } from './key-frame-maker.ts';

function fakeSender(kind: 'audio' | 'video') {
  const told: string[] = [];
  const sender = {
    track: { kind },
    getParameters: () => ({ encodings: [{ active: true }] }),
    setParameters: vi.fn(
      async (
        { encodings }: { encodings: { active: boolean }[] },
        options?: { encodingOptions: { keyFrame: boolean }[] },
      ) => {
        told.push(options?.encodingOptions[0]?.keyFrame ? 'key frame' : `active ${encodings[0]?.active}`);
      },
    ),
  };
  return { sender: sender as unknown as RTCRtpSender, told };
}

it('asks the browser for a key frame of the picture, and pauses it when that was no help', async () => {
  const [sound, picture] = [fakeSender('audio'), fakeSender('video')];
  const maker = new KeyFrameMaker(() => [sound.sender, picture.sender]);
  await maker.make(1_000);
  expect(picture.told).toEqual(['key frame']);
  await maker.make(3_500);
  expect(picture.told).toEqual(['key frame', 'active false', 'active true']);
  await maker.make(60_000);
  expect(picture.told.at(-1)).toBe('key frame');
  expect(sound.told).toEqual([]);
});
