// Decides what a request to stop means: an orderly end, an end at once, or the echo of a request that was heard already.

/**
 * npm hands on to its child what the terminal has sent to both already, so that one Ctrl-C arrives twice: a request this
 * close behind another is the same one. People press again after longer than that.
 */
export const ECHO_MS = 400;

export type StopAction = 'close' | 'exit' | 'ignore';

export class StopRequests {
  #firstAt: number | undefined;

  /**
   * @param now ms of the monotonic clock
   * @param started whether there is anything yet that needs an orderly end
   */
  next(now: number, started: boolean): StopAction {
    if (!started) return 'exit';
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      return 'close';
    }
    return now - this.#firstAt < ECHO_MS ? 'ignore' : 'exit';
  }
}
