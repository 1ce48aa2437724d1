// One up or one down peer connection of a browser: its endpoint on the media server, and its candidates both ways.
// Knows nothing of streams or rooms; may be opened again, which replaces the endpoint.
import type { Candidate, LegStep } from '@parley/protocol';
import type { Logger } from 'pino';
import { tellState } from '../continuity/leg-state.ts';
import type { HeldLeg } from '../continuity/live-state.ts';
import { MediaServerError } from '../kurento/errors.ts';
import { isObject } from '../kurento/kurento-connection.ts';
import type { JsonObject, MediaServer } from '../kurento/media-server.ts';
import { Refusal, UNKNOWN_OPERATION } from '../refusal.ts';
import { belongsTo, CandidateInbox, MAX_CANDIDATES, tooManyCandidates } from './candidate-inbox.ts';
import { ufragOf } from './offer.ts';
import { createTagged, releaseLogged, type Tags } from './tagged.ts';

/** The events of an endpoint that tell how its leg fares (kurento.md, section 4). */
export const LEG_EVENTS = {
  ice: 'IceComponentStateChanged',
  connection: 'ConnectionStateChanged',
  dtls: 'DtlsConnectionStateChange',
  flowOut: 'MediaFlowOutStateChanged',
} as const;
export type LegEvent = (typeof LEG_EVENTS)[keyof typeof LEG_EVENTS];

export interface LegOptions {
  mediaServer: MediaServer;
  direction: 'up' | 'down';
  tags: Tags;
  log: Logger;
  /** The endpoint exists, or is negotiated. */
  onStep?: (step: LegStep) => void;
  /** A candidate of the media server for the browser. */
  onCandidate: (candidate: Candidate) => void;
  /** The events of the present endpoint that the owner wants to hear of. */
  events: Partial<Record<LegEvent, (data: JsonObject) => void>>;
}

export class Leg {
  readonly #options: LegOptions;
  readonly #inbox = new CandidateInbox();
  #endpoint: string | undefined;
  /**
   * Of the offer that the endpoint has processed: its user fragment (`undefined`: it had none), and how many candidates
   * were applied since.
   */
  #negotiated: { ufrag: string | undefined; applied: number } | undefined;
  #opening: Promise<string> | undefined;
  /** How often it was opened: the endpoint of an older one must not take the place of a newer one's. */
  #openings = 0;
  #closed = false;

  constructor(options: LegOptions) {
    this.#options = options;
  }

  /** The endpoint's id while there is one. */
  get endpoint(): string | undefined {
    return this.#endpoint;
  }

  /** Whether its endpoint has processed an offer. */
  get negotiated(): boolean {
    return this.#negotiated !== undefined;
  }

  /** The latest result of `open`. */
  get opening(): Promise<string> | undefined {
    return this.#opening;
  }

  /** What the next life of this server needs to have this leg; undefined while it is not negotiated. */
  get held(): HeldLeg | undefined {
    if (this.#endpoint === undefined || !this.#negotiated) return undefined;
    return { endpoint: this.#endpoint, ufrag: this.#negotiated.ufrag };
  }

  /**
   * Takes over an endpoint that a former life of this server negotiated. On failure nothing is left.
   * @throws MediaServerError, such as when there is no such endpoint any more
   */
  async adopt({ endpoint, ufrag }: HeldLeg): Promise<void> {
    const { mediaServer, events, onStep } = this.#options;
    this.#endpoint = endpoint;
    try {
      await this.#subscribe(endpoint);
      this.#negotiated = { ufrag, applied: 0 };
      onStep?.('negotiated');
      await tellState(mediaServer, endpoint, events);
    } catch (error) {
      await this.drop(endpoint);
      throw error;
    }
  }

  /**
   * Takes a candidate of the browser, before or after its endpoint exists.
   * @throws Refusal ('too-many-requests') when there are more than any browser has
   */
  addCandidate(candidate: Candidate): void {
    // The end of gathering (RFC 8838, section 13): nothing that the media server would act upon.
    if (this.#closed || candidate.candidate === '') return;
    if (!this.#negotiated || !belongsTo(candidate, this.#negotiated.ufrag)) this.#inbox.keep(candidate);
    else if (this.#negotiated.applied++ < MAX_CANDIDATES) this.#apply(candidate);
    else throw tooManyCandidates();
  }

  /**
   * Creates the endpoint in the pipeline, replacing a former one, and gives its answer. On failure nothing is left.
   * @param connect connects the new endpoint with its neighbours, before the offer is processed
   * @throws MediaServerError; Refusal when the leg was closed, or opened again, meanwhile
   */
  open(pipeline: string, sdpOffer: string, connect: (endpoint: string) => Promise<unknown>): Promise<string> {
    this.#openings++;
    const opening = this.#open(pipeline, sdpOffer, connect);
    this.#opening = opening;
    return opening;
  }

  /**
   * Gives the endpoint new ICE credentials and candidates, and answers the offer of a browser that did the same. On failure
   * the endpoint stays as it was.
   * @param via `tcp`: the answer has only candidates of that
   * @throws Refusal ('unknown-stream': there is nothing to restart; 'not-supported'); MediaServerError
   */
  async restartIce(sdpOffer: string, via: 'any' | 'tcp'): Promise<string> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || !this.#negotiated) throw Refusal.unknownStream();
    const answer = await this.#restart(endpoint, { offer: sdpOffer, via });
    if (endpoint !== this.#endpoint) throw Refusal.streamEnded();
    const ufrag = ufragOf(sdpOffer);
    this.#negotiated = { ufrag, applied: 0 };
    for (const candidate of this.#inbox.take(ufrag)) this.#apply(candidate);
    return String(answer);
  }

  /** Releases the endpoint, if there is one (and it is still the one that is named). The leg can be opened again. */
  async drop(expected = this.#endpoint): Promise<void> {
    if (expected === undefined || expected !== this.#endpoint) return;
    this.#endpoint = undefined;
    this.#negotiated = undefined;
    await releaseLogged(this.#options.mediaServer, expected, this.#options.log);
  }

  /**
   * Ends the leg; idempotent. `with-pipeline`: its pipeline is released already, so nothing is left and nothing can come
   * to be. `alone`: resolves when that is so.
   */
  async close(released: 'with-pipeline' | 'alone' = 'alone'): Promise<void> {
    this.#closed = true;
    // The failure of an opening that is under way was told to whoever asked for it; here only its end matters.
    if (released === 'alone') await Promise.allSettled([this.drop(), this.#opening]);
    this.#endpoint = undefined;
    this.#negotiated = undefined;
  }

  async #open(
    pipeline: string,
    sdpOffer: string,
    connect: (endpoint: string) => Promise<unknown>,
  ): Promise<string> {
    const { mediaServer, direction, tags, log } = this.#options;
    const turn = this.#openings;
    await this.drop();
    const only = direction === 'up' ? { recvonly: true } : { sendonly: true };
    const params = { mediaPipeline: pipeline, ...only };
    const endpoint = await createTagged(mediaServer, 'WebRtcEndpoint', params, tags, log);
    if (this.#closed || turn !== this.#openings) {
      await releaseLogged(mediaServer, endpoint, log);
      throw Refusal.streamEnded();
    }
    this.#endpoint = endpoint;
    this.#options.onStep?.('endpoint-ready');
    try {
      await this.#subscribe(endpoint);
      await connect(endpoint);
      const answer = await mediaServer.invoke(endpoint, 'processOffer', { offer: sdpOffer });
      const ufrag = ufragOf(sdpOffer);
      this.#negotiated = { ufrag, applied: 0 };
      this.#options.onStep?.('negotiated');
      for (const candidate of this.#inbox.take(ufrag)) this.#apply(candidate);
      await mediaServer.invoke(endpoint, 'gatherCandidates');
      return String(answer);
    } catch (error) {
      await this.drop(endpoint);
      throw error;
    }
  }

  /** `restartIce` is of the module `parley`: the original media server does not have it. */
  async #restart(endpoint: string, params: JsonObject): Promise<unknown> {
    try {
      return await this.#options.mediaServer.invoke(endpoint, 'restartIce', params);
    } catch (error) {
      const unknown = error instanceof MediaServerError && error.code === UNKNOWN_OPERATION;
      throw unknown ? Refusal.notSupported() : error;
    }
  }

  async #subscribe(endpoint: string): Promise<void> {
    const { mediaServer, events, onCandidate } = this.#options;
    const whenPresent = (handler: (data: JsonObject) => void) => (data: JsonObject) => {
      if (!this.#closed && this.#endpoint === endpoint) handler(data);
    };
    await Promise.all([
      mediaServer.subscribe(
        endpoint,
        'IceCandidateFound',
        whenPresent((data) => {
          const candidate = candidateOf(data);
          if (candidate) onCandidate(candidate);
        }),
      ),
      ...Object.entries(events).map(([event, handler]) =>
        mediaServer.subscribe(endpoint, event, whenPresent(handler)),
      ),
    ]);
  }

  /** Sent in order and not waited for: one bad candidate (a name that does not resolve) must not end a leg. */
  #apply({ candidate, sdpMid, sdpMLineIndex }: Candidate): void {
    const { mediaServer, log } = this.#options;
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const value = {
      __module__: 'kurento',
      __type__: 'IceCandidate',
      candidate,
      sdpMid: sdpMid ?? '',
      sdpMLineIndex: sdpMLineIndex ?? 0,
    };
    mediaServer
      .invoke(endpoint, 'addIceCandidate', { candidate: value })
      .catch((err: unknown) => log.debug({ err, endpoint }, 'a candidate was not accepted'));
  }
}

function candidateOf(data: JsonObject): Candidate | undefined {
  const { candidate, sdpMid, sdpMLineIndex } = isObject(data['candidate']) ? data['candidate'] : {};
  if (typeof candidate !== 'string') return undefined;
  return {
    candidate,
    ...(typeof sdpMid === 'string' ? { sdpMid } : {}),
    ...(typeof sdpMLineIndex === 'number' ? { sdpMLineIndex } : {}),
  };
}
