// One browser's part in the traces: its requests and what it is told, as far as they concern a stream or a test.
import {
  requests,
  StreamId,
  TestingProgram,
  type Leg,
  type NotificationName,
  type NotificationParams,
  type RequestName,
  type TraceLeg,
} from '@parley/protocol';
import { isObject } from '../kurento/kurento-connection.ts';
import { refusalFor } from '../refusal.ts';
import type { Browser } from '../signalling/browser.ts';
import { factsOf, type Facts } from './facts.ts';
import { signallingFindings, type BrowserWay } from './findings.ts';
import type { OpenEntry, SessionTracer } from './session-tracer.ts';
import type { NewEntry } from './span-attributes.ts';
import { testLeg } from './test-legs.ts';
import type { Tracing } from './tracing.ts';

export interface BrowserTracerOptions {
  tracing: Tracing;
  browser: Pick<Browser, 'participant' | 'tests' | 'connected'>;
  way: BrowserWay;
}

/** Where in a trace a message belongs. */
interface Place {
  readonly tracer: SessionTracer;
  readonly leg: TraceLeg | null;
}

/** Requests that name a stream and concern its up leg; all others that name one concern a down leg. */
const OF_UP_LEG: ReadonlySet<RequestName> = new Set(['startBroadcast', 'stopBroadcast', 'setMuted']);

const OF_TEST_RECORD: ReadonlySet<string> = new Set(['startTestRecord', 'testTick', 'testRecorded']);
const OF_TEST_PLAYBACK: ReadonlySet<string> = new Set(['startTestPlayback', 'testPlayed']);
const OF_TEST: ReadonlySet<string> = new Set(['requestTest', 'stopTest', 'testFailed']);

export class BrowserTracer {
  readonly #options: BrowserTracerOptions;

  constructor(options: BrowserTracerOptions) {
    this.#options = options;
  }

  /** Fulfils a request, and writes down how that went. @param attempt 2 and more: sent before without having arrived */
  async request<Result>(
    name: RequestName,
    params: Facts,
    attempt: number,
    fulfil: () => Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    const entry = this.#open(this.#placeOf(name, params), name, params, attempt, startedAt);
    try {
      const result = await fulfil();
      if (entry) entry.end(this.#options.browser.connected ? 'ok' : 'lost');
      else if (name === 'requestBroadcast' && isObject(result))
        this.#open(this.#permitted(result), name, params, attempt, startedAt)?.end('ok');
      return result;
    } catch (error) {
      entry?.end('refused', { reason: refusalFor(error).reason });
      throw error;
    }
  }

  /** What is being fulfilled, or was answered already, was asked again. */
  repeated(method: string, params: unknown, attempt: number): void {
    if (!Object.hasOwn(requests, method)) return;
    const name = method as RequestName;
    const parsed = requests[name].params.safeParse(params ?? {});
    const place = parsed.success && this.#placeOf(name, parsed.data);
    if (place) place.tracer.note(this.#entry(place, name, { attempt }, 'retry'));
  }

  notified<Name extends NotificationName>(name: Name, params: NotificationParams<Name>): void {
    const place = this.#placeTold(name, params);
    if (!place) return;
    const { tracer, leg } = place;
    tracer.note({
      from: 'app-server',
      to: 'browser',
      kind: 'notification',
      name,
      leg,
      facts: factsOf(params),
    });
  }

  #open(
    place: Place | undefined,
    name: RequestName,
    params: Facts,
    attempt: number,
    startedAt: number,
  ): OpenEntry | undefined {
    if (!place) return undefined;
    const { participant } = this.#options.browser;
    if (participant) place.tracer.session.participants.add(participant.id);
    for (const finding of signallingFindings(this.#options.way)) place.tracer.session.found(finding);
    const status = isObject(params['status']) ? params['status'] : {};
    const facts = { ...factsOf({ ...params, ...status }), ...(attempt > 1 ? { attempt } : {}) };
    return place.tracer.open(this.#entry(place, name, facts, attempt > 1 ? 'retry' : 'request'), startedAt);
  }

  #entry({ leg }: Place, name: string, facts: Facts, kind: 'request' | 'retry'): NewEntry {
    return { from: 'browser', to: 'app-server', kind, name, leg, facts };
  }

  #placeOf(name: RequestName, params: Facts): Place | undefined {
    const { leg, stream } = params;
    // It fills the trace, and is no part of it.
    if (name === 'reportTrace') return undefined;
    if (isObject(leg)) return this.#placeOfLeg(leg as Leg);
    if (typeof stream !== 'string') return this.#placeInTest(name, params);
    const kind = OF_UP_LEG.has(name) ? 'up' : 'down';
    return this.#placeOfLeg({ kind, stream: stream as StreamId });
  }

  /** Of a stream only in the participant's own room: nobody writes into what is none of their business. */
  #placeOfLeg(leg: Leg): Place | undefined {
    const { participant, tests } = this.#options.browser;
    if (leg.kind === 'testRecord' || leg.kind === 'testPlayback')
      return tests.trace && { tracer: tests.trace, leg: testLeg(leg.kind) };
    const tracer = this.#options.tracing.find(leg.stream);
    if (!participant || !tracer || tracer.session.room !== participant.room.id) return undefined;
    return { tracer, leg: { kind: leg.kind, participant: participant.id } };
  }

  #placeInTest(name: string, params: Facts = {}): Place | undefined {
    const { tests } = this.#options.browser;
    const kind = OF_TEST_RECORD.has(name)
      ? 'testRecord'
      : OF_TEST_PLAYBACK.has(name)
        ? 'testPlayback'
        : undefined;
    if (kind === undefined && !OF_TEST.has(name)) return undefined;
    const begins = name === 'requestTest' || name === 'startTestRecord';
    const by = TestingProgram.safeParse(params['by']).data;
    const tracer = begins ? tests.beginTrace(this.#options.browser.participant, by) : tests.trace;
    return tracer && { tracer, leg: kind === undefined ? null : testLeg(kind) };
  }

  /** The session that a permission began. */
  #permitted({ stream }: Facts): Place | undefined {
    const id = isObject(stream) ? StreamId.safeParse(stream['id']) : undefined;
    return id?.success ? this.#placeOfLeg({ kind: 'up', stream: id.data }) : undefined;
  }

  #placeTold(name: NotificationName, params: Facts): Place | undefined {
    const { participant } = this.#options.browser;
    const { leg, stream } = params;
    if (isObject(leg)) return this.#placeOfLeg(leg as Leg);
    const id = isObject(stream) ? stream['id'] : stream;
    if (typeof id !== 'string') return this.#placeInTest(name);
    const tracer = this.#options.tracing.find(id);
    if (!participant || !tracer) return undefined;
    const own = tracer.session.participant.id === participant.id;
    // Everybody is told the same: once is enough.
    if (name === 'ledger' && !own) return undefined;
    return { tracer, leg: { kind: own ? 'up' : 'down', participant: participant.id } };
  }
}
