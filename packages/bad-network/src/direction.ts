// Words for the two ways through a proxy, and for places on the network, shared by all proxies.

/** up: from the client to the target. down: from the target to the client. */
export type Direction = 'up' | 'down';
export type Directions = Direction | 'both';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function includes(directions: Directions, direction: Direction): boolean {
  return directions === 'both' || directions === direction;
}

/** As it is written in a URL: IPv6 in brackets. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
