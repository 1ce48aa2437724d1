// One TURN client with one allocation at most: requests, their retransmission, and long-term credentials.
// For probing servers, not for calls: it relays no data.
import { randomBytes } from 'node:crypto';
import {
  FIRST_CHANNEL,
  REQUESTED_TRANSPORT,
  STUN_ATTRIBUTE,
  STUN_TRANSACTION_ID_LENGTH,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  addressFamilyAttribute,
  buildStun,
  channelNumberAttribute,
  longTermKey,
  parseStun,
  readXorAddress,
  requestedTransportAttribute,
  textAttribute,
  uint32Attribute,
  verifyIntegrity,
  type AddressFamily,
  type StunAttribute,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';
import { openClientSocket, type ClientSocket, type ClientSocketOptions } from './client-socket.ts';
import { peerAttribute } from './peer-attribute.ts';

/** First wait for an answer over UDP, doubled each time, in ms (RFC 8489, section 6.2.1). */
const FIRST_RETRANSMISSION_MS = 500;
/** A new nonce is asked for once: a server that always has a newer one would never be done with. */
const MAX_CHALLENGES = 2;

/** The server's own word. */
export class TurnError extends Error {
  override readonly name = 'TurnError';
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`${code} ${reason}`.trim());
    this.code = code;
  }
}

interface Transaction {
  readonly resolve: (answer: StunMessage) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | undefined;
}

export interface ProbeClientOptions extends Pick<ClientSocketOptions, 'url' | 'ca' | 'signal'> {
  readonly username: string;
  readonly credential: string;
}

type AttributeWriter = (transactionId: Buffer) => StunAttribute;

export class ProbeClient {
  readonly #options: ProbeClientOptions;
  readonly #transactions = new Map<string, Transaction>();
  #socket: ClientSocket | undefined;
  #broken: Error | undefined;
  #realm = '';
  #nonce = '';
  #key: Buffer | undefined;
  #nextChannel = FIRST_CHANNEL;
  #roundTripMs: number | undefined;
  #allocated = false;
  readonly #onAbort = () => this.#fail(asError(this.#options.signal.reason));

  constructor(options: ProbeClientOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort);
  }

  /** Of the first request that was answered, in ms. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** @throws Error of the system, of OpenSSL or the signal's reason */
  async connect(): Promise<void> {
    this.#socket = await openClientSocket({
      ...this.#options,
      onMessage: (bytes) => this.#receive(bytes),
      onBroken: (error) => this.#fail(error),
    });
  }

  /** The relayed address. @throws TurnError, or Error when no answer comes */
  async allocate(family: AddressFamily): Promise<TransportAddress> {
    const attributes = [requestedTransportAttribute(REQUESTED_TRANSPORT.UDP)];
    if (family === 'ipv6')
      attributes.push(addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, family));
    const answer = await this.#ask(
      TURN_METHOD.ALLOCATE,
      attributes.map((attribute) => () => attribute),
    );
    this.#allocated = true;
    const relayed = answer.attribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS);
    const address = relayed && readXorAddress(relayed, answer.transactionId);
    if (address === undefined) throw new Error('the server named no relayed address');
    return address;
  }

  /** Whether the server would relay to this address and port. @throws Error when no answer comes */
  async mayReach(peer: TransportAddress): Promise<boolean> {
    const peerOf: AttributeWriter = (transactionId) => peerAttribute(peer, transactionId);
    const channel = channelNumberAttribute(this.#nextChannel++);
    const bound = await this.#outcome(TURN_METHOD.CHANNEL_BIND, [() => channel, peerOf]);
    if (bound === 'success') return true;
    // Forbidden, or not of this family: that is about this address and port. A permission is about the address only and
    // says less, so it counts only where channels failed for a reason of their own.
    if (bound === 403 || bound === 443) return false;
    return (await this.#outcome(TURN_METHOD.CREATE_PERMISSION, [peerOf])) === 'success';
  }

  /** Gives the allocation back and ends; idempotent. */
  close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    if (this.#allocated && this.#broken === undefined) {
      this.#allocated = false;
      const none = uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 0);
      this.#socket?.send(
        this.#request(TURN_METHOD.REFRESH, [() => none], randomBytes(STUN_TRANSACTION_ID_LENGTH)),
      );
    }
    this.#fail(new Error('closed'));
  }

  async #outcome(method: number, attributes: readonly AttributeWriter[]): Promise<number | 'success'> {
    try {
      await this.#ask(method, attributes);
      return 'success';
    } catch (error) {
      if (error instanceof TurnError) return error.code;
      throw error;
    }
  }

  /** The success response, once the server has said which realm and nonce it wants (RFC 8489, section 9.2.3). */
  async #ask(method: number, attributes: readonly AttributeWriter[]): Promise<StunMessage> {
    for (let challenges = 0; ; challenges++) {
      const answer = await this.#transact(method, attributes);
      if (answer.messageClass === 'success') {
        // Otherwise anybody in between could say yes.
        if (this.#key === undefined || !verifyIntegrity(answer, this.#key))
          throw new Error('the answer does not prove that the server knows the credentials');
        return answer;
      }
      const { code = 0, reason = '' } = answer.errorCode ?? {};
      const nonce = answer.attribute(STUN_ATTRIBUTE.NONCE)?.toString('latin1');
      const wasAsked = (code === 401 && this.#key === undefined) || code === 438;
      if (!wasAsked || nonce === undefined || challenges === MAX_CHALLENGES)
        throw new TurnError(code, reason);
      this.#realm = answer.attribute(STUN_ATTRIBUTE.REALM)?.toString('utf8') ?? this.#realm;
      this.#nonce = nonce;
      const { username, credential } = this.#options;
      this.#key = longTermKey(username, this.#realm, credential);
    }
  }

  #transact(method: number, attributes: readonly AttributeWriter[]): Promise<StunMessage> {
    const socket = this.#socket;
    if (socket === undefined || this.#broken !== undefined)
      return Promise.reject(this.#broken ?? new Error('not connected'));
    const id = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    const bytes = this.#request(method, attributes, id);
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const transaction: Transaction = {
        resolve: (answer) => {
          this.#roundTripMs ??= performance.now() - began;
          resolve(answer);
        },
        reject,
        timer: undefined,
      };
      this.#transactions.set(id.toString('hex'), transaction);
      const send = (waitMs: number) => {
        socket.send(bytes);
        // Until the answer or the deadline comes.
        if (socket.lossy) transaction.timer = setTimeout(() => send(waitMs * 2), waitMs);
      };
      send(FIRST_RETRANSMISSION_MS);
    });
  }

  #request(method: number, attributes: readonly AttributeWriter[], transactionId: Buffer): Buffer {
    const own = attributes.map((write) => write(transactionId));
    if (this.#key === undefined)
      return buildStun({ messageClass: 'request', method, transactionId, attributes: own });
    const credentials = [
      textAttribute(STUN_ATTRIBUTE.USERNAME, this.#options.username),
      textAttribute(STUN_ATTRIBUTE.REALM, this.#realm),
      { type: STUN_ATTRIBUTE.NONCE, value: Buffer.from(this.#nonce, 'latin1') },
    ];
    return buildStun({
      messageClass: 'request',
      method,
      transactionId,
      attributes: [...own, ...credentials],
      integrityKey: this.#key,
    });
  }

  #receive(bytes: Buffer): void {
    const message = parseStun(bytes);
    if (message === undefined || message.messageClass === 'request') return;
    const id = message.transactionId.toString('hex');
    const transaction = this.#transactions.get(id);
    if (transaction === undefined) return;
    this.#transactions.delete(id);
    clearTimeout(transaction.timer);
    transaction.resolve(message);
  }

  #fail(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    for (const { reject, timer } of this.#transactions.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#transactions.clear();
    this.#socket?.close();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
