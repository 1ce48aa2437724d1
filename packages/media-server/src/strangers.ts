// TCP connections whose other end has not shown yet that it has any business here: each has a deadline, and when there
// are too many, the oldest one of the address that has most gives way. So who connects and is silent shuts out nobody
// but itself, and who talks at once, however many it is, is never touched. What "has shown" means, is its owner's.
import type { Socket } from 'node:net';
import { ipAddressToBytes } from '@parley/rtc';

export interface StrangersOptions {
  /** At the same time. More than any honest crowd that comes at once, as after a restart. */
  readonly max: number;
  /** In ms. */
  readonly deadlineMs: number;
}

type ConnectionEnds = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress'>;

interface Stranger {
  readonly socket: Socket;
  readonly source: string;
  readonly deadline: ReturnType<typeof setTimeout>;
}

export class Strangers {
  readonly #options: StrangersOptions;
  readonly #strangers = new Map<string, Stranger>();
  /** The keys of the above by where they are from, oldest first. */
  readonly #bySource = new Map<string, Set<string>>();

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#strangers.size;
  }

  /** Takes a connection that was accepted just now. It leaves by itself when it is closed. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    const { remoteAddress } = socket;
    if (key === undefined || remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    if (this.#strangers.size >= this.#options.max) this.#endOldestOfMost();
    const source = sourceOf(remoteAddress);
    const deadline = setTimeout(() => socket.destroy(), this.#options.deadlineMs);
    this.#strangers.set(key, { socket, source, deadline });
    const keys = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, keys.add(key));
    socket.once('close', () => {
      if (this.#strangers.get(key)?.socket === socket) this.#remove(key);
    });
  }

  /** The other end has shown what it wants: it has no deadline any more. `socket` may be TLS over the one that was added. */
  leave(socket: ConnectionEnds): void {
    const key = keyOf(socket);
    if (key !== undefined) this.#remove(key);
  }

  #remove(key: string): void {
    const stranger = this.#strangers.get(key);
    if (!stranger) return;
    clearTimeout(stranger.deadline);
    this.#strangers.delete(key);
    const keys = this.#bySource.get(stranger.source);
    keys?.delete(key);
    if (keys?.size === 0) this.#bySource.delete(stranger.source);
  }

  #endOldestOfMost(): void {
    let most: Set<string> | undefined;
    for (const keys of this.#bySource.values()) if (keys.size > (most?.size ?? 0)) most = keys;
    const [oldest] = most ?? [];
    if (oldest === undefined) return;
    const stranger = this.#strangers.get(oldest);
    this.#remove(oldest);
    stranger?.socket.destroy();
  }
}

/** What a connection and the TLS over it have in common. Undefined: it is closed already. */
function keyOf({ remoteAddress, remotePort, localAddress }: ConnectionEnds): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** Who has one address of IPv6 has all of its /64. */
function sourceOf(address: string): string {
  const bytes = ipAddressToBytes(address);
  return bytes.subarray(0, bytes.length === 4 ? 4 : 8).toString('hex');
}
