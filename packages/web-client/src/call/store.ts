// One immutable value that can be watched: the only way in which the call's plain classes reach the views.

/** What React's `useSyncExternalStore` takes. */
export interface Watchable<Value> {
  subscribe(listener: () => void): () => void;
  snapshot(): Value;
}

export class Store<Value> implements Watchable<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  // Arrow functions, so that views may hand them on without binding.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Value => this.#value;

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: Value) => Value): void {
    this.set(change(this.#value));
  }
}
