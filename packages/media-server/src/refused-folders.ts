// Remembers which folders the log has told were refused, so that a client that goes on asking does not fill it.

const PERIOD_MS = 60_000;

/** Told in one period: whoever tries more folders than that is not waiting to be allowed one. */
const MOST = 20;

export class RefusedFolders {
  /** When each was told; in that order. */
  readonly #told = new Map<string, number>();

  /** Whether it is to be told now; not again within a minute then. */
  isNews(folder: string, now: number): boolean {
    for (const [known, at] of this.#told) {
      if (now - at < PERIOD_MS) break;
      this.#told.delete(known);
    }
    if (this.#told.has(folder) || this.#told.size >= MOST) return false;
    this.#told.set(folder, now);
    return true;
  }
}
