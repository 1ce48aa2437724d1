// One browser's requests, one after the other: the steps of a negotiation never interleave.
import { Refusal } from '../refusal.ts';

/** A room of 100 is watched with 99 offers and about ten candidates for each. */
const MAX_WAITING = 2_048;

/** The length of all that waits, in characters: ninety-nine offers of a few thousand each, with room to spare. */
const MAX_WAITING_LENGTH = 4_194_304;

export class RequestQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #waitingLength = 0;
  #closed = false;

  /**
   * Runs the action when those before it are done, however they ended, and gives its outcome.
   * @param length of the message, in characters
   * @throws Refusal ('too-many-requests') at once when too much waits
   */
  async run<Result>(length: number, action: () => Promise<Result>): Promise<Result> {
    const first = this.#waiting === 0;
    if (this.#waiting >= MAX_WAITING || (!first && this.#waitingLength + length > MAX_WAITING_LENGTH))
      throw Refusal.tooManyRequests('too many requests are waiting');
    this.#waiting++;
    this.#waitingLength += length;
    const result = this.#tail.then(() => {
      if (this.#closed) throw Refusal.invalidMessage('the connection is closed');
      return action();
    });
    this.#tail = Promise.allSettled([result]).then(() => {
      this.#waiting--;
      this.#waitingLength -= length;
    });
    return result;
  }

  /** What waits is refused; what runs goes on. */
  close(): void {
    this.#closed = true;
  }
}
