// How many tests may run at once: they need no room and no invitation, so they must not be able to fill the server.

export const MAX_TESTS = 20;

export class TestSlots {
  #taken = 0;

  /** False when all are taken. Each `true` is followed by one `give`. */
  take(): boolean {
    if (this.#taken >= MAX_TESTS) return false;
    this.#taken++;
    return true;
  }

  give(): void {
    this.#taken--;
  }
}
