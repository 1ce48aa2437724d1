// Writes the trace of one session: each message and each thing seen becomes a span under the session's own.
import { ROOT_CONTEXT, trace, type Context, type Span, type Tracer } from '@opentelemetry/api';
import type { FailureCause, LegStep, ReportedEvent, TraceLeg } from '@parley/protocol';
import type { MediaServer } from '../kurento/media-server.ts';
import { safeFacts, type Facts } from './facts.ts';
import { attributesOf, outcomeAttributes, type NewEntry, type Outcome } from './span-attributes.ts';
import { TracedMediaServer } from './traced-media-server.ts';
import type { ReportedPair, TracedSession } from './traced-session.ts';

/** A request that waits for its answer. */
export interface OpenEntry {
  /** Once; facts are added to those of the request. */
  end(outcome: Exclude<Outcome, 'pending'>, facts?: Facts): void;
}

/** How long before its session a browser may have seen something, such as its camera, in ms. */
const MAX_BEFORE_BEGIN_MS = 60_000;

export class SessionTracer {
  readonly session: TracedSession;
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #context: Context;
  /** What a browser saw is not told as earlier than this, in ms of `performance.now()`. */
  readonly #earliest: number;

  constructor(tracer: Tracer, session: TracedSession) {
    const { kind, room } = session;
    this.session = session;
    this.#earliest = session.startedAt - session.clockOffset - MAX_BEFORE_BEGIN_MS;
    this.#tracer = tracer;
    this.#root = tracer.startSpan(`session ${kind}`, {
      startTime: session.startedAt,
      attributes: {
        'parley.session': session.id,
        'parley.session.kind': kind,
        ...(room === null ? {} : { 'parley.room': room }),
      },
    });
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#root);
  }

  /** @param startedAt in ms of `performance.now()` */
  open(entry: NewEntry, startedAt = performance.now()): OpenEntry {
    const span = this.#start(entry, startedAt, 'pending');
    return {
      end: (outcome, facts = {}) => {
        span.setAttributes(outcomeAttributes(outcome, facts));
        span.end(this.#wall(performance.now()));
      },
    };
  }

  /** Something that is not answered. @param at in ms of `performance.now()` */
  note(entry: NewEntry, at = performance.now()): void {
    this.#start(entry, at).end(this.#wall(at));
  }

  /** A deadline passed: the step after this one was not reached. */
  gap(leg: TraceLeg, step: LegStep, cause: FailureCause): void {
    const facts = { step, cause };
    this.note({ from: 'app-server', to: 'app-server', kind: 'gap', name: 'overdue', leg, facts });
  }

  /** Something was done for a leg that does not advance. */
  remedy(leg: TraceLeg, name: string): void {
    this.note({ from: 'app-server', to: 'app-server', kind: 'remedy', name, leg });
  }

  /** What a browser saw of one of its legs. */
  reported(leg: TraceLeg, events: readonly ReportedEvent[]): void {
    const now = performance.now();
    for (const { agoMs, kind, name, facts } of events) {
      if (name === 'selected-pair') this.session.setPair(leg, pairOf(facts));
      const entry: NewEntry = { from: 'browser', to: 'browser', kind, name, leg, facts };
      this.note(entry, Math.max(now - agoMs, this.#earliest));
    }
  }

  /** The media server as this session uses it: what is asked and told becomes part of the trace. */
  mediaServer(server: MediaServer): TracedMediaServer {
    return new TracedMediaServer(server, () => this);
  }

  /** Idempotent. What still comes, such as the answers to releases, is added. */
  end(): void {
    if (this.session.ended) return;
    const now = performance.now();
    this.session.end(now);
    this.#root.end(this.#wall(now));
  }

  #start(entry: NewEntry, at: number, outcome?: Outcome): Span {
    const attributes = attributesOf(this.session.id, entry, outcome);
    return this.#tracer.startSpan(entry.name, { startTime: this.#wall(at), attributes }, this.#context);
  }

  #wall(at: number): number {
    return at + this.session.clockOffset;
  }
}

function pairOf(reported: Facts): ReportedPair {
  const facts = safeFacts(reported);
  const text = (...names: string[]) =>
    names.flatMap((name) => (typeof facts[name] === 'string' ? [facts[name]] : [])).join(' ');
  const { roundTripMs, relayProtocol } = facts;
  const via = typeof relayProtocol === 'string' ? ` (by ${relayProtocol})` : '';
  return {
    local: text('localType', 'localProtocol', 'localAddress') + via,
    remote: text('localProtocol', 'remoteAddress'),
    // A relay behind address translation is seen under another address, and so is of another type.
    relayed: facts['localType'] === 'relay' || relayProtocol !== undefined,
    roundTripMs: typeof roundTripMs === 'number' ? roundTripMs : null,
  };
}
