// Runs asynchronous steps one after the other, so that the steps of two negotiations never interleave.

/** The queue was closed before the step had its turn. */
export class QueueClosedError extends Error {
  constructor() {
    super('the queue is closed');
    this.name = 'QueueClosedError';
  }
}

export class StepQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * Runs `step` when every earlier one has settled; a failed step does not stop the later ones.
   * @throws QueueClosedError when the queue was closed in the meantime; else what the step throws.
   */
  run<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(() => {
      if (this.#closed) throw new QueueClosedError();
      return step();
    });
    this.#tail = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Steps that have not begun will be refused. Idempotent. */
  close(): void {
    this.#closed = true;
  }
}
