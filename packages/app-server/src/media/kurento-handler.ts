// Routes a browser's media messages to the stream processor or its test processor, and checks, here and nowhere else,
// that what they name is theirs or in their room.
import type { RequestName, RequestParams, RequestResult, StreamId } from '@parley/protocol';
import { TEST_RECORD_SECONDS } from '@parley/protocol';
import { RateLimit } from '../http/rate-limit.ts';
import { Refusal } from '../refusal.ts';
import type { Participant } from '../rooms/participant.ts';
import type { IceServers } from './ice-servers.ts';
import type { PathChecks } from './path-checks.ts';
import type { StreamProcessor } from './stream-processor.ts';
import type { Stream } from './stream.ts';
import type { TestStreamProcessor } from './test-stream-processor.ts';

export interface KurentoHandlerOptions {
  streams: StreamProcessor;
  tests: TestStreamProcessor;
  pathChecks: PathChecks;
  iceServers: IceServers;
  /** Who this browser is at the moment; undefined while in no room. */
  participant(): Participant | undefined;
}

/**
 * How much one leg may tell for its session's trace, in events: far more than establishing it many times gives, and too little
 * to push what others did out of the trace.
 */
export const TOLD_EVENTS = { burst: 256, refillMs: 500 };

type Answer<Name extends RequestName> = Promise<RequestResult<Name>>;

export class KurentoHandler {
  readonly #streams: StreamProcessor;
  readonly #tests: TestStreamProcessor;
  readonly #pathChecks: PathChecks;
  readonly #iceServers: IceServers;
  readonly #participant: () => Participant | undefined;
  readonly #told = new RateLimit(TOLD_EVENTS);

  constructor(options: KurentoHandlerOptions) {
    this.#streams = options.streams;
    this.#tests = options.tests;
    this.#pathChecks = options.pathChecks;
    this.#iceServers = options.iceServers;
    this.#participant = () => options.participant();
  }

  async requestBroadcast(params: RequestParams<'requestBroadcast'>): Answer<'requestBroadcast'> {
    const self = this.#self();
    const stream = this.#streams.permit(self, params);
    return { stream: stream.describe(), iceServers: this.#iceServers.for(self.id) };
  }

  async startBroadcast(params: RequestParams<'startBroadcast'>): Answer<'startBroadcast'> {
    return { sdpAnswer: await this.#streams.start(this.#own(params.stream), params.sdpOffer) };
  }

  async stopBroadcast({ stream }: RequestParams<'stopBroadcast'>): Answer<'stopBroadcast'> {
    await this.#streams.stop(this.#own(stream), 'stopped', this.#self());
    return {};
  }

  async setMuted({ stream, muted }: RequestParams<'setMuted'>): Answer<'setMuted'> {
    this.#streams.setMuted(this.#own(stream), muted);
    return {};
  }

  async watch({ stream, sdpOffer }: RequestParams<'watch'>): Answer<'watch'> {
    return { sdpAnswer: await this.#others(stream).watch(this.#self(), sdpOffer) };
  }

  async unwatch({ stream }: RequestParams<'unwatch'>): Answer<'unwatch'> {
    await this.#others(stream).unwatch(this.#self().id);
    return {};
  }

  async restartIce({ leg, sdpOffer, via }: RequestParams<'restartIce'>): Answer<'restartIce'> {
    // A relay is reached by UDP or TCP, and to the media server it is a browser like any other.
    const reachedBy = via === 'tcp' ? 'tcp' : 'any';
    switch (leg.kind) {
      case 'up':
        return { sdpAnswer: await this.#own(leg.stream).restartUpIce(sdpOffer, reachedBy) };
      case 'down':
        return {
          sdpAnswer: await this.#others(leg.stream).restartDownIce(this.#self(), sdpOffer, reachedBy),
        };
      default:
        return { sdpAnswer: await this.#tests.restartIce(leg.kind, sdpOffer, reachedBy) };
    }
  }

  async addCandidate({ leg, candidate }: RequestParams<'addCandidate'>): Answer<'addCandidate'> {
    switch (leg.kind) {
      case 'up':
        this.#own(leg.stream).addUpCandidate(candidate);
        break;
      case 'down':
        this.#others(leg.stream).addDownCandidate(this.#self(), candidate);
        break;
      default:
        this.#tests.addCandidate(leg.kind, candidate);
    }
    return {};
  }

  async reportLeg({ leg, status }: RequestParams<'reportLeg'>): Answer<'reportLeg'> {
    if (leg.kind === 'up') this.#own(leg.stream).ledger.upReported(status);
    else this.#others(leg.stream).ledger.viewerReported(this.#self().id, status);
    return {};
  }

  async renewIceServers(): Answer<'renewIceServers'> {
    const self = this.#participant();
    return self ? this.#iceServers.renew(self.id) : this.#iceServers.renewForTest(this.#tests.relayName);
  }

  /** What is too much is left out without a word: it is of no use, and the leg goes on. */
  async reportTrace({ leg, events: all }: RequestParams<'reportTrace'>): Answer<'reportTrace'> {
    const name = 'stream' in leg ? `${leg.kind} ${leg.stream}` : leg.kind;
    const events = all.filter(() => this.#told.take(name, performance.now()));
    if (leg.kind === 'testRecord' || leg.kind === 'testPlayback') this.#tests.reported(leg.kind, events);
    else {
      const stream = leg.kind === 'up' ? this.#own(leg.stream) : this.#others(leg.stream);
      stream.trace.reported({ kind: leg.kind, participant: this.#self().id }, events);
    }
    return {};
  }

  async requestTest(): Answer<'requestTest'> {
    return { iceServers: this.#iceServers.forTest(this.#participant()?.id ?? this.#tests.relayName) };
  }

  async startTestRecord(params: RequestParams<'startTestRecord'>): Answer<'startTestRecord'> {
    const { sdpOffer, audio, video } = params;
    const sdpAnswer = await this.#tests.startRecord(sdpOffer, { audio, video });
    return { sdpAnswer, seconds: TEST_RECORD_SECONDS };
  }

  async startTestPlayback(params: RequestParams<'startTestPlayback'>): Answer<'startTestPlayback'> {
    return { sdpAnswer: await this.#tests.startPlayback(params.sdpOffer) };
  }

  async stopTest(): Answer<'stopTest'> {
    await this.#tests.stop();
    return {};
  }

  async startPathCheck({ sdpOffer }: RequestParams<'startPathCheck'>): Answer<'startPathCheck'> {
    return { sdpAnswer: await this.#pathChecks.start(sdpOffer) };
  }

  async stopPathCheck(): Answer<'stopPathCheck'> {
    await this.#pathChecks.stop();
    return {};
  }

  #self(): Participant {
    const participant = this.#participant();
    if (!participant) throw Refusal.notInARoom();
    return participant;
  }

  /** A stream of this participant. One that exists in another room is as unknown as one that does not exist. */
  #own(id: StreamId): Stream {
    const self = this.#self();
    const stream = self.room.streams.get(id);
    if (stream?.owner === self) return stream;
    // What others only prepare is not yet anybody's business.
    throw stream?.state === 'running' ? Refusal.notYours() : Refusal.unknownStream();
  }

  /** A running stream of somebody else in this participant's room. */
  #others(id: StreamId): Stream {
    const self = this.#self();
    const stream = self.room.streams.get(id);
    if (!stream || stream.state !== 'running' || stream.owner === self) throw Refusal.unknownStream();
    return stream;
  }
}
