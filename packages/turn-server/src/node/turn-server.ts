// The TURN server on real sockets: feeds the protocol with what arrives and does what it asks for.
import type { AddressFamily } from '@parley/rtc';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { PeerPolicy } from '../peer-policy.ts';
import type { AllocationSummary } from '../protocol/allocation.ts';
import type { FiveTuple } from '../protocol/five-tuple.ts';
import { DEFAULT_QUOTAS, MAX_RATE_LIMITED_SOURCES, type TurnQuotas } from '../protocol/quotas.ts';
import { KeyedRateLimit } from '../protocol/token-bucket.ts';
import type { TurnAction } from '../protocol/turn-action.ts';
import { TurnServerProtocol } from '../protocol/turn-server-protocol.ts';
import { addressText, type TurnEvent } from '../turn-event.ts';
import { PeerAliases, type PermittedPeer } from './peer-aliases.ts';
import { RelaySockets, type PortRange } from './relay-sockets.ts';
import { DEFAULT_STREAM_LIMITS, type StreamHandler, type StreamLimits } from './stream-connection.ts';
import { StreamListener, type TlsIdentity } from './stream-listener.ts';
import { UdpListener } from './udp-listener.ts';

export interface ListenerOptions {
  /** IP addresses; all of them get the same port. */
  readonly host: string | readonly string[];
  /** 0: any free port. */
  readonly port: number;
}

export interface TurnServerOptions {
  readonly udp?: ListenerOptions;
  readonly tcp?: ListenerOptions;
  readonly tls?: ListenerOptions & TlsIdentity;
  /** Where relay sockets are bound: addresses of this machine that the peers can reach; one of each family. */
  readonly relayAddress: string | readonly (string | RelayAddress)[];
  /** Ports of the relay sockets; without it, the system chooses. */
  readonly relayPorts?: PortRange;
  /** The media server's addresses and ports. Nothing else is relayed to. */
  readonly permittedPeers: readonly PermittedPeer[];
  /** Shared with whoever mints credentials. */
  readonly secret: string;
  readonly realm: string;
  readonly quotas?: Partial<TurnQuotas>;
  readonly limits?: Partial<StreamLimits>;
  /** Called while messages are handled: it must neither throw nor take its time. */
  readonly onEvent?: (event: TurnEvent) => void;
  readonly log: Logger;
}

export interface RelayAddress {
  /** Where sockets are bound. */
  readonly address: string;
  /** What clients are told instead: the public address that is translated to it. */
  readonly told: string;
}

export interface RunningTurnServer {
  readonly udpPort: number | undefined;
  readonly tcpPort: number | undefined;
  readonly tlsPort: number | undefined;
  /** Times in ms since 1970. */
  allocations(): AllocationSummary[];
  /** Takes the place of `permittedPeers`, for running allocations too. Throws as `startTurnServer` does. */
  permitPeers(peers: readonly PermittedPeer[]): void;
  /** For TLS clients that come from now on. @throws Error of OpenSSL when certificate and key are of no use */
  setSecureContext(context: TlsIdentity): void;
  close(): Promise<void>;
}

/** Of setTimeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * @throws TypeError or RangeError when options make no sense, and what `bind` throws (`code` EADDRINUSE …) when a port
 * cannot be had; nothing stays open then.
 */
export async function startTurnServer(options: TurnServerOptions): Promise<RunningTurnServer> {
  const server = new TurnServer(options);
  try {
    await server.listen();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class TurnServer implements RunningTurnServer {
  readonly #options: TurnServerOptions;
  readonly #log: Logger;
  readonly #policy: PeerPolicy;
  readonly #eventLimit: KeyedRateLimit;
  #aliases: PeerAliases;
  /** What clients are told in place of the address that a relay socket is bound to. */
  readonly #told: ReadonlyMap<string, string>;
  readonly #protocol: TurnServerProtocol;
  readonly #relays: RelaySockets;
  readonly #udp = new Map<string, UdpListener>();
  readonly #tcp = new Map<string, StreamListener>();
  readonly #tls = new Map<string, StreamListener>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TurnServerOptions) {
    const { secret, realm, log, permittedPeers, quotas, relayAddress, relayPorts } = options;
    if (secret === '' || realm === '') throw new RangeError('a TURN server needs a secret and a realm');
    this.#options = options;
    this.#log = log;
    this.#policy = new PeerPolicy(permittedPeers);
    this.#aliases = new PeerAliases(permittedPeers);
    const relayAddresses = listOf(relayAddress).map((entry) =>
      typeof entry === 'string' ? { address: entry, told: entry } : entry,
    );
    this.#told = new Map(relayAddresses.map(({ address, told }) => [address, told]));
    // Only for its checks: what is told must be as good an address.
    byFamily(relayAddresses.map(({ told }) => told));
    const allQuotas = { ...DEFAULT_QUOTAS, ...quotas };
    this.#eventLimit = new KeyedRateLimit(allQuotas.eventsPerParticipant, MAX_RATE_LIMITED_SOURCES);
    this.#protocol = new TurnServerProtocol({
      secret,
      realm,
      nonceKey: randomBytes(32),
      wallClock,
      policy: this.#policy,
      quotas: allQuotas,
      relayAddresses: byFamily(relayAddresses.map(({ address }) => address)),
    });
    this.#relays = new RelaySockets({
      ports: relayPorts,
      aliases: () => this.#aliases,
      log,
      onDatagram: (relay, from, bytes) =>
        this.#feed((now) => this.#protocol.handlePeerDatagram(relay, from, bytes, now)),
    });
  }

  get udpPort(): number | undefined {
    return anyOf(this.#udp)?.port;
  }

  get tcpPort(): number | undefined {
    return anyOf(this.#tcp)?.port;
  }

  get tlsPort(): number | undefined {
    return anyOf(this.#tls)?.port;
  }

  async listen(): Promise<void> {
    const { udp, tcp, tls, limits } = this.#options;
    const log = this.#log;
    const onMessage = (bytes: Buffer, client: FiveTuple) =>
      this.#feed((now) => this.#protocol.handleMessage(bytes, client, now));
    const handler: StreamHandler = {
      onMessage,
      onGone: (client) => this.#feed(() => this.#protocol.handleClientGone(client)),
      hasAllocation: (client) => this.#protocol.hasAllocation(client),
    };
    const shared = { limits: { ...DEFAULT_STREAM_LIMITS, ...limits }, handler, log };
    await openAll(udp, this.#udp, (place) => UdpListener.open({ ...place, log, onMessage }));
    await openAll(tcp, this.#tcp, (place) => StreamListener.open({ ...place, ...shared }));
    await openAll(tls, this.#tls, (place) => {
      const { host: _host, port: _port, ...identity } = tls!;
      return StreamListener.open({ ...place, ...shared, tls: identity });
    });
    const { udpPort, tcpPort, tlsPort } = this;
    log.info({ udpPort, tcpPort, tlsPort }, 'TURN server listens');
  }

  allocations(): AllocationSummary[] {
    return this.#protocol.allocations().map((summary) => ({
      ...summary,
      since: wallClock(summary.since),
      expiresAt: wallClock(summary.expiresAt),
    }));
  }

  permitPeers(peers: readonly PermittedPeer[]): void {
    const aliases = new PeerAliases(peers);
    this.#policy.update(peers);
    this.#aliases = aliases;
  }

  setSecureContext(context: TlsIdentity): void {
    for (const listener of this.#tls.values()) listener.setSecureContext(context);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#relays.closeAll();
    const listeners = [this.#udp, this.#tcp, this.#tls].flatMap((map) => [...map.values()]);
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  /** The one way into the protocol. A fault of ours costs one message, not every call on this server. */
  #feed(step: (now: number) => TurnAction[]): void {
    if (this.#closed) return;
    try {
      this.#perform(step(performance.now()));
    } catch (error) {
      this.#log.error({ err: error }, 'a TURN message failed unexpectedly');
    }
  }

  #perform(actions: readonly TurnAction[]): void {
    let deadlineMayHaveMoved = false;
    for (const action of actions) {
      if (action.type === 'relay') this.#relays.send(action.relay, action.peer, action.bytes);
      else if (action.type === 'send') this.#send(action.to, action.bytes, action.data ?? false);
      else this.#performRare(action);
      deadlineMayHaveMoved ||= action.type !== 'relay' && !(action.type === 'send' && action.data);
    }
    if (deadlineMayHaveMoved) this.#schedule();
  }

  #performRare(action: Exclude<TurnAction, { type: 'relay' | 'send' }>): void {
    switch (action.type) {
      case 'open-relay':
        void this.#openRelay(action);
        return;
      case 'close-relay': {
        const { participant, transport, client, bytesUp, bytesDown, bytesDropped } = action.summary;
        this.#log.info(
          { participant, transport, client, bytesUp, bytesDown, bytesDropped, reason: action.reason },
          'TURN allocation ended',
        );
        this.#relays.close(action.relay);
        this.#tell(action.reason === 'expired' ? 'expired' : 'closed', {
          ...ofAllocation(action.summary),
          reason: action.reason,
        });
        return;
      }
      case 'close-client':
        this.#streamsOf(action.client)?.closeClient(action.client);
        return;
      case 'permitted':
        this.#tell('permission', { ...ofAllocation(action.summary), peer: action.peer });
        return;
      case 'refused': {
        const { participant, client, code, reason, peer } = action;
        this.#log.debug({ participant, code, reason, peer }, 'a TURN request was refused');
        this.#tell(peer === undefined ? 'refused' : 'refused-peer', {
          participant,
          ...ofClient(client),
          ...(peer !== undefined && { peer }),
          reason: `${code} ${reason}`,
        });
      }
    }
  }

  async #openRelay(action: Extract<TurnAction, { type: 'open-relay' }>): Promise<void> {
    const { relay, address, participant, client } = action;
    try {
      const bound = await this.#relays.open(relay, address);
      if (bound === undefined) return;
      const relayed = { address: this.#told.get(address) ?? address, port: bound.port };
      this.#log.info({ participant, client, relayed }, 'TURN allocation begins');
      this.#feed(() => this.#protocol.handleRelayOpened(relay, relayed));
      this.#tell('allocated', { participant, ...ofClient(client), relayedAddress: addressText(relayed) });
    } catch (error) {
      this.#log.warn({ err: error, participant, address }, 'a relay socket could not be opened');
      this.#feed(() => this.#protocol.handleRelayFailed(relay));
    }
  }

  #tell(kind: TurnEvent['kind'], event: Omit<TurnEvent, 'kind' | 'at'>): void {
    // Whoever follows has more to do with an event than a client with the request that brings it about.
    if (!this.#eventLimit.take(event.participant ?? '', performance.now())) return;
    this.#options.onEvent?.({ kind, at: Date.now(), ...event });
  }

  #send(to: FiveTuple, bytes: Buffer, droppable: boolean): void {
    if (to.transport === 'udp') this.#udp.get(to.serverAddress)?.send(bytes, to);
    else this.#streamsOf(to)?.send(bytes, to, droppable);
  }

  #streamsOf({ transport, serverAddress }: FiveTuple): StreamListener | undefined {
    return (transport === 'tls' ? this.#tls : this.#tcp).get(serverAddress);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const deadline = this.#protocol.nextDeadline;
    if (deadline === undefined || this.#closed) return;
    // Rounded up: a timer that fires a fraction of a millisecond early would find nothing to do.
    const delay = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(deadline - performance.now())));
    this.#timer = setTimeout(() => {
      this.#feed((now) => this.#protocol.handleDeadline(now));
      this.#schedule();
    }, delay);
  }
}

function ofClient({ transport, clientAddress, clientPort }: FiveTuple) {
  return {
    clientAddress: addressText({ address: clientAddress, port: clientPort }),
    protocol: transport,
  };
}

function ofAllocation({ participant, transport, client, relayed }: AllocationSummary) {
  return {
    participant,
    clientAddress: addressText(client),
    protocol: transport,
    ...(relayed && { relayedAddress: addressText(relayed) }),
  };
}

/** Of a time of the monotonic clock, in ms since 1970; follows the system's clock when that is set. */
function wallClock(now: number): number {
  return Date.now() - performance.now() + now;
}

function byFamily(addresses: readonly string[]): { ipv4?: string; ipv6?: string } {
  const found: { ipv4?: string; ipv6?: string } = {};
  for (const address of addresses) {
    const family: AddressFamily | undefined = ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(address)];
    if (family === undefined) throw new TypeError(`"${address}" is no address to relay from`);
    if (address === '0.0.0.0' || address === '::')
      throw new RangeError('clients are told the relay address: it cannot stand for all addresses');
    if (found[family] !== undefined) throw new RangeError('one relay address of each family is enough');
    found[family] = address;
  }
  return found;
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly ipv6Only: boolean;
}

/** One listener for each host, all on the port of the first one. */
async function openAll<Listener extends { readonly port: number }>(
  options: ListenerOptions | undefined,
  listeners: Map<string, Listener>,
  open: (place: Place) => Promise<Listener>,
): Promise<void> {
  if (options === undefined) return;
  const hosts = listOf(options.host);
  for (const host of hosts) {
    const port = anyOf(listeners)?.port ?? options.port;
    listeners.set(host, await open({ host, port, ipv6Only: hosts.length > 1 }));
  }
}

function listOf<Entry>(oneOrMore: string | readonly Entry[]): readonly (string | Entry)[] {
  return typeof oneOrMore === 'string' ? [oneOrMore] : oneOrMore;
}

function anyOf<Value>(map: ReadonlyMap<string, Value>): Value | undefined {
  const [first] = map.values();
  return first;
}
