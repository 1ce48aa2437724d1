// The path checks of one browser: an endpoint connected to itself, so that the browser sees whether what it sends over one
// path comes back. One at a time, and never for long; needs no room.
import { PATH_CHECK_SECONDS, StreamId } from '@parley/protocol';
import type { Logger } from 'pino';
import type { MediaServer } from '../kurento/media-server.ts';
import { OWNER_TAG } from '../kurento/orphans.ts';
import { newId } from '../new-id.ts';
import { Refusal } from '../refusal.ts';
import { createTagged, releaseLogged, type Tags } from './tagged.ts';
import type { TestSlots } from './test-slots.ts';

/** At once, of all browsers together: each sends itself a picture. */
export const MAX_PATH_CHECKS = 20;
/** Of one address, so that nobody takes all of them. */
export const MAX_PATH_CHECKS_OF_ADDRESS = 4;

/** How long the media server may take to find its own addresses, in ms, before the answer goes without the rest. */
export const GATHERING_DEADLINE_MS = 3_000;

export interface PathChecksOptions {
  mediaServer: MediaServer;
  installation: string;
  /** Names this browser in the tags. */
  browser: string;
  slots: TestSlots;
  /** Whose checks they are. */
  address: string;
  log: Logger;
}

export class PathChecks {
  readonly #options: PathChecksOptions;
  #run: PathCheck | undefined;
  #closed = false;

  constructor(options: PathChecksOptions) {
    this.#options = options;
  }

  /**
   * Replaces the check that runs, and gives the answer with the media server's candidates in it.
   * @throws Refusal ('too-many-requests' and others); MediaServerError; nothing is left then
   */
  async start(sdpOffer: string): Promise<string> {
    await this.stop();
    const { mediaServer, slots, address, installation, browser, log } = this.#options;
    if (this.#closed) throw Refusal.invalidMessage('the connection is closed');
    if (!mediaServer.available) throw Refusal.mediaServerUnreachable();
    if (!slots.take(address))
      throw Refusal.tooManyRequests('too many checks are running, try again in a minute');
    const tags = {
      [OWNER_TAG]: installation,
      stream: newId(StreamId),
      participant: browser,
      room: 'check',
      kind: 'pathCheck',
    };
    const run: PathCheck = new PathCheck(mediaServer, tags, log, () => {
      slots.give(address);
      if (this.#run === run) this.#run = undefined;
    });
    this.#run = run;
    return run.open(sdpOffer);
  }

  /** Ends the check that runs, if one does; resolves when nothing of it is left. Never rejects. */
  async stop(): Promise<void> {
    await this.#run?.end();
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed = true;
    return this.stop();
  }
}

class PathCheck {
  readonly #mediaServer: MediaServer;
  readonly #tags: Tags;
  readonly #log: Logger;
  readonly #onEnded: () => void;
  readonly #limit: NodeJS.Timeout;
  #pipeline: string | undefined;
  #opening: Promise<string> | undefined;
  #onEnd: () => void = () => undefined;
  #ending: Promise<void> | undefined;

  constructor(mediaServer: MediaServer, tags: Tags, log: Logger, onEnded: () => void) {
    this.#mediaServer = mediaServer;
    this.#tags = tags;
    this.#log = log;
    this.#onEnded = onEnded;
    this.#limit = setTimeout(() => void this.end(), PATH_CHECK_SECONDS * 1_000);
  }

  /** @throws MediaServerError; Refusal when the check was ended meanwhile */
  async open(sdpOffer: string): Promise<string> {
    this.#opening = this.#open(sdpOffer);
    try {
      const answer = await this.#opening;
      if (this.#ending) throw stopped();
      return answer;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Idempotent; resolves when nothing is left on the media server. Never rejects. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #open(sdpOffer: string): Promise<string> {
    const mediaServer = this.#mediaServer;
    const pipeline = await createTagged(mediaServer, 'MediaPipeline', {}, this.#tags, this.#log);
    if (this.#ending) {
      await releaseLogged(mediaServer, pipeline, this.#log);
      throw stopped();
    }
    this.#pipeline = pipeline;
    const params = { mediaPipeline: pipeline };
    // Released with its pipeline: what comes after the end has nothing to hang on.
    const endpoint = await createTagged(mediaServer, 'WebRtcEndpoint', params, this.#tags, this.#log);
    await mediaServer.invoke(endpoint, 'connect', { sink: endpoint });
    const answer = String(await mediaServer.invoke(endpoint, 'processOffer', { offer: sdpOffer }));
    return CANDIDATE.test(answer) ? answer : this.#withCandidates(endpoint);
  }

  /** A media server that does not know its addresses beforehand, as the original, finds them now. */
  async #withCandidates(endpoint: string): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const done = new Promise<void>((resolve) => {
      this.#onEnd = resolve;
      timer = setTimeout(resolve, GATHERING_DEADLINE_MS);
    });
    try {
      await this.#mediaServer.subscribe(endpoint, 'IceGatheringDone', () => this.#onEnd());
      await this.#mediaServer.invoke(endpoint, 'gatherCandidates');
      await done;
    } finally {
      clearTimeout(timer);
    }
    return String(await this.#mediaServer.invoke(endpoint, 'getLocalSessionDescriptor'));
  }

  async #end(): Promise<void> {
    clearTimeout(this.#limit);
    this.#onEnd();
    if (this.#pipeline !== undefined) await releaseLogged(this.#mediaServer, this.#pipeline, this.#log);
    // Its failure was told to whoever asked for it; here only its end matters.
    await Promise.allSettled([this.#opening]);
    this.#onEnded();
  }
}

/** RFC 8839, section 5.1. */
const CANDIDATE = /^a=candidate:/m;

function stopped(): Refusal {
  return Refusal.tooManyRequests('the check was stopped meanwhile');
}
