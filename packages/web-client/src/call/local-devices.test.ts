// No track outlives its use: a camera whose light stays on after leaving is what people do not forgive.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LocalDevices } from './local-devices.ts';
import { FakeMediaStream, FakeTrack } from './testing.ts';

/** Every track that the browser gave, in order. */
let given: FakeTrack[];
/** Called before the browser gives what is asked for: waits, or throws. */
let person: (constraints: MediaStreamConstraints) => unknown;
let devices: LocalDevices;

beforeEach(() => {
  given = [];
  person = () => undefined;
  vi.spyOn(console, 'info').mockReturnValue();
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', {
    mediaDevices: Object.assign(new EventTarget(), {
      getUserMedia: async (constraints: MediaStreamConstraints) => {
        await person(constraints);
        const kinds = (['video', 'audio'] as const).filter((kind) => constraints[kind]);
        const tracks = kinds.map((kind) => Object.assign(new FakeTrack(kind), { getSettings: () => ({}) }));
        given.push(...tracks);
        return new FakeMediaStream(tracks);
      },
      enumerateDevices: async () => [],
    }),
  });
  devices = new LocalDevices();
});

afterEach(() => {
  devices.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const running = () => given.filter(({ stopped }) => !stopped).map(({ kind }) => kind);

it('lets go of both devices when it is closed', async () => {
  await devices.start();
  expect(running()).toEqual(['video', 'audio']);
  devices.close();
  devices.close();
  expect(running()).toEqual([]);
});

it('lets go of a camera that is switched off, and only silences a microphone', async () => {
  await devices.start();
  await devices.setWanted('camera', false);
  await devices.setWanted('microphone', false);
  expect(running()).toEqual(['audio']);
  expect(given[1]?.enabled).toBe(false);
  await devices.setWanted('camera', true);
  expect(running()).toEqual(['audio', 'video']);
});

it('lets go of the former device when another one is chosen', async () => {
  await devices.start();
  await devices.choose('camera', 'another');
  await devices.choose('microphone', 'another');
  expect(running()).toEqual(['video', 'audio']);
  expect(given).toHaveLength(4);
});

it('lets go at once of what is permitted after leaving or after switching off', async () => {
  let permit: () => void = () => undefined;
  person = () => new Promise<void>((resolve) => (permit = resolve));
  const opening = devices.setWanted('camera', true);
  await devices.setWanted('camera', false);
  permit();
  await opening;
  expect(given).toHaveLength(1);
  expect(running()).toEqual([]);
  const starting = devices.start();
  devices.close();
  permit();
  await starting;
  expect(given).toHaveLength(3);
  expect(running()).toEqual([]);
});

it('opens the one device that there is, and says what the other one lacks', async () => {
  person = ({ video }) => {
    if (video) throw Object.assign(new Error('none'), { name: 'NotFoundError' });
  };
  await devices.start();
  expect(running()).toEqual(['audio']);
  expect(devices.snapshot().camera).toMatchObject({ track: undefined, failure: { reason: 'missing' } });
  expect(devices.snapshot().microphone.failure).toBeUndefined();
});
