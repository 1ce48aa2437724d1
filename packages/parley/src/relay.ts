// The TURN server for browsers whose network lets nothing through to the media server: the embedded one, or one that is
// named and shares a secret. What it may relay to is the media server's own addresses and nothing else.
import { randomBytes } from 'node:crypto';
import type { TurnOptions } from '@parley/app-server';
import type { ServerCertificate } from '@parley/app-server/tls';
import type { RunningTurnServer, TurnEvent } from '@parley/turn-server';
import type { Logger } from 'pino';
import { isLoopback, urlHost } from './addresses.ts';
import type { Configuration, TurnTls } from './configuration.ts';
import { StartError } from './errors.ts';
import { relayAddresses, type RelayAddresses } from './relay-addresses.ts';
import { hostsOfCertificate, openRelayCertificate } from './relay-tls.ts';

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

type RelayConfiguration = Pick<
  Configuration,
  'turn' | 'host' | 'trustedProxies' | 'tls' | 'dataDir' | 'announcedIps'
>;

/**
 * @param media the embedded media server, or undefined for another one, which brings its own relay
 * @throws StartError when a TURN port cannot be had, or the certificate cannot be used
 */
export async function startRelay(
  configuration: RelayConfiguration,
  media: EmbeddedMedia | undefined,
  onEvent: (event: TurnEvent) => void,
  log: Logger,
): Promise<Relay> {
  const { turn, host, trustedProxies } = configuration;
  if (turn.kind === 'external')
    return { turn: turn.server, summary: turn.server.urls.join(' '), close: () => Promise.resolve() };
  if (turn.kind === 'off') return none('none: switched off');
  if (!media) return none('none: that is for whoever runs the media server');
  // Behind a proxy, a page on loopback is everybody's all the same.
  if (isLoopback(host) && trustedProxies.length === 0)
    return none('none: the page is served to this machine only');
  const addresses = relayAddresses(media);
  if (!addresses)
    return none('none: this machine has no address of the kind of those announced, other than loopback');
  const certificate = turn.tls && (await openRelayCertificate(configuration, log));
  try {
    const { startTurnServer } = await import('@parley/turn-server');
    const secret = randomBytes(32).toString('base64url');
    const listen = { host: addresses.listen, port: turn.port };
    const server = await startTurnServer({
      udp: listen,
      tcp: listen,
      ...(turn.tls &&
        certificate && { tls: { ...listen, port: turn.tls.port, ...certificate.secureContext } }),
      relayAddress: addresses.relay,
      permittedPeers: addresses.peers,
      secret,
      realm: 'parley',
      onEvent,
      log: log.child({ part: 'turn-server' }),
    });
    certificate?.follow(server);
    const secure = turn.tls && certificate && secureAddresses(turn.tls, certificate, addresses, server);
    return {
      turn: { urls: [...plainUrls(addresses.told, server), ...(secure ?? []).map(secureUrl)], secret },
      summary: summaryOf(server, addresses, secure),
      close: async () => {
        certificate?.close();
        await server.close();
      },
    };
  } catch (error) {
    certificate?.close();
    const { port } = error as NodeJS.ErrnoException & { port?: number };
    const isTls = turn.tls !== undefined && port === turn.tls.port && port !== turn.port;
    throw isTls
      ? StartError.relay(port, error, 'TURN_TLS_PORT')
      : StartError.relay(turn.port, error, 'TURN_PORT');
  }
}

function none(summary: string): Relay {
  return { turn: undefined, summary, close: () => Promise.resolve() };
}

type Ports = Pick<RunningTurnServer, 'udpPort' | 'tcpPort' | 'tlsPort'>;

function plainUrls(told: readonly string[], { udpPort, tcpPort }: Ports): string[] {
  return [
    ...told.map((address) => `turn:${urlHost(address)}:${udpPort}?transport=udp`),
    ...told.map((address) => `turn:${urlHost(address)}:${tcpPort}?transport=tcp`),
  ];
}

/** `host:port` under which browsers can believe in the certificate; empty when it names nobody that could be asked. */
function secureAddresses(
  { name }: TurnTls,
  certificate: ServerCertificate,
  { told }: RelayAddresses,
  { tlsPort }: Ports,
): string[] {
  if (name !== undefined) return [/:\d+$/.test(name) ? name : `${name}:${tlsPort}`];
  return hostsOfCertificate(certificate.pem, told).map((host) => `${host}:${tlsPort}`);
}

function secureUrl(address: string): string {
  return `turns:${address}?transport=tcp`;
}

function summaryOf(
  { udpPort, tcpPort, tlsPort }: Ports,
  { told, relay, impossible }: RelayAddresses,
  secure: readonly string[] | undefined,
): string {
  const ports =
    udpPort === tcpPort
      ? `TURN port ${udpPort} (UDP and TCP)`
      : `TURN ports ${udpPort} (UDP) and ${tcpPort} (TCP)`;
  const translated = relay.filter(({ address, told: outside }) => address !== outside);
  return [
    `${ports} at ${told.join(', ')}`,
    ...(tlsPort === undefined ? [] : [`TLS port ${tlsPort}`]),
    ...(secure?.length === 0
      ? ['which no browser is told of: the certificate names no host, see TURN_TLS_NAME']
      : []),
    ...translated.map(({ address, told: outside }) => `${outside} being translated to ${address}`),
    ...(impossible.length === 0 ? [] : [`not for ${impossible.join(', ')}: no address of that kind here`]),
  ].join(', ');
}
