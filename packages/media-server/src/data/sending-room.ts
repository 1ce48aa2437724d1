// Whether a peer keeps up with what it is sent, so that whoever sends can wait for it: but not for one that takes nothing
// any more, since others would wait with it. Owns one timer, which close() ends.

/** Above this there is no room; in bytes. Far below what is kept at most, since several may send at once. */
const HIGH_BYTES = 2 * 2 ** 20;

/** Below this there is room again. */
const LOW_BYTES = 2 ** 19;

/** A peer that takes not one message in this time is not waited for, until it does. In ms. */
const PATIENCE_MS = 5_000;

export class SendingRoom {
  readonly #waitingBytes: () => number;
  #awaited: { readonly room: Promise<void>; readonly settle: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** It has been waited for in vain. */
  #stalled = false;
  #closed = false;

  constructor(waitingBytes: () => number) {
    this.#waitingBytes = waitingBytes;
  }

  /** Undefined: there is room, or waiting is in vain. Else resolves when there is, or when it has proved to be in vain. */
  awaited(): Promise<void> | undefined {
    if (this.#awaited) return this.#awaited.room;
    if (this.#closed || this.#stalled || this.#waitingBytes() < HIGH_BYTES) return undefined;
    let settle: () => void = () => undefined;
    const room = new Promise<void>((resolve) => (settle = resolve));
    this.#awaited = { room, settle };
    this.#timer = setTimeout(() => {
      this.#stalled = true;
      this.#settle();
    }, PATIENCE_MS);
    return room;
  }

  /** One message more was taken. */
  progressed(): void {
    this.#timer?.refresh();
    if (this.#waitingBytes() >= LOW_BYTES) return;
    this.#stalled = false;
    this.#settle();
  }

  /** Nobody waits for the peer any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#awaited?.settle();
    this.#awaited = undefined;
  }
}
