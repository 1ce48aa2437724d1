// The camera and the microphone that this page has open: which are there, which are wanted, and their tracks.
// Owns the tracks and stops them in `close`. Sends nothing.
import { DeviceError, openBoth, openCamera, openMicrophone } from './devices.ts';
import { Store } from './store.ts';

export interface DeviceChoice {
  id: string;
  label: string;
}

export interface DeviceState {
  /** Whether the person wants it on. A camera that is not wanted is released; an unwanted microphone is silenced. */
  wanted: boolean;
  opening: boolean;
  track: MediaStreamTrack | undefined;
  failure: DeviceError | undefined;
  /** The chosen device, or the one that is open; empty: none yet. */
  chosen: string;
  choices: readonly DeviceChoice[];
}

export interface DevicesSnapshot {
  camera: DeviceState;
  microphone: DeviceState;
}

type Kind = keyof DevicesSnapshot;

const CLOSED: DeviceState = {
  wanted: true,
  opening: false,
  track: undefined,
  failure: undefined,
  chosen: '',
  choices: [],
};

export interface LocalDevicesOptions {
  /** The devices chosen at an earlier visit. */
  cameraId?: string;
  microphoneId?: string;
}

export class LocalDevices {
  readonly #store: Store<DevicesSnapshot>;
  #closed = false;

  constructor({ cameraId = '', microphoneId = '' }: LocalDevicesOptions = {}) {
    this.#store = new Store<DevicesSnapshot>({
      camera: { ...CLOSED, chosen: cameraId },
      microphone: { ...CLOSED, chosen: microphoneId },
    });
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  /** Opens camera and microphone, asking once for both; each may fail on its own, which the snapshot tells. */
  async start(): Promise<void> {
    const { camera, microphone } = this.snapshot();
    this.#change('camera', { opening: true, failure: undefined });
    this.#change('microphone', { opening: true, failure: undefined });
    try {
      const both = await openBoth(camera.chosen, microphone.chosen);
      this.#opened('camera', both.camera);
      this.#opened('microphone', both.microphone);
    } catch (error) {
      // The failure of both at once does not say which of them it was.
      console.info('camera and microphone do not open together, trying each by itself', error);
      await Promise.all([this.#open('camera'), this.#open('microphone')]);
    }
    await this.#refreshChoices();
    if (this.#closed) return;
    // Absent outside of secure contexts, whatever the types say.
    (navigator.mediaDevices as MediaDevices | undefined)?.addEventListener('devicechange', this.#listChanged);
  }

  /** Switches on or off; resolves when a device that had to be opened is open or has failed. */
  async setWanted(kind: Kind, wanted: boolean): Promise<void> {
    this.#change(kind, { wanted });
    const { track } = this.snapshot()[kind];
    if (kind === 'microphone' && track) track.enabled = wanted;
    else if (wanted && !track) await this.#open(kind);
    else if (!wanted) this.#release(kind);
  }

  /** Takes another device of the same kind. */
  async choose(kind: Kind, id: string): Promise<void> {
    this.#change(kind, { chosen: id });
    if (kind === 'camera' && !this.snapshot().camera.wanted) return;
    this.#release(kind);
    await this.#open(kind);
  }

  /** Releases everything; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    (navigator.mediaDevices as MediaDevices | undefined)?.removeEventListener(
      'devicechange',
      this.#listChanged,
    );
    this.#release('camera');
    this.#release('microphone');
  }

  async #open(kind: Kind): Promise<void> {
    this.#change(kind, { opening: true, failure: undefined });
    try {
      const { chosen } = this.snapshot()[kind];
      this.#opened(kind, await (kind === 'camera' ? openCamera(chosen) : openMicrophone(chosen)));
    } catch (error) {
      this.#change(kind, { opening: false, failure: DeviceError.from(kind, error) });
      return;
    }
    await this.#refreshChoices();
  }

  #opened(kind: Kind, track: MediaStreamTrack): void {
    const { wanted, track: former } = this.snapshot()[kind];
    // While the person was asked, they may have left or switched it off again.
    if (this.#closed || (kind === 'camera' && !wanted)) {
      track.stop();
      this.#change(kind, { opening: false });
      return;
    }
    former?.stop();
    if (kind === 'microphone') track.enabled = wanted;
    track.addEventListener('ended', () => void this.#ended(kind, track));
    const chosen = track.getSettings().deviceId ?? this.snapshot()[kind].chosen;
    this.#change(kind, { opening: false, failure: undefined, track, chosen });
  }

  /** The browser ended it: unplugged, or the permission was taken back. Tracks that are stopped here tell nothing. */
  async #ended(kind: Kind, track: MediaStreamTrack): Promise<void> {
    if (this.snapshot()[kind].track !== track) return;
    this.#change(kind, { track: undefined });
    const reason = (await isDenied(kind)) ? 'permission-withdrawn' : 'unplugged';
    if (!this.snapshot()[kind].track) this.#change(kind, { failure: new DeviceError(kind, reason) });
  }

  #release(kind: Kind): void {
    const { track } = this.snapshot()[kind];
    if (!track) return;
    track.stop();
    this.#change(kind, { track: undefined });
  }

  readonly #listChanged = (): void => void this.#refreshChoices();

  async #refreshChoices(): Promise<void> {
    const mediaDevices = navigator.mediaDevices as MediaDevices | undefined;
    if (!mediaDevices || this.#closed) return;
    const devices = await mediaDevices.enumerateDevices();
    this.#change('camera', { choices: choicesOf(devices, 'videoinput', 'Camera') });
    this.#change('microphone', { choices: choicesOf(devices, 'audioinput', 'Microphone') });
  }

  #change(kind: Kind, change: Partial<DeviceState>): void {
    this.#store.update((state) => ({ ...state, [kind]: { ...state[kind], ...change } }));
  }
}

/** Without permission the browser hides ids and names; such entries cannot be chosen. */
function choicesOf(devices: MediaDeviceInfo[], kind: MediaDeviceKind, word: string): DeviceChoice[] {
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => ({ id: device.deviceId, label: device.label || `${word} ${index + 1}` }));
}

/** False also where the browser does not tell. */
async function isDenied(kind: Kind): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: kind });
    return state === 'denied';
  } catch (error) {
    console.info(`this browser does not tell whether the ${kind} is permitted`, error);
    return false;
  }
}
