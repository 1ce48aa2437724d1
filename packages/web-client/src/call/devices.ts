// Camera, microphone and screen of this machine: asked for from the browser, with failures a person can act on.

import { causeTexts, type FailureCause } from '@parley/protocol';
import { sentencesOf } from './causes.ts';

export type DeviceKind = 'camera' | 'microphone' | 'screen';

export type DeviceFailureReason =
  | 'missing'
  | 'permission-denied'
  | 'permission-withdrawn'
  | 'in-use'
  | 'insecure-context'
  | 'unsupported'
  | 'unplugged'
  | 'other';

export class DeviceError extends Error {
  readonly device: DeviceKind;
  readonly reason: DeviceFailureReason;

  constructor(device: DeviceKind, reason: DeviceFailureReason, cause?: unknown) {
    super(sentenceAboutDevice(device, reason), { cause });
    this.name = 'DeviceError';
    this.device = device;
    this.reason = reason;
  }

  get failure(): FailureCause {
    return CAUSES[this.reason];
  }

  /** Short, for a tile: what is wrong, and what to do. */
  get words(): { participant: string; remedy: string } {
    // Nothing that could be allowed in the address bar: the browser does not even ask.
    return this.reason === 'insecure-context' ? INSECURE : causeTexts[this.failure];
  }

  /** From what `getUserMedia` or `getDisplayMedia` rejects with (Media Capture and Streams, section 10.2). */
  static from(device: DeviceKind, error: unknown): DeviceError {
    if (error instanceof DeviceError) return error;
    const name = error instanceof Error ? error.name : '';
    return new DeviceError(device, REASONS[name] ?? 'other', error);
  }
}

const INSECURE = {
  participant: 'Browsers give camera and microphone only to pages that came over HTTPS.',
  remedy: 'Open this page with https://, or on localhost.',
};

/** What a failure means for the stream that the device was wanted for. */
const CAUSES: Readonly<Record<DeviceFailureReason, FailureCause>> = {
  missing: 'device-gone',
  'permission-denied': 'no-permission',
  'permission-withdrawn': 'permission-withdrawn',
  'in-use': 'camera-busy',
  'insecure-context': 'no-permission',
  unsupported: 'device-gone',
  unplugged: 'device-gone',
  other: 'camera-busy',
};

const REASONS: Partial<Record<string, DeviceFailureReason>> = {
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotAllowedError: 'permission-denied',
  SecurityError: 'permission-denied',
  NotReadableError: 'in-use',
  AbortError: 'in-use',
};

/** One sentence on what is wrong with the device, and one on what to do. */
export function sentenceAboutDevice(
  device: DeviceKind | 'camera and microphone',
  reason: DeviceFailureReason,
): string {
  switch (reason) {
    case 'missing':
      return `No ${device} was found. Connect one and try again, or go on without it.`;
    case 'permission-denied':
      return device === 'screen'
        ? 'The screen was not shared. Press “Share screen” again to choose what to show.'
        : sentencesOf('no-permission');
    case 'permission-withdrawn':
      return `The ${device} was taken away from this page. ${causeTexts['permission-withdrawn'].remedy}`;
    case 'in-use':
      return `The ${device} does not start; another program may be using it. Close that program, then try again.`;
    case 'insecure-context':
      return 'Browsers give camera, microphone and screen only to pages that came over HTTPS, so that nobody on the way can alter the page and listen in. Open this page with https://, or on localhost.';
    case 'unsupported':
      return `This browser cannot share its ${device}.`;
    case 'unplugged':
      return `The ${device} has gone. Connect it again, or choose another one.`;
    case 'other':
      return `The ${device} does not start. Try again, or go on without it.`;
  }
}

/** What to say about both devices: one sentence where both lack the same permission. */
export function sentencesAboutDevices(failures: readonly (DeviceError | undefined)[]): string[] {
  const [first, second] = failures.filter((failure) => failure !== undefined);
  const shared = first && first.reason === second?.reason ? first.reason : undefined;
  if (shared === 'permission-denied' || shared === 'insecure-context')
    return [sentenceAboutDevice('camera and microphone', shared)];
  return [first, second].flatMap((failure) => failure?.message ?? []);
}

/** Asks for one camera; the wished one if it is there. @throws DeviceError */
export async function openCamera(deviceId?: string): Promise<MediaStreamTrack> {
  const media = await capture('camera', { video: cameraConstraints(deviceId) });
  return firstTrack(media.getVideoTracks(), 'camera');
}

/** Asks for one microphone; the wished one if it is there. @throws DeviceError */
export async function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  const media = await capture('microphone', { audio: microphoneConstraints(deviceId) });
  return firstTrack(media.getAudioTracks(), 'microphone');
}

/** Asks for both at once, so that the browser asks the person once. @throws DeviceError when either is refused. */
export async function openBoth(
  cameraId?: string,
  microphoneId?: string,
): Promise<{ camera: MediaStreamTrack; microphone: MediaStreamTrack }> {
  const media = await capture('camera', {
    video: cameraConstraints(cameraId),
    audio: microphoneConstraints(microphoneId),
  });
  return {
    camera: firstTrack(media.getVideoTracks(), 'camera'),
    microphone: firstTrack(media.getAudioTracks(), 'microphone'),
  };
}

/** Lets the person choose a screen, a window or a tab; with its sound where the browser offers that. @throws DeviceError */
export async function openScreen(): Promise<MediaStream> {
  if (!isSecureContext) throw new DeviceError('screen', 'insecure-context');
  // Phones have no such function, whatever the types say.
  if (!('getDisplayMedia' in (navigator.mediaDevices as object)))
    throw new DeviceError('screen', 'unsupported');
  try {
    return await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 30, max: 30 } },
      audio: true,
    });
  } catch (error) {
    throw DeviceError.from('screen', error);
  }
}

async function capture(device: DeviceKind, constraints: MediaStreamConstraints): Promise<MediaStream> {
  if (!isSecureContext) throw new DeviceError(device, 'insecure-context');
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw DeviceError.from(device, error);
  }
}

function cameraConstraints(deviceId?: string): MediaTrackConstraints {
  return {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
    ...(deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: { ideal: 'user' } }),
  };
}

function microphoneConstraints(deviceId?: string): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
  };
}

function firstTrack(tracks: MediaStreamTrack[], device: DeviceKind): MediaStreamTrack {
  const [track] = tracks;
  if (!track) throw new DeviceError(device, 'missing');
  return track;
}
