// The protocol on a bench: virtual time, relay sockets that open at once, and clients that talk to it directly.
import { STUN_ATTRIBUTE, TURN_METHOD, type StunMessage, type TransportAddress } from '@parley/rtc';
import { PeerPolicy } from '../peer-policy.ts';
import type { FiveTuple } from '../protocol/five-tuple.ts';
import { DEFAULT_QUOTAS, type TurnQuotas } from '../protocol/quotas.ts';
import type { TurnAction } from '../protocol/turn-action.ts';
import { TurnServerProtocol } from '../protocol/turn-server-protocol.ts';
import {
  REALM,
  RequestWriter,
  SECRET,
  UDP_TRANSPORT,
  outcome,
  parsed,
  type Attribute,
  type WriterOptions,
} from './request-writer.ts';

/** Where the monotonic clock's zero is, in ms since 1970. */
const WALL_AT_ZERO = 1_800_000_000_000;

export const MEDIA = { address: '192.0.2.10', port: 40_000 };
export const MEDIA_IPV6 = { address: '2001:db8::10', port: 40_000 };

export interface BenchOptions {
  readonly quotas?: Partial<TurnQuotas>;
  readonly permitted?: readonly TransportAddress[];
  readonly ipv6?: boolean;
}

export class Bench {
  readonly policy: PeerPolicy;
  readonly protocol: TurnServerProtocol;
  now = 1000.5;
  /** Answers `open-relay` at once; otherwise the test does. */
  opensRelays = true;

  constructor({ quotas = {}, permitted = [MEDIA, MEDIA_IPV6], ipv6 = true }: BenchOptions = {}) {
    this.policy = new PeerPolicy(permitted);
    this.protocol = new TurnServerProtocol({
      secret: SECRET,
      realm: REALM,
      nonceKey: Buffer.alloc(32, 7),
      wallClock: (now) => WALL_AT_ZERO + now,
      policy: this.policy,
      quotas: { ...DEFAULT_QUOTAS, ...quotas },
      relayAddresses: ipv6 ? { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } : { ipv4: '192.0.2.1' },
    });
  }

  get wallNow(): number {
    return WALL_AT_ZERO + this.now;
  }

  feed(bytes: Buffer, client: FiveTuple): TurnAction[] {
    const actions = this.protocol.handleMessage(bytes, client, this.now);
    if (!this.opensRelays) return actions;
    return actions.flatMap((action) =>
      action.type === 'open-relay'
        ? [action, ...this.protocol.handleRelayOpened(action.relay, relayedAddress(action))]
        : [action],
    );
  }

  /** Lets time pass and deadlines with it. */
  advance(ms: number): TurnAction[] {
    this.now += ms;
    const due = this.protocol.nextDeadline;
    return due !== undefined && due <= this.now ? this.protocol.handleDeadline(this.now) : [];
  }

  client(participant: string, options: Partial<FiveTuple> & Partial<WriterOptions> = {}): BenchClient {
    return new BenchClient(this, participant, options);
  }
}

export class BenchClient {
  readonly writer: RequestWriter;
  readonly tuple: FiveTuple;
  readonly #bench: Bench;

  constructor(bench: Bench, participant: string, options: Partial<FiveTuple> & Partial<WriterOptions>) {
    const { lifetimeSeconds, secret, ...tuple } = options;
    this.#bench = bench;
    this.writer = new RequestWriter({
      participant,
      wallNow: bench.wallNow,
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
      ...(secret === undefined ? {} : { secret }),
    });
    this.tuple = {
      transport: 'udp',
      clientAddress: '198.51.100.7',
      clientPort: 5000,
      serverAddress: '192.0.2.1',
      serverPort: 3478,
      ...tuple,
    };
  }

  /** Fetches a nonce, as clients do: by asking without credentials. */
  challenge(): this {
    const message = this.answer(this.writer.plainRequest(TURN_METHOD.ALLOCATE));
    this.writer.nonce = message?.attribute(STUN_ATTRIBUTE.NONCE)?.toString() ?? '';
    return this;
  }

  feed(bytes: Buffer): TurnAction[] {
    return this.#bench.feed(bytes, this.tuple);
  }

  /** What is sent back to this client. */
  answer(bytes: Buffer): StunMessage | undefined {
    const sent = this.feed(bytes).find((action) => action.type === 'send');
    return sent === undefined ? undefined : parsed(sent.bytes);
  }

  ask(method: number, ...attributes: Attribute[]): StunMessage {
    const message = this.answer(this.writer.request(method, attributes));
    if (message === undefined) throw new Error('no answer');
    return message;
  }

  outcome(method: number, ...attributes: Attribute[]): number | 'success' {
    return outcome(this.ask(method, ...attributes));
  }

  allocate(...attributes: Attribute[]): number | 'success' {
    return this.challenge().outcome(TURN_METHOD.ALLOCATE, UDP_TRANSPORT, ...attributes);
  }

  /** The payloads that reach peers. */
  relayed(bytes: Buffer): { peer: TransportAddress; bytes: Buffer }[] {
    return this.feed(bytes).filter((action) => action.type === 'relay');
  }
}

function relayedAddress({ relay, address }: { relay: number; address: string }): TransportAddress {
  return { address, port: 50_000 + relay };
}
