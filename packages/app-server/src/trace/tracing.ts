// Where the traces of all sessions are begun: OpenTelemetry's tracer with our own bounded store behind it, so that no
// collector is needed. Nothing of it is global.
import type { Tracer } from '@opentelemetry/api';
import { AlwaysOnSampler, BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TraceLeg } from '@parley/protocol';
import { SessionTracer } from './session-tracer.ts';
import { TraceProcessor } from './trace-processor.ts';
import { TRACE_LIMITS, TraceStore, type TraceLimits } from './trace-store.ts';
import { TracedSession, type SessionBegin } from './traced-session.ts';
import type { TurnEvent, TurnEvents } from './turn-events.ts';

export interface TracingOptions {
  limits?: TraceLimits;
  /** Get every span besides our own store, such as a `BatchSpanProcessor` with an exporter. */
  spanProcessors?: readonly SpanProcessor[] | undefined;
  turnEvents?: TurnEvents | undefined;
}

/** As many as a fact has members, with those that say whose it is. Given, because else the environment decides. */
const SPAN_LIMITS = { attributeCountLimit: 64, attributeValueLengthLimit: 256 };

export class Tracing {
  readonly store: TraceStore;
  readonly #limits: TraceLimits;
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #tracers = new WeakMap<TracedSession, SessionTracer>();
  readonly #stopTurnEvents: (() => void) | undefined;

  constructor({ limits = TRACE_LIMITS, spanProcessors = [], turnEvents }: TracingOptions = {}) {
    this.#limits = limits;
    this.store = new TraceStore(limits);
    this.#provider = new BasicTracerProvider({
      sampler: new AlwaysOnSampler(),
      spanLimits: SPAN_LIMITS,
      spanProcessors: [new TraceProcessor(this.store), ...spanProcessors],
    });
    this.#tracer = this.#provider.getTracer('parley');
    this.#stopTurnEvents = turnEvents?.((event) => this.#onTurnEvent(event));
  }

  /** Begins the trace of a session. One of the same id is replaced. */
  begin(begin: SessionBegin): SessionTracer {
    const now = performance.now();
    const session = new TracedSession(begin, this.#limits, now, Date.now() - now);
    this.store.put(session);
    const tracer = new SessionTracer(this.#tracer, session);
    this.#tracers.set(session, tracer);
    return tracer;
  }

  /** Undefined: not begun, or not kept any more. */
  find(id: string): SessionTracer | undefined {
    const session = this.store.get(id);
    return session && this.#tracers.get(session);
  }

  /** Ends what lasts still, and gives integrators' processors what they have not got yet; idempotent. */
  async close(): Promise<void> {
    this.#stopTurnEvents?.();
    for (const session of this.store.all()) this.#tracers.get(session)?.end();
    await this.#provider.shutdown();
  }

  /** Concerns each session in which the participant has a leg: one relay carries them all. */
  #onTurnEvent({ at, kind, participant, ...facts }: TurnEvent): void {
    for (const session of this.store.all()) {
      if (session.ended || !session.participants.has(participant)) continue;
      this.#tracers.get(session)?.note(
        {
          from: 'turn-server',
          to: 'turn-server',
          kind: 'state',
          name: kind,
          leg: legIn(session, participant),
          facts,
        },
        at - session.clockOffset,
      );
    }
  }
}

function legIn(session: TracedSession, participant: string): TraceLeg | null {
  if (session.kind === 'test') return null;
  const kind = session.participant.id === participant ? 'up' : 'down';
  return { kind, participant: participant as TraceLeg['participant'] };
}
