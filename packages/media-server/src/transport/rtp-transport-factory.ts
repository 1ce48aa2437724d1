// Makes the transports of plain RTP and knows what they have in common: ports, addresses, limits.
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { DEFAULT_MAX_RECEIVE_BITRATE } from './flood-gate.ts';
import { RtpPorts, type RtpPortRange } from './rtp-ports.ts';
import { RtpTransport, type RtpTransportCommon, type RtpTransportListener } from './rtp-transport.ts';
import { SRTP_KEY_LIMITS, type SrtpKeyLimits } from './srtp-key-use.ts';

export const DEFAULT_RTP_PORTS: RtpPortRange = { first: 41_000, last: 41_999 };

export interface RtpTransportOptions {
  readonly ports: RtpPortRange;
  /** What peers are told to send to; the first of each version of IP is. */
  readonly announcedIps: readonly string[];
  /** Where ports are opened; all addresses unless given. */
  readonly host?: string;
  readonly keyLimits?: SrtpKeyLimits;
  /** Of RTP that is taken from one peer, in bit/s. */
  readonly maxReceiveBitrate?: number | undefined;
  readonly log: Logger;
}

export class RtpTransportFactory {
  readonly #options: RtpTransportOptions;
  readonly #ports: RtpPorts;
  readonly #common: RtpTransportCommon;

  constructor(options: RtpTransportOptions) {
    const { log, keyLimits = SRTP_KEY_LIMITS, maxReceiveBitrate = DEFAULT_MAX_RECEIVE_BITRATE } = options;
    this.#options = options;
    this.#ports = new RtpPorts(options.ports);
    this.#common = { log, keyLimits, maxReceiveBitrate, ownAddresses };
  }

  /** What the SDP says; undefined when this server announces no address of that version. */
  announcedIp(ipv6: boolean): string | undefined {
    return this.#options.announcedIps.find((ip) => ip.includes(':') === ipv6);
  }

  /** Undefined when no pair of ports is free. @throws Error with `code` when there is another reason */
  async create(ipv6: boolean, listener: RtpTransportListener): Promise<RtpTransport | undefined> {
    const ports = await this.#ports.open(this.#options.host ?? (ipv6 ? '::' : '0.0.0.0'));
    return ports && new RtpTransport(ports, this.#common, listener);
  }
}

/** Without zones: packets of a link have theirs, which SDP does not. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address }) => address),
  );
}
