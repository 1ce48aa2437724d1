// The client's side of one TURN allocation over UDP (RFC 8656): bytes and time in, bytes and deadlines out. It knows no
// sockets; whoever feeds it makes sure that what comes in is from the server.
import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  readXorAddress,
  STUN_ATTRIBUTE,
  textAttribute,
  uint32Attribute,
  xorAddressAttribute,
  type StunAttribute,
  type TransportAddress,
} from '../stun/stun-attributes.ts';
import {
  buildStun,
  parseStun,
  STUN_TRANSACTION_ID_LENGTH,
  verifyIntegrity,
  type StunMessage,
} from '../stun/stun-message.ts';
import {
  longTermKey,
  REQUESTED_TRANSPORT,
  requestedTransportAttribute,
  TURN_ATTRIBUTE,
  TURN_METHOD,
} from '../stun/turn-attributes.ts';

/** RFC 8489, section 6.2.1: the first repetition after RTO, then after twice as long each; given up after 3.5 s. */
const RTO_MS = 500;
const MAX_TRIES = 3;
/** How often a request is sent anew because the server wants credentials or another nonce. */
const MAX_CHALLENGES = 3;
/** A permission ends after five minutes (RFC 8656, section 9). */
const PERMISSION_RENEWED_MS = 240_000;
/** An allocation is refreshed a minute before it ends, or at half of a short one (RFC 8656, section 8, leaves it open). */
const REFRESH_MARGIN_MS = 60_000;
/** Whatever lifetime a server gives: it must not keep us busy. */
const SOONEST_REFRESH_MS = 5_000;
/** Hosts that may send through the relay: a browser has some addresses; more would be somebody filling our memory. */
const MAX_PERMISSIONS = 32;

export interface TurnCredentials {
  readonly username: string;
  readonly password: string;
}

/** 'failed' is the end. */
export type TurnClientEvent =
  | { readonly type: 'allocated'; readonly relayed: TransportAddress }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'data'; readonly from: TransportAddress; readonly bytes: Buffer };

interface Transaction {
  readonly method: number;
  readonly attributes: readonly StunAttribute[];
  /** Whom a permission is for. */
  readonly host: string | undefined;
  readonly challenges: number;
  readonly bytes: Buffer;
  tries: number;
  nextAt: number;
}

interface Challenge {
  readonly realm: string;
  readonly nonce: Buffer;
  readonly key: Buffer;
}

export class TurnClient {
  readonly #credentials: TurnCredentials;
  /** By transaction id. */
  readonly #transactions = new Map<string, Transaction>();
  /** By host: when its permission is to be asked for, in ms. */
  readonly #permissions = new Map<string, number>();
  readonly #indicationId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  #challenge: Challenge | undefined;
  #relayed: TransportAddress | undefined;
  #refreshAt = Infinity;
  #isOver = false;

  /** `now` in ms: the first request is due then. */
  constructor(credentials: TurnCredentials, now: number) {
    this.#credentials = credentials;
    this.#begin(TURN_METHOD.ALLOCATE, [requestedTransportAttribute(REQUESTED_TRANSPORT.UDP)], now);
  }

  /** Where peers reach this side through the relay; undefined: not allocated, or no more. */
  get relayed(): TransportAddress | undefined {
    return this.#isOver ? undefined : this.#relayed;
  }

  /** Lets the host send and be sent to. `address`: an IP literal; one too many is left out. */
  permit(address: string): void {
    if (this.#permissions.has(address) || this.#permissions.size >= MAX_PERMISSIONS) return;
    this.#permissions.set(address, 0);
  }

  /** When `due` is to be called next, in ms; Infinity: not before something comes. */
  get deadline(): number {
    if (this.#isOver) return Infinity;
    const retries = [...this.#transactions.values()].map(({ nextAt }) => nextAt);
    const permissions = this.#relayed ? [...this.#permissions.values()] : [];
    return Math.min(this.#refreshAt, ...retries, ...permissions);
  }

  /** The requests that are due, or the end, when the server has been silent. `now` in ms. */
  due(now: number): { readonly requests: Buffer[]; readonly event: TurnClientEvent | undefined } {
    if (this.#isOver) return { requests: [], event: undefined };
    this.#renew(now);
    const requests: Buffer[] = [];
    for (const [id, transaction] of this.#transactions) {
      if (now < transaction.nextAt) continue;
      if (transaction.tries < MAX_TRIES) {
        transaction.nextAt = now + RTO_MS * 2 ** transaction.tries++;
        requests.push(transaction.bytes);
        continue;
      }
      this.#transactions.delete(id);
      if (transaction.host === undefined) return { requests: [], event: this.#fail('it does not answer') };
    }
    return { requests, event: undefined };
  }

  /** Takes a datagram of the server; undefined: nothing to be told. `now` in ms. */
  handle(bytes: Buffer, now: number): TurnClientEvent | undefined {
    const message = this.#isOver ? undefined : parseStun(bytes);
    if (!message) return undefined;
    if (message.messageClass === 'indication') return this.#handleData(message);
    const id = message.transactionId.toString('hex');
    const transaction = this.#transactions.get(id);
    if (!transaction || transaction.method !== message.method) return undefined;
    if (message.messageClass === 'error') {
      this.#transactions.delete(id);
      return this.#handleError(message, transaction, now);
    }
    if (message.messageClass !== 'success' || !this.#isAuthentic(message)) return undefined;
    this.#transactions.delete(id);
    return this.#handleSuccess(message, now);
  }

  /** The packet as it is to be sent to the server for `peer`: a Send indication (RFC 8656, section 11.1). */
  wrap(peer: TransportAddress, packet: Buffer): Buffer {
    // Nobody answers an indication, so its id need not be secret, only another one each time.
    const transactionId = this.#indicationId;
    transactionId.writeUInt32BE((transactionId.readUInt32BE(8) + 1) >>> 0, 8);
    return buildStun({
      messageClass: 'indication',
      method: TURN_METHOD.SEND,
      transactionId,
      attributes: [
        xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, peer, transactionId),
        { type: TURN_ATTRIBUTE.DATA, value: packet },
      ],
    });
  }

  /** Ends it: the farewell to the server, if there is something to give back. */
  release(): Buffer | undefined {
    const isHeld = this.relayed !== undefined;
    this.#isOver = true;
    const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    const attributes = [uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 0)];
    return isHeld ? this.#request(TURN_METHOD.REFRESH, transactionId, attributes) : undefined;
  }

  /** Asks for what is about to end. */
  #renew(now: number): void {
    if (!this.#relayed) return;
    if (now >= this.#refreshAt) {
      this.#refreshAt = Infinity;
      this.#begin(TURN_METHOD.REFRESH, [], now);
    }
    const isOfFamily = isIPv6(this.#relayed.address) ? isIPv6 : isIPv4;
    for (const [host, renewAt] of this.#permissions) {
      if (now < renewAt) continue;
      // A relay of the other version of IP cannot reach it (RFC 8656, section 9.1).
      this.#permissions.set(host, isOfFamily(host) ? now + PERMISSION_RENEWED_MS : Infinity);
      if (isOfFamily(host)) this.#begin(TURN_METHOD.CREATE_PERMISSION, [], now, host);
    }
  }

  #begin(
    method: number,
    attributes: readonly StunAttribute[],
    now: number,
    host?: string,
    challenges = 0,
  ): void {
    const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    const { XOR_PEER_ADDRESS } = TURN_ATTRIBUTE;
    // A permission is for a host: the port does not count.
    const peer = host === undefined ? [] : [{ address: host, port: 0 }];
    const bytes = this.#request(method, transactionId, [
      ...attributes,
      ...peer.map((each) => xorAddressAttribute(XOR_PEER_ADDRESS, each, transactionId)),
    ]);
    const transaction = { method, attributes, host, challenges, bytes, tries: 0, nextAt: now };
    this.#transactions.set(transactionId.toString('hex'), transaction);
  }

  /** With long-term credentials, once the server has asked for them (RFC 8489, section 9.2). */
  #request(method: number, transactionId: Buffer, attributes: readonly StunAttribute[]): Buffer {
    const common = { messageClass: 'request', method, transactionId } as const;
    if (!this.#challenge) return buildStun({ ...common, attributes });
    const { realm, nonce, key } = this.#challenge;
    return buildStun({
      ...common,
      attributes: [
        ...attributes,
        textAttribute(STUN_ATTRIBUTE.USERNAME, this.#credentials.username),
        textAttribute(STUN_ATTRIBUTE.REALM, realm),
        { type: STUN_ATTRIBUTE.NONCE, value: nonce },
      ],
      integrityKey: key,
    });
  }

  #isAuthentic(message: StunMessage): boolean {
    return this.#challenge === undefined || verifyIntegrity(message, this.#challenge.key);
  }

  #handleSuccess(message: StunMessage, now: number): TurnClientEvent | undefined {
    if (message.method === TURN_METHOD.CREATE_PERMISSION) return undefined;
    const lifetime = message.attribute(TURN_ATTRIBUTE.LIFETIME);
    if (lifetime?.length !== 4) return this.#fail('its answer has no LIFETIME');
    const lifetimeMs = lifetime.readUInt32BE(0) * 1000;
    this.#refreshAt = now + Math.max(lifetimeMs - REFRESH_MARGIN_MS, lifetimeMs / 2, SOONEST_REFRESH_MS);
    if (message.method === TURN_METHOD.REFRESH) return undefined;
    const value = message.attribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS);
    const relayed = value && readXorAddress(value, message.transactionId);
    if (!relayed) return this.#fail('its answer has no XOR-RELAYED-ADDRESS');
    this.#relayed = relayed;
    return { type: 'allocated', relayed };
  }

  #handleError(message: StunMessage, transaction: Transaction, now: number): TurnClientEvent | undefined {
    const { code, reason } = message.errorCode ?? { code: 0, reason: 'an error without a code' };
    const { method, attributes, host, challenges } = transaction;
    // The first 401 asks for credentials; another one says that they are wrong.
    const isChallenge = code === 438 || (code === 401 && this.#challenge === undefined);
    if (isChallenge && challenges < MAX_CHALLENGES && this.#takeChallenge(message)) {
      this.#begin(method, attributes, now, host, challenges + 1);
      return undefined;
    }
    // A host that the relay refuses is not reached through it; others are.
    return host === undefined ? this.#fail(`it refuses: ${code} ${reason}`) : undefined;
  }

  #takeChallenge(message: StunMessage): boolean {
    const nonce = message.attribute(STUN_ATTRIBUTE.NONCE);
    const realm = message.attribute(STUN_ATTRIBUTE.REALM)?.toString('utf8') ?? this.#challenge?.realm;
    if (!nonce || realm === undefined) return false;
    const { username, password } = this.#credentials;
    this.#challenge = { realm, nonce: Buffer.from(nonce), key: longTermKey(username, realm, password) };
    return true;
  }

  #handleData(message: StunMessage): TurnClientEvent | undefined {
    if (message.method !== TURN_METHOD.DATA || !this.#relayed) return undefined;
    const peer = message.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS);
    const bytes = message.attribute(TURN_ATTRIBUTE.DATA);
    const from = peer && readXorAddress(peer, message.transactionId);
    return from && bytes ? { type: 'data', from, bytes } : undefined;
  }

  #fail(reason: string): TurnClientEvent {
    this.#isOver = true;
    return { type: 'failed', reason };
  }
}
