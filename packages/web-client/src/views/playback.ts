// Starts the tiles' sound and pictures, and knows when the browser wants the person to allow sound first.
import { Store } from '../call/store.ts';

export class Playback {
  readonly #blocked = new Set<HTMLVideoElement>();
  readonly #store = new Store(false);

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  /** Whether a tile stays silent until the person presses a button. */
  readonly snapshot = () => this.#store.snapshot();

  play(video: HTMLVideoElement): void {
    video.play().then(
      () => this.#settle(video, false),
      (error: unknown) => {
        // Any other refusal means that the tile got another stream or was taken away in the meantime.
        if (error instanceof DOMException && error.name === 'NotAllowedError') this.#settle(video, true);
      },
    );
  }

  forget(video: HTMLVideoElement): void {
    this.#settle(video, false);
  }

  /** To be called while the person presses the button: only then does the browser allow it. */
  playAll(): void {
    for (const video of [...this.#blocked]) this.play(video);
  }

  #settle(video: HTMLVideoElement, blocked: boolean): void {
    if (blocked) this.#blocked.add(video);
    else this.#blocked.delete(video);
    this.#store.set(this.#blocked.size > 0);
  }
}
