// Short messages for the person in the call. What only informs goes away by itself, problems stay until dismissed.
import type { Notice } from './room-view.ts';

/** How long information stays, in ms: time to read a short sentence twice. */
const INFO_STAYS_MS = 6_000;
/** More than this would cover the call; the oldest goes. */
const MOST_NOTICES = { info: 2, problem: 3 } as const;

export class NoticeBoard {
  readonly #changed: () => void;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #notices: readonly Notice[] = [];
  #nextId = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get all(): readonly Notice[] {
    return this.#notices;
  }

  /** The same text is shown once. */
  add(tone: Notice['tone'], text: string): void {
    for (const notice of this.#notices) if (notice.text === text) this.#drop(notice.id);
    const notice = { id: this.#nextId++, tone, text };
    this.#notices = [...this.#notices, notice];
    const alike = this.#notices.filter((other) => other.tone === tone);
    for (const old of alike.slice(0, -MOST_NOTICES[tone])) this.#drop(old.id);
    if (tone === 'info')
      this.#timers.set(
        notice.id,
        setTimeout(() => this.remove(notice.id), INFO_STAYS_MS),
      );
    this.#changed();
  }

  remove(id: number): void {
    this.#drop(id);
    this.#changed();
  }

  /** Idempotent. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#notices = [];
  }

  #drop(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
  }
}
