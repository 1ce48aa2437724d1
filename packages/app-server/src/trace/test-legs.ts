// How far the two legs of one browser's audio/video test have got, from what the media server tells. Decides nothing: the
// deadlines of a test are its processor's.
import { LegProgress, type LegStep, type TraceLeg } from '@parley/protocol';
import type { JsonObject } from '../kurento/media-server.ts';
import type { LegReport } from './traced-session.ts';

export type TestLegKind = 'testRecord' | 'testPlayback';

/** A test has nobody but whose browser it is, who is in no room as a rule. */
export function testLeg(kind: TestLegKind): TraceLeg {
  return { kind, participant: null };
}

export class TestLegs {
  readonly #legs = new Map<TestLegKind, LegProgress>();

  /** A test begins, perhaps another one. */
  begun(kind: TestLegKind): void {
    const now = performance.now();
    const progress = new LegProgress(kind === 'testRecord' ? 'up' : 'down', now);
    progress.reached('permitted', now);
    this.#legs.set(kind, progress);
  }

  reached(kind: TestLegKind, step: LegStep): void {
    this.#legs.get(kind)?.reached(step, performance.now());
  }

  /** What the leg's endpoint tells of ICE, DTLS and media, by event. */
  eventsOf(kind: TestLegKind) {
    return {
      IceComponentStateChanged: ({ state }: JsonObject) => {
        if (state === 'CONNECTED' || state === 'READY') this.reached(kind, 'ice-connected');
      },
      DtlsConnectionStateChange: ({ state }: JsonObject) => {
        if (state === 'CONNECTED') this.reached(kind, 'dtls-connected');
      },
      MediaFlowOutStateChanged: ({ state }: JsonObject) => {
        if (state === 'FLOWING' && kind === 'testRecord') this.reached(kind, 'media-arriving');
      },
    };
  }

  /** The test ended before the leg was confirmed: what it did not reach is what was wrong. */
  failed(kind: TestLegKind): void {
    const progress = this.#legs.get(kind);
    const cause = progress?.overdue(Infinity);
    if (cause) progress?.fail(cause);
  }

  /** @param name of whose browser it is; null before joining */
  reports(name: string | null, endpointOf: (kind: TestLegKind) => string | undefined): LegReport[] {
    return [...this.#legs].map(([kind, { status, history }]) => ({
      leg: testLeg(kind),
      participantName: name,
      status,
      steps: history,
      endpoint: endpointOf(kind),
    }));
  }
}
