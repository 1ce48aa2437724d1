// Decides when an up leg is lost, from what its endpoint tells. Only decides: the stream processor ends the stream.
import type { JsonObject } from '../kurento/media-server.ts';

/** How long a leg may take from its answer until it is connected, in ms: TURN over TCP included, generously. */
export const CONNECT_DEADLINE_MS = 30_000;

/**
 * How long all media of a connected leg may be away, in ms. The sender's browser has noticed by then and tried every way to the
 * server that it has (`remedies.ts` there, 10 s); the original waits 5 s (`flowout.timeout`) and tries nothing.
 */
export const LOSS_DEADLINE_MS = 12_000;

type Kind = 'AUDIO' | 'VIDEO';

export interface UpWatchOptions {
  audio: boolean;
  video: boolean;
  /** Called at most once. */
  onLost(why: string): void;
}

export class UpWatch {
  readonly #options: UpWatchOptions;
  readonly #flowing = new Set<Kind>();
  #flowed = false;
  #connected = false;
  #disconnected = false;
  #connectTimer: NodeJS.Timeout | undefined;
  #lossTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: UpWatchOptions) {
    this.#options = options;
  }

  /** The answer was made: from now on the leg has to come up. */
  answered(): void {
    if (this.#closed || this.#connected) return;
    this.#connectTimer = setTimeout(() => this.#lose('never connected'), CONNECT_DEADLINE_MS);
  }

  /** `ConnectionStateChanged`: DISCONNECTED may be a passing change of network, and has as long as media has. */
  onConnectionState(data: JsonObject): void {
    this.#disconnected = data['newState'] === 'DISCONNECTED' && this.#connected;
    if (data['newState'] === 'CONNECTED') this.#cameUp();
    this.#update();
  }

  /** `DtlsConnectionStateChange`: the browser closed its side, or the keys do not fit. Nothing comes after that. */
  onDtlsState(data: JsonObject): void {
    const { state } = data;
    if (state === 'CLOSED' || state === 'FAILED') this.#lose(`DTLS ${state.toLowerCase()}`);
  }

  /** `MediaFlowOutStateChanged`: media from the browser into the pipeline starts or stops. */
  onFlow(data: JsonObject): void {
    const { mediaType, state } = data;
    if (mediaType !== 'AUDIO' && mediaType !== 'VIDEO') return;
    if (state === 'FLOWING') {
      this.#flowed = true;
      this.#flowing.add(mediaType);
      this.#cameUp();
    } else this.#flowing.delete(mediaType);
    this.#update();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#lossTimer);
  }

  #cameUp(): void {
    this.#connected = true;
    clearTimeout(this.#connectTimer);
  }

  #update(): void {
    // Silence alone says nothing: a microphone that sends nothing while nobody speaks (DTX) is well.
    const silent = this.#options.video && this.#flowed && this.#flowing.size === 0;
    const why = this.#disconnected ? 'disconnected' : silent ? 'no media' : undefined;
    if (why === undefined || this.#closed) {
      clearTimeout(this.#lossTimer);
      this.#lossTimer = undefined;
    } else this.#lossTimer ??= setTimeout(() => this.#lose(why), LOSS_DEADLINE_MS);
  }

  #lose(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(why);
  }
}
