// How loud a microphone is right now, for the bar in the lobby. Draws nothing and sends nothing.

/** Samples looked at per reading: 21 ms at 48 kHz, shorter than a frame of the screen and longer than a low voice's wave. */
const WINDOW_SAMPLES = 1_024;
/** What counts as silence, in decibels below full scale: the noise of a quiet room. */
const FLOOR_DB = -60;

export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #source: MediaStreamAudioSourceNode;
  readonly #samples = new Float32Array(WINDOW_SAMPLES);

  constructor(track: MediaStreamTrack) {
    this.#analyser.fftSize = WINDOW_SAMPLES;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    // Browsers start an AudioContext only after the person has touched the page.
    for (const gesture of GESTURES) addEventListener(gesture, this.#resume);
  }

  /** The present level from 0 (silence) to 1 (full scale), linear in decibels. */
  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  /** Idempotent. */
  close(): void {
    for (const gesture of GESTURES) removeEventListener(gesture, this.#resume);
    this.#source.disconnect();
    if (this.#context.state !== 'closed') void this.#context.close();
  }

  readonly #resume = (): void => {
    if (this.#context.state === 'suspended') void this.#context.resume();
  };
}

const GESTURES = ['pointerdown', 'keydown'] as const;

/** The root mean square of samples between -1 and 1, as a share of the way from the floor to full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return 0;
  const db = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}
