// Lets what came from a peer through in its order, or holds it while whoever takes it has no room. What is held counts
// against the peer's window, so that it waits as well; how, is the association's.

export class DeliveryGate {
  readonly #onHeld: (bytes: number) => void;
  #held: { readonly cost: number; readonly deliver: () => void }[] = [];
  #heldBytes = 0;
  #shut = false;

  /** `onHeld` is told by how much more, or less, is held. */
  constructor(onHeld: (bytes: number) => void) {
    this.#onHeld = onHeld;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Delivers at once, or when its turn comes. `cost` in bytes. */
  pass(cost: number, deliver: () => void): void {
    if (!this.#shut) return deliver();
    this.#held.push({ cost, deliver });
    this.#count(cost);
  }

  /** Holds everything from now on until `room` resolves, and then until the next of them. */
  shutUntil(room: Promise<void>): void {
    this.#shut = true;
    void room.then(() => this.#open());
  }

  /** Delivers what is held, whether there is room or not: nothing comes after it. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    this.#count(-this.#heldBytes);
    for (const { deliver } of held) deliver();
  }

  #open(): void {
    this.#shut = false;
    while (!this.#shut) {
      const next = this.#held.shift();
      if (!next) return;
      this.#count(-next.cost);
      next.deliver();
    }
  }

  #count(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes += bytes;
    this.#onHeld(bytes);
  }
}
