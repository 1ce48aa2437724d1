// Asks STUN servers from the media port what its address is outside (RFC 8489, section 7.2), once for all endpoints that want
// to know. Takes their word for one address and nothing else. The sockets are the media port's.
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import {
  buildStun,
  ipAddressToBytes,
  parseStun,
  STUN_METHOD_BINDING,
  STUN_TRANSACTION_ID_LENGTH,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';

/** An IP literal and a port. */
export type StunServer = TransportAddress;

/** Between two requests, and after the last one, in ms: all within a time that nobody minds who waits for IceGatheringDone. */
const RETRY_MS = 500;
const TRIES = 3;

/** For how long an answer counts, in ms. A NAT keeps its mapping for two minutes at least (RFC 4787, REQ-5); peers come later. */
const ANSWER_KEPT_MS = 60_000;
/** For how long a server that did not answer is not asked again, in ms. */
const SILENCE_KEPT_MS = 10_000;

/** Asked or remembered at a time: clients choose the servers. */
const MAX_SERVERS = 64;

interface Question {
  readonly transactionId: Buffer;
  readonly server: StunServer;
  readonly answer: Promise<TransportAddress | undefined>;
  readonly resolve: (outside: TransportAddress | undefined) => void;
  timer: NodeJS.Timeout | undefined;
  /** In ms; undefined: not answered yet. */
  keptUntil: number | undefined;
}

export class OutsideAddresses {
  readonly #send: (request: Buffer, server: StunServer) => void;
  readonly #log: Logger;
  /** By server, oldest first. */
  readonly #questions = new Map<string, Question>();
  #closed = false;

  /** `send`: hands a request to the socket of the server's IP version, if there is one. */
  constructor(send: (request: Buffer, server: StunServer) => void, log: Logger) {
    this.#send = send;
    this.#log = log;
  }

  /** How the media port looks to the server; undefined when it does not say. Takes 1.5 s at most. `now` in ms. */
  ask(server: StunServer, now: number): Promise<TransportAddress | undefined> {
    const key = `${server.address} ${server.port}`;
    const known = this.#questions.get(key);
    if (known && (known.keptUntil === undefined || now < known.keptUntil)) return known.answer;
    this.#questions.delete(key);
    if (this.#closed || !this.#makeRoom()) return Promise.resolve(undefined);
    const question = newQuestion(server);
    this.#questions.set(key, question);
    this.#try(question, 1);
    return question.answer;
  }

  /**
   * Takes a STUN message that came by UDP. Gives true when it is the response of a server to our question: its transaction,
   * from the address that was asked. `now` in ms.
   */
  handleResponse(bytes: Buffer, from: TransportAddress, now: number): boolean {
    if (this.#questions.size === 0 || !isResponse(bytes)) return false;
    const response = parseStun(bytes);
    if (response?.method !== STUN_METHOD_BINDING) return false;
    for (const question of this.#questions.values()) {
      if (question.keptUntil !== undefined || !isAnswerTo(question, response, from)) continue;
      const outside = response.messageClass === 'success' ? response.xorMappedAddress : undefined;
      this.#settle(question, outside && isUsable(outside, question.server) ? outside : undefined, now);
      return true;
    }
    return false;
  }

  /** Those who wait are told that nothing is known. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { timer, resolve } of this.#questions.values()) {
      clearTimeout(timer);
      resolve(undefined);
    }
    this.#questions.clear();
  }

  /** Repetitions are the same transaction (RFC 8489, section 6.2.1). */
  #try(question: Question, tries: number): void {
    const { transactionId } = question;
    const request = { messageClass: 'request', method: STUN_METHOD_BINDING, transactionId } as const;
    this.#send(buildStun(request), question.server);
    question.timer = setTimeout(() => {
      if (tries < TRIES) this.#try(question, tries + 1);
      else this.#settle(question, undefined, performance.now());
    }, RETRY_MS);
  }

  #settle(question: Question, outside: TransportAddress | undefined, now: number): void {
    clearTimeout(question.timer);
    question.keptUntil = now + (outside ? ANSWER_KEPT_MS : SILENCE_KEPT_MS);
    const { server } = question;
    if (outside)
      this.#log.info({ server, outside }, 'a STUN server told the outside address of the media port');
    else this.#log.warn({ server }, 'a STUN server told no outside address of the media port');
    question.resolve(outside);
  }

  /** Forgets the oldest answer when there are too many; false: all are still waited for. */
  #makeRoom(): boolean {
    if (this.#questions.size < MAX_SERVERS) return true;
    for (const [key, { keptUntil }] of this.#questions)
      if (keptUntil !== undefined) return this.#questions.delete(key);
    this.#log.warn('too many STUN servers are being asked');
    return false;
  }
}

/** Whether packets for one host can be sent to the address: not unspecified, multicast, broadcast or reserved. */
export function isHostAddress(address: string): boolean {
  const bytes = ipAddressToBytes(address);
  if (bytes.length === 4) return bytes[0] !== 0 && bytes[0] < 224;
  return bytes[0] !== 0xff && bytes.some((byte) => byte !== 0);
}

function newQuestion(server: StunServer): Question {
  let resolve: Question['resolve'] = () => {};
  const answer = new Promise<TransportAddress | undefined>((done) => (resolve = done));
  const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  return { transactionId, server, answer, resolve, timer: undefined, keptUntil: undefined };
}

/** The upper bit of the class (RFC 8489, section 5), before anything else is read: peers' checks are many. */
function isResponse(bytes: Buffer): boolean {
  return (bytes[0] & 1) === 1;
}

function isAnswerTo(
  { transactionId, server }: Question,
  response: StunMessage,
  from: TransportAddress,
): boolean {
  return (
    response.transactionId.equals(transactionId) &&
    from.port === server.port &&
    ipAddressToBytes(from.address).equals(ipAddressToBytes(server.address))
  );
}

/** A server is not believed everything: an address of the IP version that it was asked over, of one host. */
function isUsable(outside: TransportAddress, server: StunServer): boolean {
  const [told, asked] = [ipAddressToBytes(outside.address), ipAddressToBytes(server.address)];
  return outside.port !== 0 && told.length === asked.length && isHostAddress(outside.address);
}
