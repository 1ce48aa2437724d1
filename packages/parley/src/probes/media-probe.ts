// Connects to the media port as a browser does, on each address that the media server names: an ICE check over UDP and TCP,
// and the beginning of DTLS with weak SRTP profiles only. No media is sent.
import { randomBytes } from 'node:crypto';
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
import { openMediaSocket } from './media-socket.ts';
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
 * @throws what `SignallingProbe` throws; Error when the answer takes no media
 */
export async function probeMedia(url: string): Promise<MediaProbe> {
  const signalling = await SignallingProbe.open(url);
  try {
    await signalling.request('requestTest', {});
    const offer = probeOffer();
    const started = { sdpOffer: offer.sdp, audio: true, video: false };
    const { sdpAnswer } = await signalling.request('startTestRecord', started);
    // An answer may come after it was sent, but not after the one to a later request.
    await signalling.request('ping', {});
    const media = readAnswer(sdpAnswer, signalling.candidates);
    if (media === undefined) throw new Error('the media server took no media in its answer');
    let tried = false;
    const mayTryDtls = () => !tried && (tried = true);
    const visits = await Promise.all(
      media.candidates.map((candidate) => visit(candidate, media, offer.ufrag, mayTryDtls)),
    );
    return {
      candidates: visits.map(({ candidate }) => candidate),
      dtlsSrtp: media.dtlsSrtp,
      weakProfiles: visits.find(({ hello }) => hello !== undefined)?.hello,
    };
  } finally {
    signalling.close();
  }
}

interface Visit {
  readonly candidate: ProbedCandidate;
  readonly hello: HelloAnswer | undefined;
}

async function visit(
  candidate: AnsweredCandidate,
  media: AnsweredMedia,
  ownUfrag: string,
  mayTryDtls: () => boolean,
): Promise<Visit> {
  let onMessage: (bytes: Buffer) => void = () => undefined;
  let onBroken: (why: string) => void = () => undefined;
  const socket = openMediaSocket({
    ...candidate,
    onMessage: (bytes) => onMessage(bytes),
    onBroken: (why) => onBroken(why),
  });
  /** Sends until an answer makes sense, the way breaks, or the time is over. */
  const exchange = <Answer>(bytes: Buffer, read: (answer: Buffer) => Answer | undefined) =>
    new Promise<Answer | string>((resolve) => {
      const settle = (answer: Answer | string) => {
        clearTimeout(deadline);
        clearInterval(again);
        resolve(answer);
      };
      const deadline = setTimeout(() => settle('no answer'), CHECK_TIMEOUT_MS);
      const again = setInterval(() => {
        if (candidate.protocol === 'udp') socket.send(bytes);
      }, RETRANSMISSION_MS);
      onBroken = settle;
      onMessage = (message) => {
        const answer = read(message);
        if (answer !== undefined) settle(answer);
      };
      socket.send(bytes);
    });
  try {
    const began = performance.now();
    const checked = await exchange(...iceCheck(media, ownUfrag));
    if (typeof checked === 'string')
      return { candidate: { ...candidate, reached: false, why: checked }, hello: undefined };
    const roundTripMs = performance.now() - began;
    // Once is enough, and a refused handshake ends the session for all ways to it.
    const hello = mayTryDtls() ? await tryWeakProfiles(exchange) : undefined;
    return { candidate: { ...candidate, reached: true, roundTripMs }, hello };
  } finally {
    socket.close();
  }
}

/** RFC 8445, section 7.2.2; the answer counts only when the server proves that it knows the session's password. */
function iceCheck(
  { ufrag, password }: AnsweredMedia,
  ownUfrag: string,
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
      { type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) },
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

type Exchange = <Answer>(
  bytes: Buffer,
  read: (answer: Buffer) => Answer | undefined,
) => Promise<Answer | string>;

async function tryWeakProfiles(exchange: Exchange): Promise<HelloAnswer | undefined> {
  const profiles = Object.keys(WEAK_PROFILES).map(Number);
  let cookie: Buffer | undefined;
  for (let cookies = 0; cookies < MAX_COOKIES; cookies++) {
    const answer = await exchange(writeHelloProbe({ profiles, cookie }), readHelloAnswer);
    if (typeof answer === 'string') return undefined;
    if (answer.type !== 'cookie') return answer;
    cookie = answer.cookie;
  }
  return undefined;
}
