// The UDP ports of plain RTP: pairs of an even port for RTP and the next one for RTCP (RFC 3550, section 11), out of a
// range that an operator can open in a firewall.
import type { Socket } from 'node:dgram';
import { bindUdp } from './udp-socket.ts';

export interface RtpPortRange {
  readonly first: number;
  readonly last: number;
}

/** Two open sockets. Whoever closes them gives their ports back. */
export interface RtpPortPair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
}

/** Somebody else has the port, or it is not for us: the next one may do. */
const TAKEN = ['EADDRINUSE', 'EACCES'];

export class RtpPorts {
  readonly #first: number;
  readonly #pairs: number;
  /** Goes round: late packets for one who is gone should not reach the next one. */
  #next: number;

  /** @throws {RangeError} when there is no pair in the range */
  constructor({ first, last }: RtpPortRange) {
    this.#first = first + (first % 2);
    this.#pairs = Math.floor((last - this.#first + 1) / 2);
    if (this.#pairs < 1) throw new RangeError(`no pair of ports between ${first} and ${last}`);
    this.#next = Math.floor(Math.random() * this.#pairs);
  }

  /**
   * Opens the next pair that is free on `host`; undefined when none is.
   * @throws Error with `code` when it is not for the ports (EMFILE, EADDRNOTAVAIL, …)
   */
  async open(host: string): Promise<RtpPortPair | undefined> {
    for (let tries = 0; tries < this.#pairs; tries++) {
      const port = this.#first + (this.#next++ % this.#pairs) * 2;
      const rtp = await bindUnlessTaken(host, port);
      if (!rtp) continue;
      try {
        const rtcp = await bindUnlessTaken(host, port + 1);
        if (rtcp) return { rtp, rtcp };
      } catch (error) {
        rtp.close();
        throw error;
      }
      rtp.close();
    }
    return undefined;
  }
}

async function bindUnlessTaken(host: string, port: number): Promise<Socket | undefined> {
  try {
    return await bindUdp(host, port);
  } catch (error) {
    if (TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
