// A message rule at work: counts what it takes, and tells who waits for that. Delivers nothing itself.
import { includes } from './direction.ts';
import type { MessageContext, MessageRule } from './message-rules.ts';

/** A rule at work. */
export interface ActiveRule {
  /** How many messages it has taken. */
  readonly taken: number;
  /** Resolves when it has taken `count` messages (default 1); rejects when the proxy closes or the rule is removed before. */
  hasTaken(count?: number): Promise<void>;
  /** Delivers what it holds back; it goes on with new messages. */
  release(): void;
  /** Takes no more messages, and delivers what it holds back. Idempotent. */
  remove(): void;
}

export class RuleAtWork implements ActiveRule {
  readonly rule: MessageRule;
  taken = 0;
  readonly #owner: { release: () => void; removed: () => void };
  readonly #waiting = new Set<{ count: number; resolve: () => void; reject: (error: Error) => void }>();
  #ended: Error | undefined;

  constructor(rule: MessageRule, owner: { release: () => void; removed: () => void }) {
    this.rule = rule;
    this.#owner = owner;
  }

  takes(message: unknown, context: MessageContext): boolean {
    const { direction, matches, times = Infinity } = this.rule;
    if (this.taken >= times || !includes(direction, context.direction) || !matches(message, context))
      return false;
    this.taken++;
    for (const waiting of this.#waiting) {
      if (this.taken < waiting.count) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
    return true;
  }

  hasTaken(count = 1): Promise<void> {
    if (this.taken >= count) return Promise.resolve();
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.add({ count, resolve, reject }));
  }

  release(): void {
    this.#owner.release();
  }

  remove(): void {
    this.end(new Error('the rule was removed'));
  }

  end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#owner.removed();
    this.#owner.release();
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
