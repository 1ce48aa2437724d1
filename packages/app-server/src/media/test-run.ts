// One run of a test: what it holds on the media server, and that it ends once. Which run does what is the processor's.
import type { Logger } from 'pino';
import type { MediaServer } from '../kurento/media-server.ts';
import { Refusal } from '../refusal.ts';
import type { Leg } from './leg.ts';
import type { Recorder } from './recorder.ts';
import { createTagged, releaseLogged, type Tags } from './tagged.ts';

export type TestKind = 'testRecord' | 'testPlayback';

export class TestRun {
  readonly kind: TestKind;
  readonly leg: Leg;
  readonly #mediaServer: MediaServer;
  readonly #log: Logger;
  readonly #onEnded: () => void;
  recorder: Recorder | undefined;
  /** When media reached the recorder, in ms of `performance.now()`. */
  recordingSince: number | undefined;
  /** Whether the recorder's file is; known at the end. */
  complete = false;
  #pipeline: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settingUp: Promise<unknown> | undefined;
  #ending: Promise<void> | undefined;

  constructor(kind: TestKind, leg: Leg, mediaServer: MediaServer, log: Logger, onEnded: () => void) {
    this.kind = kind;
    this.leg = leg;
    this.#mediaServer = mediaServer;
    this.#log = log;
    this.#onEnded = onEnded;
  }

  static stopped(): Refusal {
    return Refusal.tooManyRequests('the test was stopped meanwhile');
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Runs the steps that set the run up; the end waits for them, so that nothing comes to be after it. */
  setUp<Result>(steps: () => Promise<Result>): Promise<Result> {
    const settingUp = steps();
    this.#settingUp = settingUp;
    return settingUp;
  }

  /** @throws MediaServerError; Refusal when the run has ended meanwhile */
  async createPipeline(tags: Tags): Promise<string> {
    this.#pipeline = await createTagged(this.#mediaServer, 'MediaPipeline', {}, tags, this.#log);
    if (!this.ended) return this.#pipeline;
    await releaseLogged(this.#mediaServer, this.#pipeline, this.#log);
    throw TestRun.stopped();
  }

  /** One timer per run: a later call replaces an earlier one, and none fires after the end. */
  after(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    if (!this.ended) this.#timer = setTimeout(action, ms);
  }

  /** Completes the file, if there is one, and releases everything; idempotent. Never rejects. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    this.complete = (await this.recorder?.stop()) ?? false;
    await this.leg.drop();
    if (this.#pipeline !== undefined) await releaseLogged(this.#mediaServer, this.#pipeline, this.#log);
    // Its failure was told to whoever asked for it; here only its end matters.
    await Promise.allSettled([this.#settingUp]);
    this.#onEnded();
  }
}
