// Shows the sessions as the administration's API gives them: what the store has, and what the media server tells of the
// legs that are there. Asks the media server only when somebody wants to know.
import { LegDiagnosis, type SessionSummary, type SessionTrace, type TracedLeg } from '@parley/protocol';
import type { Logger } from 'pino';
import { MediaServerError } from '../kurento/errors.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import { diagnosisFindings } from './findings.ts';
import type { TraceStore } from './trace-store.ts';
import type { LegReport, TracedSession } from './traced-session.ts';
import { verdictOn } from './verdict.ts';

export interface SessionInspectorOptions {
  store: TraceStore;
  /** Not a traced one: what is asked here is no part of a session. */
  mediaServer: MediaServer;
  log: Logger;
}

/** However many look, the media server is asked once in this time for each session, in ms. */
export const DIAGNOSIS_INTERVAL_MS = 1_000;

/** An administrator waits no longer for the media server's view, in ms. */
const DIAGNOSIS_DEADLINE_MS = 2_000;

type Diagnoses = ReadonlyMap<string, LegDiagnosis>;

export class SessionInspector {
  readonly #options: SessionInspectorOptions;
  /** The latest answers, by session. */
  readonly #diagnoses = new WeakMap<TracedSession, { askedAt: number; answer: Promise<Diagnoses> }>();

  constructor(options: SessionInspectorOptions) {
    this.#options = options;
  }

  /** The newest first. */
  list(): SessionSummary[] {
    return this.#options.store
      .all()
      .map((session) => summaryOf(session, session.legs()))
      .reverse();
  }

  has(id: string): boolean {
    return this.#options.store.get(id) !== undefined;
  }

  /** @param now in ms of `performance.now()` */
  async trace(id: string, now = performance.now()): Promise<SessionTrace | undefined> {
    const session = this.#options.store.get(id);
    if (!session) return undefined;
    const diagnoses = await this.#diagnosesOf(session, now);
    // Read after the media server was asked, so that all of it is of one moment.
    const reports = session.legs();
    return {
      ...summaryOf(session, reports),
      legs: reports.map((report) => tracedLeg(session, report, diagnoses)),
      entries: session.entries.all(),
      dropped: session.entries.dropped,
      findings: [...session.findings.values()],
    };
  }

  /**
   * Calls `onChange` after each change of the session and `onGone` when it is kept no longer, until the returned function is
   * called. Undefined: there is no such session.
   */
  watch(id: string, onChange: () => void, onGone: () => void): (() => void) | undefined {
    const { store } = this.#options;
    const session = store.get(id);
    if (!session) return undefined;
    const stops = [session.listen(onChange), store.onGone(id, onGone)];
    return () => stops.forEach((stop) => stop());
  }

  #diagnosesOf(session: TracedSession, now: number): Promise<Diagnoses> {
    const latest = this.#diagnoses.get(session);
    if (latest && now - latest.askedAt < DIAGNOSIS_INTERVAL_MS) return latest.answer;
    const answer = this.#askFor(session);
    this.#diagnoses.set(session, { askedAt: now, answer });
    return answer;
  }

  async #askFor(session: TracedSession): Promise<Diagnoses> {
    const diagnoses = new Map<string, LegDiagnosis>();
    await Promise.all(
      session.legs().map(async (report) => {
        const { endpoint } = report;
        const diagnosis = endpoint === undefined ? undefined : await this.#diagnose(endpoint);
        if (endpoint === undefined || !diagnosis) return;
        diagnoses.set(endpoint, diagnosis);
        for (const finding of diagnosisFindings(nameOf(report), diagnosis)) session.found(finding);
      }),
    );
    return diagnoses;
  }

  /** Undefined: the media server does not tell, or has the endpoint no more. */
  async #diagnose(endpoint: string): Promise<LegDiagnosis | undefined> {
    const { mediaServer, log } = this.#options;
    try {
      const answer = await mediaServer.invoke(endpoint, 'getDiagnosis', {}, DIAGNOSIS_DEADLINE_MS);
      const parsed = LegDiagnosis.safeParse(answer);
      if (!parsed.success) log.warn({ issues: parsed.error.issues, endpoint }, 'a diagnosis cannot be read');
      return parsed.data;
    } catch (err) {
      if (!(err instanceof MediaServerError)) throw err;
      log.debug({ err, endpoint }, 'no diagnosis');
      return undefined;
    }
  }
}

function summaryOf(session: TracedSession, reports: readonly LegReport[]): SessionSummary {
  const legs = reports.map((report) => ({ ...report, remedies: session.remediesOf(report.leg) }));
  const own = reports.find(({ leg }) => leg.participant === session.participant.id);
  return {
    id: session.id,
    kind: session.kind,
    room: session.room,
    participantName: own?.participantName ?? session.participant.name,
    startedAt: session.startedAt,
    endedAt: session.endedAt,
    verdict: verdictOn({ kind: session.kind, ended: session.ended, legs }),
  };
}

function tracedLeg(session: TracedSession, report: LegReport, diagnoses: Diagnoses): TracedLeg {
  const { leg, participantName, status, steps, endpoint } = report;
  const pair = session.pairOf(leg);
  return {
    leg,
    participantName,
    status,
    steps: steps.map(({ step, at }) => ({ step, at: at + session.clockOffset })),
    diagnosis: (endpoint === undefined ? undefined : diagnoses.get(endpoint)) ?? null,
    relayed: pair?.relayed ?? null,
    browserPair: pair ? { local: pair.local, remote: pair.remote } : null,
    roundTripMs: pair?.roundTripMs ?? null,
  };
}

function nameOf({ leg, participantName }: LegReport): string {
  return `the ${leg.kind} leg of ${participantName ?? 'a browser'}`;
}
