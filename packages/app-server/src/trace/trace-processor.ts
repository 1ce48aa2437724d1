// Feeds the store with spans, while they are open too: an answer that never comes is what somebody looks for.
import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { entryIn, factsIn, outcomeIn } from './span-attributes.ts';
import type { TraceStore } from './trace-store.ts';

export class TraceProcessor implements SpanProcessor {
  readonly #store: TraceStore;
  /** Those that are open, by span. */
  readonly #open = new Map<string, { session: string; number: number }>();

  constructor(store: TraceStore) {
    this.#store = store;
  }

  onStart(span: Span): void {
    const found = entryIn(span.name, span.attributes, milliseconds(span.startTime));
    if (!found) return;
    const number = this.#store.add(found.session, found.entry);
    if (number === undefined || found.entry.outcome === null) return;
    this.#open.set(span.spanContext().spanId, { session: found.session, number });
  }

  onEnd(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const open = this.#open.get(spanId);
    if (!open) return;
    this.#open.delete(spanId);
    this.#store.complete(open.session, open.number, {
      durationMs: milliseconds(span.duration),
      outcome: outcomeIn(span.attributes),
      facts: factsIn(span.attributes),
    });
  }

  async forceFlush(): Promise<void> {
    // Nothing waits: every span is in the store as soon as it begins.
  }

  async shutdown(): Promise<void> {
    this.#open.clear();
  }
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
