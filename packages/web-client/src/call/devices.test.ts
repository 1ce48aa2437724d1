import { afterEach, expect, it, vi } from 'vitest';
import { DeviceError, openScreen, sentencesAboutDevices } from './devices.ts';
import { levelOf } from './level-meter.ts';

afterEach(() => vi.unstubAllGlobals());

it.each([
  ['NotFoundError', 'missing', 'No camera was found', 'device-gone'],
  ['NotAllowedError', 'permission-denied', 'Allow camera and microphone for this page', 'no-permission'],
  ['NotReadableError', 'in-use', 'another program may be using it', 'camera-busy'],
  ['SomethingNewError', 'other', 'Try again', 'camera-busy'],
])('makes of a %s a sentence that says what to do', (name, reason, words, cause) => {
  const error = DeviceError.from('camera', Object.assign(new Error('from the browser'), { name }));
  expect(error.reason).toBe(reason);
  expect(error.message).toContain(words);
  expect(error.failure).toBe(cause);
});

it('says why a page over plain HTTP gets no microphone, in the sentence that holds for the camera too', () => {
  const { message } = new DeviceError('microphone', 'insecure-context');
  expect(message).toMatch(/HTTPS.*listen in/);
  expect(new DeviceError('camera', 'insecure-context').message).toBe(message);
});

it('says that a browser without the function cannot share its screen, instead of failing in it', async () => {
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', { mediaDevices: {} });
  await expect(openScreen()).rejects.toMatchObject({ reason: 'unsupported', device: 'screen' });
});

it('says once what camera and microphone lack both, and each by itself what differs', () => {
  const denied = (device: 'camera' | 'microphone') => new DeviceError(device, 'permission-denied');
  expect(sentencesAboutDevices([undefined, undefined])).toEqual([]);
  expect(sentencesAboutDevices([denied('camera'), denied('microphone')])).toEqual([
    "The browser was not allowed to use the camera or microphone. Allow camera and microphone for this page in the browser's address bar, then try again.",
  ]);
  expect(sentencesAboutDevices([new DeviceError('camera', 'missing'), denied('microphone')])).toHaveLength(2);
});

it('measures silence as 0, full scale as 1, and -30 dB as the middle', () => {
  expect(levelOf(new Float32Array(1_024))).toBe(0);
  expect(levelOf(new Float32Array(1_024).fill(1))).toBe(1);
  expect(levelOf(new Float32Array(1_024).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5, 5);
});
