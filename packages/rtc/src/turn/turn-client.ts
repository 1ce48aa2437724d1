// The client's side of one TURN allocation (RFC 8656): bytes and time in, bytes and deadlines out. It knows no sockets;
// whoever feeds it makes sure that what comes in is from the server, and one whole message each time.
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
  channelNumberAttribute,
  longTermKey,
  REQUESTED_TRANSPORT,
  requestedTransportAttribute,
  TURN_ATTRIBUTE,
  TURN_METHOD,
} from '../stun/turn-attributes.ts';
import { buildChannelData, isChannelData, parseChannelData } from './channel-data.ts';
import { bound, TurnChannels, type TurnChannel } from './turn-channels.ts';
import { TurnTransactions } from './turn-transactions.ts';

/** How often a request is sent anew because the server wants credentials or another nonce. */
const MAX_CHALLENGES = 3;
/** A permission ends after five minutes (RFC 8656, section 9). */
const PERMISSION_RENEWED_MS = 240_000;
/** An allocation is refreshed a minute before it ends, or at half of a short one (RFC 8656, section 8, leaves it open). */
const REFRESH_MARGIN_MS = 60_000;
/** Whatever lifetime a server gives: it must not keep us busy. */
const SOONEST_REFRESH_MS = 5_000;
/** What stays without an answer is asked for once more while there is time: losing some packets must not end a relay. */
const ASKED_AGAIN_MS = 5_000;
/** Hosts that may send through the relay: a browser has some addresses; more would be somebody filling our memory. */
const MAX_PERMISSIONS = 32;

export interface TurnCredentials {
  readonly username: string;
  readonly password: string;
}

export interface TurnClientOptions extends TurnCredentials {
  /** Over TCP or TLS: nothing is repeated, and messages are padded (RFC 8656, section 12.5). */
  readonly isStream: boolean;
}

/** 'failed' is the end. */
export type TurnClientEvent =
  | { readonly type: 'allocated'; readonly relayed: TransportAddress }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'data'; readonly from: TransportAddress; readonly bytes: Buffer };

/** What the server is asked for. */
type Task =
  | { readonly type: 'allocate' }
  | { readonly type: 'refresh' }
  | { readonly type: 'permission'; readonly host: string }
  | { readonly type: 'channel'; readonly channel: TurnChannel };

interface Asked {
  readonly task: Task;
  readonly challenges: number;
}

const METHODS: Record<Task['type'], number> = {
  allocate: TURN_METHOD.ALLOCATE,
  refresh: TURN_METHOD.REFRESH,
  permission: TURN_METHOD.CREATE_PERMISSION,
  channel: TURN_METHOD.CHANNEL_BIND,
};

interface Challenge {
  readonly realm: string;
  readonly nonce: Buffer;
  readonly key: Buffer;
}

export class TurnClient {
  readonly #options: TurnClientOptions;
  readonly #asked: TurnTransactions<Asked>;
  /** By host: when its permission is to be asked for, in ms. */
  readonly #permissions = new Map<string, number>();
  readonly #channels = new TurnChannels();
  readonly #indicationId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  #challenge: Challenge | undefined;
  #relayed: TransportAddress | undefined;
  #refreshAt = Infinity;
  #expiresAt = Infinity;
  #isOver = false;

  /** `now` in ms: the first request is due then. */
  constructor(options: TurnClientOptions, now: number) {
    this.#options = options;
    this.#asked = new TurnTransactions(options.isStream);
    this.#ask({ type: 'allocate' }, now);
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

  /** Spares what goes to the peer and comes from it most of its wrapping, as soon as the server agrees. */
  bindChannel(peer: TransportAddress): void {
    this.#channels.want(peer);
  }

  /** When `due` is to be called next, in ms; Infinity: not before something comes. */
  get deadline(): number {
    if (this.#isOver) return Infinity;
    const wanted = this.#relayed ? [...this.#permissions.values(), this.#channels.deadline] : [];
    return Math.min(this.#refreshAt, this.#asked.deadline, ...wanted);
  }

  /** The requests that are due, or the end, when the server has been silent. `now` in ms. */
  due(now: number): { readonly requests: Buffer[]; readonly event: TurnClientEvent | undefined } {
    if (this.#isOver) return { requests: [], event: undefined };
    this.#renew(now);
    const { requests, unanswered } = this.#asked.due(now);
    for (const { task } of unanswered) {
      const event = this.#handleSilence(task, now);
      if (event) return { requests: [], event };
    }
    return { requests, event: undefined };
  }

  /** Takes a message of the server; undefined: nothing to be told. `now` in ms. */
  handle(bytes: Buffer, now: number): TurnClientEvent | undefined {
    if (this.#isOver) return undefined;
    if (isChannelData(bytes)) return this.#handleChannelData(bytes);
    const message = parseStun(bytes);
    if (!message) return undefined;
    if (message.messageClass === 'indication') return this.#handleData(message);
    const asked = this.#asked.find(message.transactionId);
    if (!asked || METHODS[asked.task.type] !== message.method) return undefined;
    if (message.messageClass === 'error') {
      this.#asked.end(message.transactionId);
      return this.#handleError(message, asked, now);
    }
    if (message.messageClass !== 'success' || !this.#isAuthentic(message)) return undefined;
    this.#asked.end(message.transactionId);
    return this.#handleSuccess(message, asked.task, now);
  }

  /** The packet as it is to be sent to the server for `peer` (RFC 8656, sections 11.1 and 12.4). */
  wrap(peer: TransportAddress, packet: Buffer): Buffer {
    const channel = this.#channels.boundTo(peer);
    if (channel) return buildChannelData(channel.number, packet, this.#options.isStream);
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
      this.#ask({ type: 'refresh' }, now);
    }
    for (const [host, renewAt] of this.#permissions) {
      if (now < renewAt) continue;
      // A relay of the other version of IP cannot reach it (RFC 8656, section 9.1).
      const isReachable = isSameFamily(host, this.#relayed.address);
      this.#permissions.set(host, isReachable ? now + PERMISSION_RENEWED_MS : Infinity);
      if (isReachable) this.#ask({ type: 'permission', host }, now);
    }
    for (const channel of this.#channels.due(now)) this.#ask({ type: 'channel', channel }, now);
  }

  #ask(task: Task, now: number, challenges = 0): void {
    const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    const attributes = attributesOf(task, transactionId);
    const request = this.#request(METHODS[task.type], transactionId, attributes);
    this.#asked.begin(request, { task, challenges }, now);
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
        textAttribute(STUN_ATTRIBUTE.USERNAME, this.#options.username),
        textAttribute(STUN_ATTRIBUTE.REALM, realm),
        { type: STUN_ATTRIBUTE.NONCE, value: nonce },
      ],
      integrityKey: key,
    });
  }

  #isAuthentic(message: StunMessage): boolean {
    return this.#challenge === undefined || verifyIntegrity(message, this.#challenge.key);
  }

  #handleSuccess(message: StunMessage, task: Task, now: number): TurnClientEvent | undefined {
    if (task.type === 'permission') return undefined;
    if (task.type === 'channel') return void bound(task.channel, now);
    const lifetime = message.attribute(TURN_ATTRIBUTE.LIFETIME);
    if (lifetime?.length !== 4) return this.#fail('its answer has no LIFETIME');
    const lifetimeMs = lifetime.readUInt32BE(0) * 1000;
    this.#refreshAt = now + Math.max(lifetimeMs - REFRESH_MARGIN_MS, lifetimeMs / 2, SOONEST_REFRESH_MS);
    this.#expiresAt = now + lifetimeMs;
    if (task.type === 'refresh') return undefined;
    const value = message.attribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS);
    const relayed = value && readXorAddress(value, message.transactionId);
    if (!relayed) return this.#fail('its answer has no XOR-RELAYED-ADDRESS');
    this.#relayed = relayed;
    return { type: 'allocated', relayed };
  }

  #handleError(message: StunMessage, { task, challenges }: Asked, now: number): TurnClientEvent | undefined {
    const { code, reason } = message.errorCode ?? { code: 0, reason: 'an error without a code' };
    // The first 401 asks for credentials; another one says that they are wrong.
    const isChallenge = code === 438 || (code === 401 && this.#challenge === undefined);
    if (isChallenge && challenges < MAX_CHALLENGES && this.#takeChallenge(message)) {
      this.#ask(task, now, challenges + 1);
      return undefined;
    }
    // A host that the relay refuses is not reached through it; others are. And what has no channel is wrapped in full.
    if (task.type === 'permission') return undefined;
    if (task.type === 'channel') return void (task.channel.isBound = false);
    return this.#fail(`it refuses: ${code} ${reason}`);
  }

  #handleSilence(task: Task, now: number): TurnClientEvent | undefined {
    const again = now + ASKED_AGAIN_MS;
    if (task.type === 'permission') this.#permissions.set(task.host, again);
    else if (task.type === 'channel') Object.assign(task.channel, { isBound: false, askAt: again });
    else if (task.type === 'refresh' && again < this.#expiresAt) this.#refreshAt = again;
    else return this.#fail('it does not answer');
    return undefined;
  }

  #takeChallenge(message: StunMessage): boolean {
    const nonce = message.attribute(STUN_ATTRIBUTE.NONCE);
    const realm = message.attribute(STUN_ATTRIBUTE.REALM)?.toString('utf8') ?? this.#challenge?.realm;
    if (!nonce || realm === undefined) return false;
    const { username, password } = this.#options;
    this.#challenge = { realm, nonce: Buffer.from(nonce), key: longTermKey(username, realm, password) };
    return true;
  }

  #handleChannelData(bytes: Buffer): TurnClientEvent | undefined {
    const message = parseChannelData(bytes);
    const from = message && this.#channels.peerOf(message.channel);
    return from ? { type: 'data', from, bytes: message.data } : undefined;
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

function attributesOf(task: Task, transactionId: Buffer): StunAttribute[] {
  const peer = (address: TransportAddress): StunAttribute =>
    xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, address, transactionId);
  switch (task.type) {
    case 'allocate':
      return [requestedTransportAttribute(REQUESTED_TRANSPORT.UDP)];
    case 'refresh':
      return [];
    case 'permission':
      // It is for a host: the port does not count.
      return [peer({ address: task.host, port: 0 })];
    case 'channel':
      return [channelNumberAttribute(task.channel.number), peer(task.channel.peer)];
  }
}

function isSameFamily(one: string, other: string): boolean {
  return isIPv6(one) ? isIPv6(other) : isIPv4(one) && isIPv4(other);
}
