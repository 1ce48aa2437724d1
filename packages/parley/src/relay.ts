// The TURN server for browsers whose network lets nothing through to the media server: the embedded one, or one that is
// named and shares a secret. What it may relay to is the media server's own addresses and nothing else.
import { randomBytes } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TurnOptions } from '@parley/app-server';
import type { Logger } from 'pino';
import type { Configuration } from './configuration.ts';
import { StartError } from './errors.ts';

export interface Relay {
  /** What browsers are told; undefined: there is none. */
  readonly turn: TurnOptions | undefined;
  /** For the start report. */
  readonly summary: string;
  close(): Promise<void>;
}

export interface EmbeddedMedia {
  readonly rtcPort: number;
  /** As announced to browsers. */
  readonly addresses: readonly string[];
}

/** Addresses that browsers are told, of each family: more would only make them slower to give up. */
const MAX_URL_ADDRESSES = 2;

/**
 * @param media the embedded media server, or undefined for another one, which brings its own relay
 * @throws StartError when the TURN port cannot be had
 */
export async function startRelay(
  { turn, host, trustedProxies }: Pick<Configuration, 'turn' | 'host' | 'trustedProxies'>,
  media: EmbeddedMedia | undefined,
  log: Logger,
): Promise<Relay> {
  if (turn.kind === 'external') {
    return { turn: turn.server, summary: turn.server.urls.join(' '), close: () => Promise.resolve() };
  }
  // Behind a proxy, a page on loopback is everybody's all the same.
  const servesOthers = !isLoopback(host) || trustedProxies.length > 0;
  if (turn.kind === 'off' || !media || !servesOthers) return none('none');
  const relayAddress = localOf(media.addresses);
  if (relayAddress.length === 0) {
    // Announced addresses that are not this machine's own: a relay here could not be reached from there.
    return none('none: the announced addresses are not those of this machine');
  }
  const { startTurnServer } = await import('@parley/turn-server');
  const secret = randomBytes(32).toString('base64url');
  const listener = { host: relayAddress, port: turn.port };
  try {
    const server = await startTurnServer({
      udp: listener,
      tcp: listener,
      relayAddress,
      permittedPeers: media.addresses.map((address) => ({ address, port: media.rtcPort })),
      secret,
      realm: 'parley',
      log: log.child({ part: 'turn-server' }),
    });
    const { udpPort = turn.port, tcpPort = turn.port } = server;
    return {
      turn: { urls: turnUrls(relayAddress, { udp: udpPort, tcp: tcpPort }), secret },
      summary:
        udpPort === tcpPort
          ? `TURN port ${udpPort} (UDP and TCP)`
          : `TURN ports ${udpPort} (UDP) and ${tcpPort} (TCP)`,
      close: () => server.close(),
    };
  } catch (error) {
    throw StartError.relay(turn.port, error);
  }
}

function none(summary: string): Relay {
  return { turn: undefined, summary, close: () => Promise.resolve() };
}

function turnUrls(addresses: readonly string[], ports: { udp: number; tcp: number }): string[] {
  const hosts = addresses
    .slice(0, MAX_URL_ADDRESSES)
    .map((address) => (isIPv6(address) ? `[${address}]` : address));
  return (['udp', 'tcp'] as const).flatMap((transport) =>
    hosts.map((host) => `turn:${host}:${ports[transport]}?transport=${transport}`),
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** The first address of each family that is this machine's own. */
function localOf(addresses: readonly string[]): string[] {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address)),
  );
  const local = addresses.filter((address) => own.has(address) && !isLoopback(address));
  return [4, 6].flatMap((family) => local.find((address) => isIP(address) === family) ?? []);
}
