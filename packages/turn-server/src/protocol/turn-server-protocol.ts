// STUN and TURN over datagrams and framed streams (RFC 8489, RFC 8656), without sockets and clock: messages and time in,
// actions out. Relays to the peers of its policy and to nobody else.
import { randomBytes } from 'node:crypto';
import {
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  STUN_TRANSACTION_ID_LENGTH,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  buildChannelData,
  buildStun,
  isChannelData,
  parseChannelData,
  parseStun,
  verifyFingerprint,
  xorAddressAttribute,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';
import { canonicalAddress, type PeerPolicy } from '../peer-policy.ts';
import type { Allocation, AllocationSummary } from './allocation.ts';
import { AllocationTable } from './allocation-table.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts';
import { sourceKey, type FiveTuple } from './five-tuple.ts';
import { MAX_RATE_LIMITED_SOURCES } from './quotas.ts';
import { readPeers, unknownAttributes } from './request-values.ts';
import { KeyedRateLimit } from './token-bucket.ts';
import type { RelayId, TurnAction } from './turn-action.ts';
import { TurnRefusal, challengeResponse, refusalResponse } from './turn-refusal.ts';
import { TurnRequests, type TurnRequestsOptions } from './turn-requests.ts';

export interface TurnProtocolOptions extends AuthenticatorOptions, TurnRequestsOptions {}

export class TurnServerProtocol {
  readonly #realm: string;
  readonly #policy: PeerPolicy;
  readonly #authenticator: Authenticator;
  readonly #unauthenticated: KeyedRateLimit;
  readonly #allocations = new AllocationTable();
  readonly #requests: TurnRequests;

  constructor(options: TurnProtocolOptions) {
    this.#realm = options.realm;
    this.#policy = options.policy;
    this.#authenticator = new Authenticator(options);
    this.#unauthenticated = new KeyedRateLimit(
      options.quotas.unauthenticatedAnswers,
      MAX_RATE_LIMITED_SOURCES,
    );
    this.#requests = new TurnRequests(options, this.#allocations);
  }

  /** When `handleDeadline` is due, in ms of the clock of `now`; undefined: not at all. */
  get nextDeadline(): number | undefined {
    return this.#allocations.nextExpiry();
  }

  hasAllocation(client: FiveTuple): boolean {
    return this.#allocations.ofClient(client) !== undefined;
  }

  allocations(): AllocationSummary[] {
    return [...this.#allocations].map((allocation) => allocation.summary());
  }

  /**
   * Takes one UDP datagram, or one message cut from a stream. What is no message, or not this server's, is dropped
   * without an answer. `now` in ms of a monotonic clock, here and below.
   */
  handleMessage(bytes: Buffer, client: FiveTuple, now: number): TurnAction[] {
    if (isChannelData(bytes)) return this.#handleChannelData(bytes, client, now);
    const message = parseStun(bytes);
    if (message === undefined) return [];
    if (message.fingerprintOffset !== undefined && !verifyFingerprint(message)) return [];
    if (message.messageClass === 'request') return this.#handleRequest(message, client, now);
    if (message.messageClass === 'indication' && message.method === TURN_METHOD.SEND)
      return this.#handleSend(message, client, now);
    return [];
  }

  /** The socket that `open-relay` asked for is bound to this address. */
  handleRelayOpened(relay: RelayId, relayed: TransportAddress): TurnAction[] {
    return this.#requests.relayOpened(relay, relayed);
  }

  /** The socket could not be bound, or broke. */
  handleRelayFailed(relay: RelayId): TurnAction[] {
    return this.#requests.relayFailed(relay);
  }

  /** A datagram arrived on a relay socket (RFC 8656, sections 11.3 and 12.7). */
  handlePeerDatagram(relay: RelayId, from: TransportAddress, bytes: Buffer, now: number): TurnAction[] {
    const allocation = this.#allocations.ofRelay(relay);
    if (allocation === undefined) return [];
    const peer = { address: canonicalAddress(from.address), port: from.port };
    if (!allocation.hasPermission(peer.address, now) || !this.#policy.permits(peer.address, peer.port))
      return [];
    if (!allocation.carryDown(peer, bytes.length, now)) return [];
    return [{ type: 'send', to: allocation.client, bytes: wrap(allocation, peer, bytes, now), data: true }];
  }

  /** The connection of a TCP or TLS client is closed. */
  handleClientGone(client: FiveTuple): TurnAction[] {
    const allocation = this.#allocations.ofClient(client);
    return allocation === undefined ? [] : this.#requests.end(allocation, 'client-gone');
  }

  handleDeadline(now: number): TurnAction[] {
    return this.#allocations.expired(now).flatMap((allocation) => {
      const actions = this.#requests.end(allocation, 'expired');
      const { client } = allocation;
      return client.transport === 'udp' ? actions : [...actions, { type: 'close-client', client }];
    });
  }

  #handleRequest(message: StunMessage, client: FiveTuple, now: number): TurnAction[] {
    if (message.method === STUN_METHOD_BINDING) return this.#handleBinding(message, client, now);
    if (!this.#requests.knows(message.method)) return [];
    const identity = this.#authenticator.authenticate(message, client, now);
    if ('key' in identity) return this.#requests.handle({ message, client, identity, now });
    const { code, fault, participant } = identity;
    const answer = this.#answerStranger(client, now, () =>
      challengeResponse(message, code, this.#realm, this.#authenticator.nonceFor(client, now)),
    );
    // As rare as the answers are: whoever knows no password is not to fill the log.
    if (fault === undefined || answer.length === 0) return answer;
    return [...answer, { type: 'refused', client, participant, code, reason: fault, peer: undefined }];
  }

  /** RFC 8489, section 6.3.1. */
  #handleBinding(message: StunMessage, client: FiveTuple, now: number): TurnAction[] {
    const unknown = unknownAttributes(message);
    return this.#answerStranger(client, now, () =>
      unknown.length > 0
        ? refusalResponse(message, new TurnRefusal(420, undefined, unknown), undefined)
        : bindingSuccess(message, client),
    );
  }

  /** The source may be forged: few answers, so that nobody is flooded through this server. */
  #answerStranger(client: FiveTuple, now: number, answer: () => Buffer): TurnAction[] {
    if (!this.#unauthenticated.take(sourceKey(client.clientAddress), now)) return [];
    return [{ type: 'send', to: client, bytes: answer() }];
  }

  /** RFC 8656, section 11.2. Indications are never answered. */
  #handleSend(message: StunMessage, client: FiveTuple, now: number): TurnAction[] {
    const allocation = this.#allocations.ofClient(client);
    const data = message.attribute(TURN_ATTRIBUTE.DATA);
    if (allocation === undefined || data === undefined || unknownAttributes(message).length > 0) return [];
    const peer = onlyPeer(message);
    if (peer?.family !== allocation.family || !allocation.hasPermission(peer.address, now)) return [];
    return this.#relay(allocation, { address: peer.address, port: peer.port }, data, now);
  }

  /** RFC 8656, section 12.6. */
  #handleChannelData(bytes: Buffer, client: FiveTuple, now: number): TurnAction[] {
    const message = parseChannelData(bytes);
    const allocation = message && this.#allocations.ofClient(client);
    const peer = allocation?.peerOfChannel(message!.channel, now);
    return peer === undefined ? [] : this.#relay(allocation!, peer, message!.data, now);
  }

  #relay(allocation: Allocation, peer: TransportAddress, bytes: Buffer, now: number): TurnAction[] {
    if (!this.#policy.permits(peer.address, peer.port)) return [];
    if (!allocation.carryUp(peer, bytes.length, now)) return [];
    return [{ type: 'relay', relay: allocation.relay, peer, bytes }];
  }
}

function bindingSuccess(message: StunMessage, client: FiveTuple): Buffer {
  const source = { address: client.clientAddress, port: client.clientPort };
  return buildStun({
    messageClass: 'success',
    method: STUN_METHOD_BINDING,
    transactionId: message.transactionId,
    attributes: [xorAddressAttribute(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS, source, message.transactionId)],
    fingerprint: message.fingerprintOffset !== undefined,
  });
}

function onlyPeer(indication: StunMessage): ReturnType<typeof readPeers>[number] | undefined {
  try {
    return readPeers(indication)[0];
  } catch (error) {
    // Malformed: a request would get 400, an indication gets nothing.
    if (error instanceof TurnRefusal) return undefined;
    throw error;
  }
}

/** As ChannelData when the peer has a channel, else as a Data indication. */
function wrap(allocation: Allocation, peer: TransportAddress, bytes: Buffer, now: number): Buffer {
  const channel = allocation.channelOfPeer(peer, now);
  if (channel !== undefined) return buildChannelData(channel, bytes, allocation.client.transport !== 'udp');
  const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  return buildStun({
    messageClass: 'indication',
    method: TURN_METHOD.DATA,
    transactionId,
    attributes: [
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, peer, transactionId),
      { type: TURN_ATTRIBUTE.DATA, value: bytes },
    ],
  });
}
