// What a request looked like to the browser that made it: as it came, or as a proxy tells whom the operator trusts.
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { IncomingMessage } from 'node:http';

export interface OutsideView {
  /** With its port when that is not the scheme's own; undefined when the request names none. */
  readonly host: string | undefined;
  /** Undefined: came in clear, perhaps through a proxy that is not trusted and took the encryption away. */
  readonly encrypted: boolean | undefined;
}

export class ProxyTrust {
  readonly #addresses = new BlockList();

  /** @param addresses of proxies, or their subnets such as `192.0.2.0/24` */
  constructor(addresses: readonly string[]) {
    for (const entry of addresses) {
      const [address = '', prefix] = entry.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#addresses.addAddress(address, family);
      else this.#addresses.addSubnet(address, Number(prefix), family);
    }
  }

  readonly trusts = (address: string | undefined): boolean =>
    address !== undefined &&
    isIP(address) !== 0 &&
    this.#addresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

  /** Whose request it is: the last address that no trusted proxy has (`X-Forwarded-For`, the nearest last). */
  client({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
    let client = socket.remoteAddress ?? '';
    const claimed = [headers['x-forwarded-for']].flat().join(',').split(',');
    for (const address of claimed.reverse()) {
      if (!this.trusts(client) || isIP(address.trim()) === 0) break;
      client = address.trim();
    }
    return client;
  }

  /**
   * Whether it seems to come through a proxy that is not named: then all who come through it are one client. Or its client
   * only says so, which nobody can tell.
   */
  undeclared({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.trusts(socket.remoteAddress);
  }

  /** `X-Forwarded-Host` and `X-Forwarded-Proto` count only when the request comes from a trusted proxy. */
  outside({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): OutsideView {
    const encrypted = 'encrypted' in socket || undefined;
    if (!this.trusts(socket.remoteAddress)) return { host: headers.host, encrypted };
    const scheme = lastOf(headers['x-forwarded-proto'])?.toLowerCase();
    return {
      host: lastOf(headers['x-forwarded-host']) ?? headers.host,
      // Some proxies name a WebSocket's own scheme.
      encrypted: scheme === undefined ? encrypted : scheme === 'https' || scheme === 'wss',
    };
  }
}

/** The entry of the proxy that is nearest: those before it are what others claimed. */
function lastOf(header: string | string[] | undefined): string | undefined {
  return [header].flat().at(-1)?.split(',').at(-1)?.trim() || undefined;
}
