// A moving picture and a tone in place of camera and microphone, so that a path can be checked without either.

const WIDTH = 320;
const HEIGHT = 180;
const DRAW_MS = 100;
/** Not heard by anybody: it only has to be a sound. */
const TONE_HZ = 440;

export class StandInMedia {
  readonly #ends: (() => void)[] = [];

  video(): MediaStreamTrack | undefined {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const context = canvas.getContext('2d');
    const drawing = setInterval(() => {
      if (!context) return;
      context.fillStyle = `hsl(${(performance.now() / 10) % 360} 60% 50%)`;
      context.fillRect(0, 0, WIDTH, HEIGHT);
    }, DRAW_MS);
    const [track] = canvas.captureStream().getVideoTracks();
    this.#ends.push(() => {
      clearInterval(drawing);
      track?.stop();
    });
    return track;
  }

  audio(): MediaStreamTrack | undefined {
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: TONE_HZ });
    const destination = context.createMediaStreamDestination();
    tone.connect(destination);
    tone.start();
    this.#ends.push(() => void context.close());
    return destination.stream.getAudioTracks()[0];
  }

  /** Idempotent. */
  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}
