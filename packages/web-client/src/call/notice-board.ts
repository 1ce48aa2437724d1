// Short messages for the person in the call. What only informs goes away by itself, problems stay until dismissed; the same
// message again is counted. Which of them there is room for, `shownNotices` says.
import type { Notice } from './room-view.ts';

/** How long information stays, in ms: time to read a short sentence twice. */
const INFO_STAYS_MS = 6_000;
/** What nobody dismisses for this long nobody reads either; the oldest goes. */
const MOST_NOTICES = { info: 4, problem: 12 } as const;

export class NoticeBoard {
  readonly #changed: () => void;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #notices: readonly Notice[] = [];
  #nextId = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The latest last. */
  get all(): readonly Notice[] {
    return this.#notices;
  }

  /** The same text is shown once, as the latest, and counted. */
  add(tone: Notice['tone'], text: string): void {
    const former = this.#notices.find((notice) => notice.text === text);
    if (former) this.#drop(former.id);
    const notice = { id: former?.id ?? this.#nextId++, tone, text, count: (former?.count ?? 0) + 1 };
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

  removeAll(): void {
    for (const { id } of this.#notices) this.#drop(id);
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

/**
 * Those to show where there is room for `most` (one at least), in their order: the latest, and problems before what only
 * informs.
 */
export function shownNotices(notices: readonly Notice[], most: number): readonly Notice[] {
  const before = notices.slice(0, -1).reverse();
  const ranked = [
    ...notices.slice(-1),
    ...before.filter(({ tone }) => tone === 'problem'),
    ...before.filter(({ tone }) => tone === 'info'),
  ];
  const chosen = new Set(ranked.slice(0, most));
  return notices.filter((notice) => chosen.has(notice));
}
