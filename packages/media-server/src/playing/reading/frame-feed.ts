// Hands out the frames of one run in batches: as many as are there already, so that none waits for others, and no more
// than somebody will soon want.
import type { FileFrame } from '../file-tracks.ts';
import type { Batch } from './reader-protocol.ts';

const MAX_FRAMES = 32;
const MAX_BYTES = 512 * 1024;

export class FrameFeed {
  readonly #frames: AsyncGenerator<FileFrame, void, undefined>;
  /** Has been asked for, and belongs to the next batch. */
  #next: Promise<IteratorResult<FileFrame, void>> | undefined;

  constructor(frames: AsyncGenerator<FileFrame, void, undefined>) {
    this.#frames = frames;
  }

  /**
   * Waits for one frame, and for no other. Not to be called again before it is done.
   * @throws what the reading throws, when all before it has been handed out
   */
  async take(): Promise<Batch> {
    const frames: FileFrame[] = [];
    for (let bytes = 0; frames.length < MAX_FRAMES && bytes < MAX_BYTES;) {
      this.#next ??= this.#frames.next();
      const result = frames.length === 0 ? await this.#next : await soon(this.#next);
      if (result === undefined) break;
      this.#next = undefined;
      if (result.done) return { frames, done: true };
      frames.push(result.value);
      bytes += result.value.data.length;
    }
    return { frames, done: false };
  }
}

/** Undefined when it is not there within this turn, or failed, which is told to whoever awaits it next. */
function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  const turn = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
  return Promise.race([promise.catch(() => undefined), turn]);
}
