// The four authenticated requests of TURN: Allocate, Refresh, CreatePermission, ChannelBind (RFC 8656, sections 7 to 12).
import {
  STUN_ATTRIBUTE,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  addressErrorCodeAttribute,
  buildStun,
  uint32Attribute,
  xorAddressAttribute,
  type AddressFamily,
  type StunAttribute,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';
import type { PeerPolicy } from '../peer-policy.ts';
import { Allocation } from './allocation.ts';
import type { AllocationTable } from './allocation-table.ts';
import type { Identity } from './authenticator.ts';
import type { FiveTuple } from './five-tuple.ts';
import type { TurnQuotas } from './quotas.ts';
import {
  grantedLifetime,
  readAllocateWish,
  readChannelNumber,
  readLifetime,
  readPeers,
  readRequestedFamily,
  unknownAttributes,
  type PeerValue,
} from './request-values.ts';
import type { AllocationEnd, RelayId, TurnAction } from './turn-action.ts';
import { addressText } from '../turn-event.ts';
import { TurnRefusal, refusalResponse } from './turn-refusal.ts';

export interface TurnRequestsOptions {
  readonly policy: PeerPolicy;
  readonly quotas: TurnQuotas;
  /** Where relay sockets are bound; without an address, a family is not offered. */
  readonly relayAddresses: { readonly [Family in AddressFamily]?: string };
}

/** A request that was authenticated. */
export interface TurnRequest {
  readonly message: StunMessage;
  readonly client: FiveTuple;
  readonly identity: Identity;
  readonly now: number;
}

interface PendingAllocate {
  readonly request: TurnRequest;
  readonly additionalIpv6: boolean;
  readonly lifetimeSeconds: number;
}

export class TurnRequests {
  readonly #options: TurnRequestsOptions;
  readonly #allocations: AllocationTable;
  /** Answered when their relay sockets are open. */
  readonly #pending = new Map<RelayId, PendingAllocate>();
  readonly #handlers = new Map<number, (request: TurnRequest) => TurnAction[]>([
    [TURN_METHOD.ALLOCATE, (request) => this.#allocate(request)],
    [TURN_METHOD.REFRESH, (request) => this.#refresh(request)],
    [TURN_METHOD.CREATE_PERMISSION, (request) => this.#createPermission(request)],
    [TURN_METHOD.CHANNEL_BIND, (request) => this.#bindChannel(request)],
  ]);
  #nextRelay: RelayId = 1;

  constructor(options: TurnRequestsOptions, allocations: AllocationTable) {
    this.#options = options;
    this.#allocations = allocations;
  }

  knows(method: number): boolean {
    return this.#handlers.has(method);
  }

  /** `request`: of a method that `knows` says yes to. */
  handle(request: TurnRequest): TurnAction[] {
    try {
      const unknown = unknownAttributes(request.message);
      if (unknown.length > 0) throw new TurnRefusal(420, undefined, unknown);
      return this.#handlers.get(request.message.method)!(request);
    } catch (error) {
      if (error instanceof TurnRefusal) return refuse(request, error);
      throw error;
    }
  }

  relayOpened(relay: RelayId, relayed: TransportAddress): TurnAction[] {
    const allocation = this.#allocations.ofRelay(relay);
    const pending = this.#pending.get(relay);
    this.#pending.delete(relay);
    if (allocation === undefined || pending === undefined) return [];
    const { request, additionalIpv6, lifetimeSeconds } = pending;
    const { clientAddress, clientPort } = request.client;
    const { transactionId } = request.message;
    const attributes = [
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, relayed, transactionId),
      uint32Attribute(TURN_ATTRIBUTE.LIFETIME, lifetimeSeconds),
      xorAddressAttribute(
        STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS,
        { address: clientAddress, port: clientPort },
        transactionId,
      ),
    ];
    // One address for each allocation: whoever wants both families makes two (RFC 8656, section 7.2).
    if (additionalIpv6) attributes.push(addressErrorCodeAttribute('ipv6', 440, 'One Family Only'));
    const answer = success(request, attributes);
    allocation.opened(relayed, answer);
    return [{ type: 'send', to: request.client, bytes: answer }];
  }

  relayFailed(relay: RelayId): TurnAction[] {
    const allocation = this.#allocations.ofRelay(relay);
    const pending = this.#pending.get(relay);
    if (allocation === undefined) return [];
    const answer = pending === undefined ? [] : refuse(pending.request, new TurnRefusal(508));
    return [...answer, ...this.end(allocation, 'relay-failed')];
  }

  end(allocation: Allocation, reason: AllocationEnd): TurnAction[] {
    this.#allocations.remove(allocation);
    this.#pending.delete(allocation.relay);
    return [{ type: 'close-relay', relay: allocation.relay, reason, summary: allocation.summary() }];
  }

  #allocate(request: TurnRequest): TurnAction[] {
    const { message, client, identity, now } = request;
    const existing = this.#allocations.ofClient(client);
    if (existing !== undefined) return this.#allocateAgain(existing, request);
    const { family, additionalIpv6 } = readAllocateWish(message);
    const lifetimeSeconds = grantedLifetime(readLifetime(message), identity.remainingMs);
    const address = this.#options.relayAddresses[family];
    if (address === undefined) throw new TurnRefusal(440);
    this.#checkQuotas(client, identity.participant);
    const relay = this.#nextRelay++;
    this.#allocations.add(
      new Allocation({
        relay,
        client,
        participant: identity.participant,
        family,
        transactionId: message.transactionId,
        now,
        expiresAt: now + lifetimeSeconds * 1000,
        rate: this.#options.quotas.bytesPerAllocation,
      }),
    );
    this.#pending.set(relay, { request, additionalIpv6, lifetimeSeconds });
    return [{ type: 'open-relay', relay, address, participant: identity.participant, client }];
  }

  /** A retransmission gets the answer of the first one, once there is one (RFC 8656, section 7.2). */
  #allocateAgain(existing: Allocation, { message, client, identity }: TurnRequest): TurnAction[] {
    const retransmitted =
      existing.transactionId.equals(message.transactionId) && existing.participant === identity.participant;
    if (!retransmitted) throw new TurnRefusal(437);
    return existing.answer === undefined ? [] : [{ type: 'send', to: client, bytes: existing.answer }];
  }

  #checkQuotas(client: FiveTuple, participant: string): void {
    const { allocations, allocationsPerParticipant, allocationsPerAddress } = this.#options.quotas;
    if (this.#allocations.countOfParticipant(participant) >= allocationsPerParticipant)
      throw new TurnRefusal(486);
    if (this.#allocations.countOfAddress(client.clientAddress) >= allocationsPerAddress)
      throw new TurnRefusal(486);
    if (this.#allocations.size >= allocations) throw new TurnRefusal(508);
  }

  #refresh(request: TurnRequest): TurnAction[] {
    const { message, client, identity, now } = request;
    const allocation = this.#allocationOf(request);
    const family = readRequestedFamily(message);
    if (family !== undefined && family !== allocation.family) throw new TurnRefusal(443);
    const asked = readLifetime(message);
    const lifetimeSeconds = asked === 0 ? 0 : grantedLifetime(asked, identity.remainingMs);
    const answer: TurnAction = {
      type: 'send',
      to: client,
      bytes: success(request, [uint32Attribute(TURN_ATTRIBUTE.LIFETIME, lifetimeSeconds)]),
    };
    if (lifetimeSeconds === 0) return [answer, ...this.end(allocation, 'released')];
    allocation.expiresAt = now + lifetimeSeconds * 1000;
    return [answer];
  }

  #createPermission(request: TurnRequest): TurnAction[] {
    const { message, client, now } = request;
    const allocation = this.#allocationOf(request);
    const peers = readPeers(message);
    // All or none (RFC 8656, section 10.2).
    for (const peer of peers) {
      if (!this.#options.policy.permitsAddress(peer.address)) throw forbidden(peer);
      if (peer.family !== allocation.family) throw new TurnRefusal(443);
    }
    const answer: TurnAction = { type: 'send', to: client, bytes: success(request, []) };
    return [answer, ...peers.flatMap(({ address }) => permit(allocation, address, now))];
  }

  #bindChannel(request: TurnRequest): TurnAction[] {
    const { message, client, now } = request;
    const allocation = this.#allocationOf(request);
    const channel = readChannelNumber(message);
    const peers = readPeers(message);
    const [peer] = peers;
    if (peers.length > 1) throw new TurnRefusal(400, 'a channel has one peer');
    if (!this.#options.policy.permits(peer.address, peer.port)) throw forbidden(peer);
    if (peer.family !== allocation.family) throw new TurnRefusal(443);
    if (!allocation.bindChannel(channel, { address: peer.address, port: peer.port }, now))
      throw new TurnRefusal(400, 'channel or peer is bound already');
    return [
      { type: 'send', to: client, bytes: success(request, []) },
      ...permit(allocation, peer.address, now),
    ];
  }

  /** The allocation that is there and belongs to whoever asks (RFC 8656, section 5). */
  #allocationOf({ client, identity }: TurnRequest): Allocation {
    const allocation = this.#allocations.ofClient(client);
    if (allocation?.answer === undefined) throw new TurnRefusal(437);
    // The participant, not the username: renewed credentials have another expiry in it.
    if (allocation.participant !== identity.participant) throw new TurnRefusal(441);
    return allocation;
  }
}

/** Told once, not each time that it is refreshed. */
function permit(allocation: Allocation, address: string, now: number): TurnAction[] {
  const isNew = !allocation.hasPermission(address, now);
  allocation.permit(address, now);
  return isNew ? [{ type: 'permitted', summary: allocation.summary(), peer: address }] : [];
}

/** The address is for the log; the wire has the short reason. */
function forbidden(peer: PeerValue): TurnRefusal {
  return new TurnRefusal(403, undefined, [], addressText(peer));
}

function success({ message, identity }: TurnRequest, attributes: readonly StunAttribute[]): Buffer {
  return buildStun({
    messageClass: 'success',
    method: message.method,
    transactionId: message.transactionId,
    attributes,
    integrityKey: identity.key,
    fingerprint: message.fingerprintOffset !== undefined,
  });
}

function refuse({ message, client, identity }: TurnRequest, refusal: TurnRefusal): TurnAction[] {
  return [
    { type: 'send', to: client, bytes: refusalResponse(message, refusal, identity.key) },
    {
      type: 'refused',
      client,
      participant: identity.participant,
      code: refusal.code,
      reason: refusal.message,
      peer: refusal.peer,
    },
  ];
}
