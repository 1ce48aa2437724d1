// The audio/video test of one browser: records a few seconds on the media server (flow 1) and plays them back (flow 2).
// Needs no room; its file lives as long as the browser's connection.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  StreamId,
  TEST_RECORD_SECONDS,
  type Candidate,
  type ReportedEvent,
  type TestingProgram,
} from '@parley/protocol';
import type { Logger } from 'pino';
import type { JsonObject, MediaServer } from '../kurento/media-server.ts';
import { OWNER_TAG } from '../kurento/orphans.ts';
import { newId } from '../new-id.ts';
import { Refusal } from '../refusal.ts';
import type { Notify, Participant } from '../rooms/participant.ts';
import type { SessionTracer } from '../trace/session-tracer.ts';
import { testLeg, TestLegs } from '../trace/test-legs.ts';
import { TracedMediaServer } from '../trace/traced-media-server.ts';
import type { Tracing } from '../trace/tracing.ts';
import { Leg, LEG_EVENTS } from './leg.ts';
import { checkOfferSends } from './offer.ts';
import { connectKinds, Recorder } from './recorder.ts';
import { createTagged, type Tags } from './tagged.ts';
import { TestRun, type TestKind } from './test-run.ts';
import type { TestSlots } from './test-slots.ts';

export interface TestStreamProcessorOptions {
  mediaServer: MediaServer;
  tracing: Tracing;
  installation: string;
  /** Where the test files go. */
  folder: string;
  /** Names this browser in the tags. */
  browser: string;
  slots: TestSlots;
  /** Whose test it is. */
  address: string;
  notify: Notify;
  log: Logger;
}

interface Kinds {
  audio: boolean;
  video: boolean;
}

/** How long media may take to reach the recorder, or the player's leg to connect, in ms. */
export const TEST_CONNECT_DEADLINE_MS = 15_000;

const SECOND_MS = 1_000;

/** By what names they stand in the list of sessions. */
const TESTING: Readonly<Record<TestingProgram, string>> = {
  audit: 'parley audit',
  check: 'Check page',
  doctor: 'parley doctor',
};

export class TestStreamProcessor {
  readonly #options: TestStreamProcessorOptions;
  readonly #log: Logger;
  readonly #tags: Omit<Tags, 'kind'>;
  readonly #stream = newId(StreamId);
  readonly #recordLeg: Leg;
  readonly #playbackLeg: Leg;
  #run: TestRun | undefined;
  /** The one file of this browser: what is recorded into it, and whether it is complete. */
  #file: (Kinds & { path: string; complete: boolean }) | undefined;
  #onPlaybackConnected: () => void = () => undefined;
  #trace: SessionTracer | undefined;
  readonly #mediaServer: TracedMediaServer;
  readonly #legs = new TestLegs();
  #closed = false;

  constructor(options: TestStreamProcessorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#mediaServer = new TracedMediaServer(options.mediaServer, () => this.#trace);
    this.#tags = {
      [OWNER_TAG]: options.installation,
      stream: this.#stream,
      participant: options.browser,
      room: 'test',
    };
    this.#recordLeg = this.#newLeg('testRecord', {});
    this.#playbackLeg = this.#newLeg('testPlayback', {
      [LEG_EVENTS.connection]: ({ newState }) => {
        if (newState === 'CONNECTED') this.#onPlaybackConnected();
      },
    });
  }

  /** Whom the relay knows while this browser is no participant. */
  get relayName(): string {
    return `test-${this.#options.browser}`;
  }

  /** Of all tests over this connection: they have one id on the media server. Undefined before the first. */
  get trace(): SessionTracer | undefined {
    return this.#trace;
  }

  /** @param participant whose browser it is; undefined before joining. @param by instead of a person */
  beginTrace(participant: Participant | undefined, by?: TestingProgram): SessionTracer {
    const unjoined = { id: this.relayName, name: by === undefined ? null : TESTING[by] };
    const self = participant ? { id: participant.id, name: participant.name } : unjoined;
    return (this.#trace ??= this.#options.tracing.begin({
      id: this.#stream,
      kind: 'test',
      room: null,
      participant: self,
      legs: () => this.#legs.reports(self.name, (kind) => this.#legOf(kind).endpoint),
    }));
  }

  /** What the browser saw of a leg of its own. @throws Refusal when there is no test */
  reported(kind: TestKind, events: readonly ReportedEvent[]): void {
    if (!this.#trace) throw Refusal.unknownStream();
    if (events.some(({ name }) => name === 'confirmed')) this.#legs.reached(kind, 'confirmed');
    this.#trace.reported(testLeg(kind), events);
  }

  get running(): boolean {
    return this.#run !== undefined;
  }

  /** @throws Refusal ('too-many-requests') */
  addCandidate(kind: TestKind, candidate: Candidate): void {
    this.#legOf(kind).addCandidate(candidate);
  }

  /** @throws Refusal; MediaServerError; the leg is then as it was */
  restartIce(kind: TestKind, sdpOffer: string, via: 'any' | 'tcp'): Promise<string> {
    return this.#legOf(kind).restartIce(sdpOffer, via);
  }

  /**
   * Flow 1. Replaces what was recorded or runs.
   * @throws Refusal; MediaServerError; nothing is left then
   */
  async startRecord(sdpOffer: string, kinds: Kinds): Promise<string> {
    if (!kinds.audio && !kinds.video) throw Refusal.invalidMessage('a test needs audio or video');
    checkOfferSends(sdpOffer, kinds);
    await this.#run?.end();
    await this.#removeFile();
    const run = this.#begin('testRecord');
    const path = join(this.#options.folder, `${newId(StreamId)}.webm`);
    this.#file = { ...kinds, path, complete: false };
    return this.#setUp(run, async (pipeline) => {
      const answer = await run.leg.open(pipeline, sdpOffer, () => Promise.resolve());
      const source = run.leg.endpoint;
      if (source === undefined) throw Refusal.streamEnded();
      run.recorder = await Recorder.start({
        ...kinds,
        mediaServer: this.#mediaServer.forLeg(testLeg(run.kind)),
        pipeline,
        source,
        uri: pathToFileURL(path).href,
        tags: { ...this.#tags, kind: 'recorder' },
        log: this.#log,
        onRecording: () => {
          run.recordingSince = performance.now();
          this.#legs.reached(run.kind, 'confirmed');
          this.#tick(run, 0);
        },
        // Before it was asked to: the sender went away. What there is, is recorded.
        onStopped: () => void this.#finishRecord(run),
        onError: (message) => void this.#fail(run, message),
      });
      if (run.recordingSince === undefined)
        run.after(TEST_CONNECT_DEADLINE_MS, () => void this.#fail(run, NO_MEDIA));
      return answer;
    });
  }

  /**
   * Flow 2: plays from the beginning, once the browser is connected.
   * @throws Refusal ('nothing-recorded' and others); MediaServerError; nothing is left then
   */
  async startPlayback(sdpOffer: string): Promise<string> {
    const file = this.#file;
    if (!file?.complete) throw new Refusal('nothing-recorded', 'record a test first');
    await this.#run?.end();
    const run = this.#begin('testPlayback');
    const mediaServer = this.#mediaServer.forLeg(testLeg(run.kind));
    return this.#setUp(run, async (pipeline) => {
      const params = { mediaPipeline: pipeline, uri: pathToFileURL(file.path).href };
      const tags = { ...this.#tags, kind: 'player' };
      const player = await createTagged(mediaServer, 'PlayerEndpoint', params, tags, this.#log);
      await Promise.all([
        mediaServer.subscribe(player, 'EndOfStream', () => void this.#finishPlayback(run)),
        mediaServer.subscribe(player, 'Error', ({ description }) => {
          void this.#fail(run, typeof description === 'string' ? description : 'the player failed');
        }),
      ]);
      // Before that, what is played goes nowhere, and the beginning would be lost.
      this.#onPlaybackConnected = once(() => this.#play(run, player));
      run.after(TEST_CONNECT_DEADLINE_MS, () => void this.#fail(run, 'no connection came about'));
      return run.leg.open(pipeline, sdpOffer, (endpoint) =>
        connectKinds(mediaServer, player, endpoint, file),
      );
    });
  }

  /** Ends what runs: a recording early, but complete; a playback at once. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    if (run.kind === 'testPlayback') await run.end();
    else if (run.recordingSince === undefined) await this.#fail(run, NO_MEDIA);
    else await this.#finishRecord(run);
  }

  async mediaServerLost(): Promise<void> {
    if (this.#run) await this.#fail(this.#run, 'the media server was lost');
  }

  /** Ends everything and deletes the file; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#trace?.end();
    await Promise.all([this.#recordLeg.close(), this.#playbackLeg.close(), this.#run?.end()]);
    await this.#removeFile();
  }

  #begin(kind: TestKind): TestRun {
    const { slots, address } = this.#options;
    const mediaServer = this.#mediaServer.forLeg(testLeg(kind));
    if (this.#closed) throw Refusal.invalidMessage('the connection is closed');
    if (!mediaServer.available) throw Refusal.mediaServerUnreachable();
    if (!slots.take(address))
      throw Refusal.tooManyRequests('too many tests are running, try again in a minute');
    const run: TestRun = new TestRun(kind, this.#legOf(kind), mediaServer, this.#log, () => {
      slots.give(address);
      if (this.#run === run) this.#run = undefined;
    });
    this.#run = run;
    this.#legs.begun(kind);
    return run;
  }

  async #setUp(run: TestRun, build: (pipeline: string) => Promise<string>): Promise<string> {
    try {
      return await run.setUp(async () => {
        const answer = await build(await run.createPipeline({ ...this.#tags, kind: run.kind }));
        if (!run.ended) return answer;
        // Ended while the last step was under way: what that step made was not known to `end`.
        await run.recorder?.stop();
        throw TestRun.stopped();
      });
    } catch (error) {
      this.#legs.failed(run.kind);
      await run.end();
      throw error;
    }
  }

  #tick(run: TestRun, seconds: number): void {
    if (run.ended) return;
    this.#options.notify('testTick', { seconds });
    if (seconds >= TEST_RECORD_SECONDS) void this.#finishRecord(run);
    else run.after(SECOND_MS, () => this.#tick(run, seconds + 1));
  }

  async #finishRecord(run: TestRun): Promise<void> {
    if (run.ended) return run.end();
    const file = this.#file;
    const seconds = (performance.now() - (run.recordingSince ?? performance.now())) / SECOND_MS;
    await run.end();
    if (!file || this.#closed) return;
    if (!run.complete) {
      this.#options.notify('testFailed', { message: 'the recording could not be completed' });
      return;
    }
    file.complete = true;
    this.#options.notify('testRecorded', { seconds: Math.min(seconds, TEST_RECORD_SECONDS) });
  }

  async #finishPlayback(run: TestRun): Promise<void> {
    if (run.ended) return;
    this.#legs.reached(run.kind, 'media-arriving');
    await run.end();
    if (!this.#closed) this.#options.notify('testPlayed', {});
  }

  async #fail(run: TestRun, message: string): Promise<void> {
    if (run.ended) return;
    this.#log.info({ message, test: run.kind }, 'a test failed');
    this.#legs.failed(run.kind);
    await run.end();
    if (!this.#closed) this.#options.notify('testFailed', { message });
  }

  #play(run: TestRun, player: string): void {
    if (run.ended) return;
    run.after(MAX_PLAYBACK_MS, () => void this.#fail(run, 'the playback did not end'));
    this.#mediaServer
      .forLeg(testLeg(run.kind))
      .invoke(player, 'play')
      .catch((err: unknown) => {
        this.#log.warn({ err }, 'the player does not play');
        return this.#fail(run, 'the recording cannot be played');
      });
  }

  #legOf(kind: TestKind): Leg {
    return kind === 'testRecord' ? this.#recordLeg : this.#playbackLeg;
  }

  #newLeg(kind: TestKind, events: Partial<Record<string, (data: JsonObject) => void>>): Leg {
    const { notify } = this.#options;
    return new Leg({
      mediaServer: this.#mediaServer.forLeg(testLeg(kind)),
      onStep: (step) => this.#legs.reached(kind, step),
      direction: kind === 'testRecord' ? 'up' : 'down',
      tags: { ...this.#tags, kind },
      log: this.#log.child({ leg: kind }),
      onCandidate: (candidate) => notify('candidate', { leg: { kind }, candidate }),
      events: { ...this.#legs.eventsOf(kind), ...events },
    });
  }

  async #removeFile(): Promise<void> {
    const path = this.#file?.path;
    this.#file = undefined;
    if (path === undefined) return;
    try {
      await rm(path, { force: true });
    } catch (err) {
      this.#log.warn({ err, path }, 'a test file could not be deleted');
    }
  }
}

const NO_MEDIA = 'no picture or sound arrived at the server';

/** A test is at most `TEST_RECORD_SECONDS` long; a player that needs much longer is stuck, in ms. */
const MAX_PLAYBACK_MS = 30_000;

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
