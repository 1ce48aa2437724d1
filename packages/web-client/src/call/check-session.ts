// The check of a device and its network before a meeting: one step after the other, each with a deadline, so that it always
// comes to an end. What a step measures is done by the tools it is given; what that means is said in check-findings.ts.
import type { IceServer } from '@parley/protocol';
import {
  deviceFailed,
  HEARD_LEVEL,
  late,
  microphoneHeard,
  ofError,
  ofPath,
  ofThroughput,
  ok,
  signallingAnswered,
  skipped,
  type CheckStep,
  type Finding,
  type Findings,
} from './check-findings.ts';
import type { DeviceState, LocalDevices } from './local-devices.ts';
import { checkPath, CONNECT_MS, GATHERING_MS, MEDIA_MS, type PathKind } from './path-check.ts';
import type { OpenSignalling, SignallingLike } from './signalling.ts';
import { Store } from './store.ts';

export interface CheckTools {
  openDevices(): LocalDevices;
  /** How loud a microphone is, from 0 to 1. */
  listen(track: MediaStreamTrack): { read(): number; close(): void };
  openSignalling: OpenSignalling;
  createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** In place of a camera or a microphone that is not there. */
  standIn(): {
    audio(): MediaStreamTrack | undefined;
    video(): MediaStreamTrack | undefined;
    close(): void;
  };
  /** In bits per second. */
  measureDown: (signal: AbortSignal) => Promise<number>;
  measureUp: (signal: AbortSignal) => Promise<number>;
}

export interface CheckSnapshot {
  phase: 'idle' | 'running' | 'done';
  running: CheckStep | undefined;
  findings: Findings;
  /** While they are open. */
  camera: MediaStreamTrack | undefined;
  microphone: MediaStreamTrack | undefined;
  /** When it ended, in ms since 1970. */
  endedAt: number;
}

/** Each in ms. The first one waits for a person who is asked for permission. */
export const DEADLINES: Readonly<Record<CheckStep, number>> = {
  camera: 30_000,
  microphone: 8_000,
  signalling: 12_000,
  udp: GATHERING_MS + CONNECT_MS + MEDIA_MS + 3_000,
  tcp: GATHERING_MS + CONNECT_MS + MEDIA_MS + 3_000,
  relay: GATHERING_MS + CONNECT_MS + MEDIA_MS + 3_000,
  download: 10_000,
  upload: 10_000,
};

/** How long a microphone is listened to until somebody speaks, in ms, and how often. */
const LISTEN_MS = 5_000;
const LISTEN_INTERVAL_MS = 50;

/** The middle one of these is the round trip: one alone may have waited behind something. */
const PINGS = 5;

const IDLE: CheckSnapshot = {
  phase: 'idle',
  running: undefined,
  findings: {},
  camera: undefined,
  microphone: undefined,
  endedAt: 0,
};

export class CheckSession {
  readonly #tools: CheckTools;
  readonly #store = new Store(IDLE);
  #endStep: () => void = () => undefined;
  #closed = false;

  constructor(tools: CheckTools) {
    this.#tools = tools;
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  /** Goes through all steps. Failures are findings; nothing is thrown. Does nothing while it runs already. */
  async run(): Promise<void> {
    if (this.#closed || this.snapshot().phase === 'running') return;
    this.#set({ ...IDLE, phase: 'running' });
    const devices = this.#tools.openDevices();
    try {
      await this.#checkDevices(devices);
      await this.#checkServer(devices);
    } finally {
      devices.close();
    }
    const unreachable = (error: unknown) => ofError(error, 'signalling-lost');
    const { measureDown, measureUp } = this.#tools;
    await this.#step(
      'download',
      async (signal) => ofThroughput('download', await measureDown(signal)),
      unreachable,
    );
    await this.#step(
      'upload',
      async (signal) => ofThroughput('upload', await measureUp(signal)),
      unreachable,
    );
    this.#set({ phase: 'done', running: undefined, endedAt: Date.now() });
  }

  /** Ends what runs; idempotent. */
  close(): void {
    this.#closed = true;
    this.#endStep();
  }

  async #checkDevices(devices: LocalDevices): Promise<void> {
    const started = devices.start();
    await this.#step('camera', async () => {
      await started;
      const { camera, microphone } = devices.snapshot();
      this.#set({ camera: camera.track, microphone: microphone.track });
      return ofCamera(camera);
    });
    await this.#step('microphone', async (signal) => {
      await started;
      const { microphone } = devices.snapshot();
      if (!microphone.track) return withoutTrack(microphone, 'microphone');
      return microphoneHeard(await this.#peakOf(microphone.track, signal), microphone.track.label);
    });
  }

  async #checkServer(devices: LocalDevices): Promise<void> {
    let iceServers: readonly IceServer[] = [];
    let conversation: SignallingLike | undefined;
    await this.#step(
      'signalling',
      async (signal) => {
        const events = { notification: () => undefined, closed: () => undefined };
        const signalling = await this.#tools.openSignalling(events);
        if (signal.aborted) signalling.close();
        conversation = signalling;
        const roundTripMs = await roundTripOf(signalling);
        ({ iceServers } = await signalling.request('requestTest', { by: 'check' }));
        return signallingAnswered(roundTripMs);
      },
      (error) => ofError(error, 'signalling-lost'),
    );
    const standIn = this.#tools.standIn();
    const { camera, microphone } = devices.snapshot();
    const tracks = [microphone.track ?? standIn.audio(), camera.track ?? standIn.video()];
    try {
      for (const kind of ['udp', 'tcp', 'relay'] as const)
        await this.#step(kind, (signal) =>
          this.#checkPath(kind, { signalling: conversation, iceServers, tracks, signal }),
        );
    } finally {
      standIn.close();
      conversation?.close();
      this.#set({ camera: undefined, microphone: undefined });
    }
  }

  async #checkPath(kind: PathKind, { signalling, iceServers, tracks, signal }: PathParts): Promise<Finding> {
    if (!signalling || this.snapshot().findings.signalling?.status === 'problem')
      return skipped('Not checked: that needs the connection to the server.');
    if (kind === 'relay' && iceServers.length === 0)
      return skipped('No relay (TURN) is configured on this server.');
    const outcome = await checkPath({
      kind,
      signalling,
      iceServers,
      tracks: tracks.filter((track) => track !== undefined),
      createPeerConnection: this.#tools.createPeerConnection,
      signal,
    });
    return ofPath(kind, outcome);
  }

  /** The loudest level until somebody was heard, or the time is up. */
  async #peakOf(track: MediaStreamTrack, signal: AbortSignal): Promise<number> {
    const meter = this.#tools.listen(track);
    let peak = 0;
    for (let waited = 0; waited < LISTEN_MS && peak < HEARD_LEVEL; waited += LISTEN_INTERVAL_MS) {
      if (signal.aborted) break;
      await pause(LISTEN_INTERVAL_MS);
      peak = Math.max(peak, meter.read());
    }
    meter.close();
    return peak;
  }

  /** Runs one step and notes its finding: its own, that of what it threw, or that it was late. */
  async #step(
    step: CheckStep,
    action: (signal: AbortSignal) => Promise<Finding>,
    failed: (error: unknown) => Finding = (error) => ofError(error),
  ): Promise<void> {
    if (this.#closed) return;
    this.#set({ running: step });
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<Finding>((resolve) => {
      const stop = () => resolve(late(step, DEADLINES[step]));
      timer = setTimeout(stop, DEADLINES[step]);
      this.#endStep = stop;
    });
    const outcome = action(end.signal).catch((error: unknown) => {
      if (!end.signal.aborted) console.warn(`the check of ${step} failed`, error);
      return failed(error);
    });
    const finding = await Promise.race([outcome, deadline]);
    clearTimeout(timer);
    end.abort();
    this.#set({ findings: { ...this.snapshot().findings, [step]: finding } });
  }

  #set(change: Partial<CheckSnapshot>): void {
    if (!this.#closed) this.#store.update((snapshot) => ({ ...snapshot, ...change }));
  }
}

interface PathParts {
  signalling: SignallingLike | undefined;
  iceServers: readonly IceServer[];
  tracks: readonly (MediaStreamTrack | undefined)[];
  signal: AbortSignal;
}

function ofCamera(camera: DeviceState): Finding {
  const { track } = camera;
  if (!track) return withoutTrack(camera, 'camera');
  const { width, height, frameRate } = track.getSettings();
  const size = width && height ? `${width} × ${height}` : '';
  const rate = frameRate ? `${Math.round(frameRate)} pictures/s` : '';
  return ok('The camera gives a picture.', [track.label, size, rate].filter(Boolean).join(', '));
}

function withoutTrack({ failure }: DeviceState, device: 'camera' | 'microphone'): Finding {
  return failure ? deviceFailed(failure) : late(device, DEADLINES[device]);
}

/** In ms. */
async function roundTripOf(signalling: SignallingLike): Promise<number> {
  const trips: number[] = [];
  for (let n = 0; n < PINGS; n++) {
    const since = performance.now();
    await signalling.request('ping', {});
    trips.push(performance.now() - since);
  }
  return trips.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
