// Tries a TURN server as a client would: does it answer, does it take the credentials, and whom does it relay to?
// For the doctor and the audit; sends no data to any peer.
import { isIP, isIPv6 } from 'node:net';
import type { AddressFamily, TransportAddress } from '@parley/rtc';
import { ProbeClient, TurnError, type ProbeClientOptions } from './probe/probe-client.ts';
import { parseTurnUrl } from './probe/turn-url.ts';
import { addressText } from './turn-event.ts';

export interface TurnProbeRequest {
  /** As browsers are told: `turn:host:port?transport=udp`, `…=tcp` or `turns:host:port`. */
  readonly url: string;
  readonly username: string;
  readonly credential: string;
  /** `192.0.2.1:80` or `[2001:db8::1]:80`: whom the server is asked to relay to. */
  readonly peers: readonly string[];
  /** PEM certificates that vouch for the server beside the usual authorities. Nothing else makes an unknown one trusted. */
  readonly ca?: readonly string[];
  /** For all of it, in ms. */
  readonly timeoutMs?: number;
}

export interface TurnProbeResult {
  readonly allocated: boolean;
  /** In the server's or the system's words; absent when all questions were answered. */
  readonly error?: string;
  /** The server's, when that is what it failed by: 401, 441, 486 … (RFC 8656, section 19). */
  readonly errorCode?: number;
  /** `192.0.2.1:49152`, of the IPv4 allocation if there is one. */
  readonly relayedAddress?: string;
  /** By the text of the peer: whether a channel to it was granted. False without an allocation. */
  readonly permitted: Readonly<Record<string, boolean>>;
  /** Of the first answer, in ms; absent when there was none. */
  readonly roundTripMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5000;
/** Address Family not Supported. */
const NO_SUCH_FAMILY = 440;
const PEER = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/;

/**
 * Allocates, asks for a channel to each peer, and gives the allocation back. IPv6 peers are tried from a second
 * allocation, of IPv6, as well as from the first one. Never rejects because of the server.
 * @throws TypeError when URL or a peer are malformed
 */
export async function probeTurn(request: TurnProbeRequest): Promise<TurnProbeResult> {
  const url = parseTurnUrl(request.url);
  if (url === undefined) throw new TypeError(`"${request.url}" is no TURN address`);
  const peers = request.peers.map((text) => ({ text, ...parsePeer(text) }));
  const ipv6Peers = peers.filter(({ address }) => isIPv6(address));
  const signal = AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const client = { ...request, url, ca: request.ca ?? [], signal };

  const first = await visit(client, 'ipv4', peers);
  const wantsIpv6 = first.error === undefined ? ipv6Peers.length > 0 : first.errorCode === NO_SUCH_FAMILY;
  const second = wantsIpv6 ? await visit(client, 'ipv6', ipv6Peers) : undefined;
  const visits = [first, ...(second === undefined ? [] : [second])];
  const [failed] = visits.filter(
    // That there are no IPv6 allocations is an answer, not a failure, once there was an IPv4 one, and the reverse.
    ({ error, errorCode }) =>
      error !== undefined && !(errorCode === NO_SUCH_FAMILY && visits.some(({ relayed }) => relayed)),
  );
  const relayed = first.relayed ?? second?.relayed;
  const roundTripMs = first.roundTripMs ?? second?.roundTripMs;
  return {
    allocated: relayed !== undefined,
    ...(failed && { error: failed.error }),
    ...(failed?.errorCode !== undefined && { errorCode: failed.errorCode }),
    ...(relayed && { relayedAddress: addressText(relayed) }),
    permitted: Object.fromEntries(
      peers.map(({ text }) => [text, visits.some(({ permitted }) => permitted.has(text))]),
    ),
    ...(roundTripMs !== undefined && { roundTripMs }),
  };
}

interface Peer extends TransportAddress {
  readonly text: string;
}

interface Visit {
  relayed?: TransportAddress;
  error?: string;
  errorCode?: number;
  roundTripMs?: number;
  readonly permitted: Set<string>;
}

/** One allocation of one family, and all questions asked from it. */
async function visit(
  options: ProbeClientOptions,
  family: AddressFamily,
  peers: readonly Peer[],
): Promise<Visit> {
  const visit: Visit = { permitted: new Set() };
  const client = new ProbeClient(options);
  try {
    await client.connect();
    visit.relayed = await client.allocate(family);
    for (const peer of peers) if (await client.mayReach(peer)) visit.permitted.add(peer.text);
  } catch (error) {
    visit.error = wordsFor(error);
    if (error instanceof TurnError) visit.errorCode = error.code;
  } finally {
    if (client.roundTripMs !== undefined) visit.roundTripMs = client.roundTripMs;
    client.close();
  }
  return visit;
}

function wordsFor(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof Error ? error.message : String(error);
}

function parsePeer(text: string): TransportAddress {
  const match = PEER.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(address) === 0 || !(port <= 65_535)) throw new TypeError(`"${text}" is no address and port`);
  return { address, port };
}
