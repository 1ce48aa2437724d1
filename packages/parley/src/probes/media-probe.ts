// Connects to the media port as a browser does, on each address that the media server names: an ICE check over UDP and TCP,
// and the beginning of DTLS with weak SRTP profiles only. No media is sent.
import { randomBytes } from 'node:crypto';
import type { TestingProgram } from '@parley/protocol';
import {
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  STUN_TRANSACTION_ID_LENGTH,
  buildStun,
  parseStun,
  readHelloAnswer,
  textAttribute,
  uint32Attribute,
  verifyIntegrity,
  writeHelloProbe,
  type HelloAnswer,
} from '@parley/rtc';
import { openMediaSocket, type MediaSocket } from './media-socket.ts';
import { probeOffer, readAnswer, type AnsweredCandidate, type AnsweredMedia } from './sdp-probe.ts';
import { SignallingProbe } from './signalling-probe.ts';

export interface ProbedCandidate extends AnsweredCandidate {
  readonly reached: boolean;
  /** In ms, of the ICE check; undefined when it was not reached. */
  readonly roundTripMs?: number;
  /** Why it was not reached. */
  readonly why?: string;
}

export interface MediaProbe {
  readonly candidates: readonly ProbedCandidate[];
  readonly dtlsSrtp: boolean;
  /** What the server answered to `WEAK_PROFILES`; undefined when it answered nothing or could not be reached. */
  readonly weakProfiles: HelloAnswer | undefined;
}

/**
 * Profiles that nobody should agree to (IANA, "DTLS-SRTP Protection Profiles"): those without encryption, and those whose
 * tag of 32 bits lets one forgery in four billion through.
 */
export const WEAK_PROFILES: Readonly<Record<number, string>> = {
  0x0002: 'SRTP_AES128_CM_HMAC_SHA1_32',
  0x0005: 'SRTP_NULL_HMAC_SHA1_80',
  0x0006: 'SRTP_NULL_HMAC_SHA1_32',
};

const CHECK_TIMEOUT_MS = 3_000;
const RETRANSMISSION_MS = 400;
const MAX_COOKIES = 2;

/**
 * @param url of the page
 * @param by who it is, for the list of sessions
 * @throws what `SignallingProbe` throws; Error when the answer takes no media
 */
export async function probeMedia(url: string, by: TestingProgram): Promise<MediaProbe> {
  const signalling = await SignallingProbe.open(url);
  try {
    await signalling.request('requestTest', { by });
    const offer = probeOffer();
    const started = { sdpOffer: offer.sdp, audio: true, video: false };
    const { sdpAnswer } = await signalling.request('startTestRecord', started);
    // An answer may come after it was sent, but not after the one to a later request.
    await signalling.request('ping', {});
    const media = readAnswer(sdpAnswer, signalling.candidates);
    if (media === undefined) throw new Error('the media server took no media in its answer');
    const ways = media.candidates.map((candidate) => new MediaWay(candidate, media, offer.ufrag));
    try {
      const candidates = await Promise.all(ways.map((way) => way.check()));
      const way = ways.find((_, index) => candidates[index]?.reached);
      return { candidates, dtlsSrtp: media.dtlsSrtp, weakProfiles: await way?.tryWeakProfiles() };
    } finally {
      for (const way of ways) way.close();
    }
  } finally {
    signalling.close();
  }
}

/** One candidate of the media server, and what is said to it. */
class MediaWay {
  readonly #candidate: AnsweredCandidate;
  readonly #media: AnsweredMedia;
  readonly #ownUfrag: string;
  readonly #socket: MediaSocket;
  #onMessage: (bytes: Buffer) => void = () => undefined;
  #onBroken: (why: string) => void = () => undefined;
  #broken: string | undefined;

  constructor(candidate: AnsweredCandidate, media: AnsweredMedia, ownUfrag: string) {
    this.#candidate = candidate;
    this.#media = media;
    this.#ownUfrag = ownUfrag;
    this.#socket = openMediaSocket({
      ...candidate,
      onMessage: (bytes) => this.#onMessage(bytes),
      onBroken: (why) => {
        this.#broken = why;
        this.#onBroken(why);
      },
    });
  }

  async check(): Promise<ProbedCandidate> {
    const began = performance.now();
    const checked = await this.#exchange(...iceCheck(this.#media, this.#ownUfrag, false));
    if (typeof checked === 'string') return { ...this.#candidate, reached: false, why: checked };
    return { ...this.#candidate, reached: true, roundTripMs: performance.now() - began };
  }

  /** Undefined when no answer comes. */
  async tryWeakProfiles(): Promise<HelloAnswer | undefined> {
    // The server speaks DTLS on the way that is chosen, and on no other.
    const chosen = await this.#exchange(...iceCheck(this.#media, this.#ownUfrag, true));
    if (typeof chosen === 'string') return undefined;
    const profiles = Object.keys(WEAK_PROFILES).map(Number);
    let cookie: Buffer | undefined;
    for (let cookies = 0; cookies < MAX_COOKIES; cookies++) {
      const answer = await this.#exchange(writeHelloProbe({ profiles, cookie }), readHelloAnswer);
      if (typeof answer === 'string') return undefined;
      if (answer.type !== 'cookie') return answer;
      cookie = answer.cookie;
    }
    return undefined;
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends until an answer makes sense, the way breaks, or the time is over; a text says which of the latter. */
  #exchange<Answer>(bytes: Buffer, read: (answer: Buffer) => Answer | undefined): Promise<Answer | string> {
    if (this.#broken !== undefined) return Promise.resolve(this.#broken);
    return new Promise((resolve) => {
      const settle = (answer: Answer | string) => {
        clearTimeout(deadline);
        clearInterval(again);
        resolve(answer);
      };
      const deadline = setTimeout(() => settle('no answer'), CHECK_TIMEOUT_MS);
      const again = setInterval(() => {
        if (this.#candidate.protocol === 'udp') this.#socket.send(bytes);
      }, RETRANSMISSION_MS);
      this.#onBroken = settle;
      this.#onMessage = (message) => {
        const answer = read(message);
        if (answer !== undefined) settle(answer);
      };
      this.#socket.send(bytes);
    });
  }
}

/** RFC 8445, section 7.2.2; the answer counts only when the server proves that it knows the session's password. */
function iceCheck(
  { ufrag, password }: AnsweredMedia,
  ownUfrag: string,
  nominate: boolean,
): [Buffer, (answer: Buffer) => true | undefined] {
  const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  const request = buildStun({
    messageClass: 'request',
    method: STUN_METHOD_BINDING,
    transactionId,
    attributes: [
      textAttribute(STUN_ATTRIBUTE.USERNAME, `${ufrag}:${ownUfrag}`),
      uint32Attribute(STUN_ATTRIBUTE.PRIORITY, 1),
      { type: STUN_ATTRIBUTE.ICE_CONTROLLING, value: randomBytes(8) },
      ...(nominate ? [{ type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) }] : []),
    ],
    integrityKey: password,
    fingerprint: true,
  });
  return [
    request,
    (bytes) => {
      const answer = parseStun(bytes);
      if (!answer?.transactionId.equals(transactionId) || answer.messageClass !== 'success') return undefined;
      return verifyIntegrity(answer, password) ? true : undefined;
    },
  ];
}
