// The way from here to a TURN server: whole messages over UDP, TCP or TLS (RFC 8656, section 2.1). Knows no TURN.
import { lookup } from 'node:dns/promises';
import type { Socket as UdpSocket } from 'node:dgram';
import { connect, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Logger } from 'pino';
import { FramingError, StreamFramer } from '@parley/rtc';
import { isServerAddress } from './server-address.ts';
import { bindUdp } from './udp-socket.ts';

export type TurnTransport = 'udp' | 'tcp' | 'tls';

export interface TurnServerPlace {
  /** An IP literal or a name. */
  readonly host: string;
  readonly port: number;
  readonly transport: TurnTransport;
}

export interface TurnSocketListener {
  /** One message, as it arrived; from nobody but the server. */
  onMessage(bytes: Buffer): void;
  /** The connection is gone, for good. Told once, not after `close`, and never over UDP. */
  onBroken(error: Error): void;
}

export interface TurnSocket {
  /** Over TCP or TLS. */
  readonly isStream: boolean;
  /** Hands one message to the network; over a stream whose other end is slow it is dropped, as UDP would. */
  send(bytes: Buffer): void;
  /** Idempotent. `farewell` still leaves. */
  close(farewell?: Buffer): void;
}

/** More than this unsent and the way is too slow: packets are dropped instead of growing old. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** How long a farewell may take to leave, in ms. */
const FAREWELL_MS = 2_000;

/**
 * TLS believes in certificates of the usual authorities (and those of NODE_EXTRA_CA_CERTS), made out to `host`.
 * @throws Error of the system, of the resolver or of OpenSSL when the server is not reached or not to be believed; the
 * signal's reason
 */
export async function openTurnSocket(
  place: TurnServerPlace,
  listener: TurnSocketListener,
  log: Logger,
  signal: AbortSignal,
): Promise<TurnSocket> {
  const address = isIP(place.host) ? place.host : (await lookup(place.host)).address;
  signal.throwIfAborted();
  if (!isServerAddress(address)) throw new Error(`${address} is no address of a TURN server`);
  if (place.transport !== 'udp') return new TurnStream(await connected(place, address, signal), listener);
  const socket = await bindUdp(isIPv6(address) ? '::' : '0.0.0.0', 0);
  // Nobody there, or no route: as good as no answer.
  socket.on('error', (err) => log.debug({ err }, 'a packet to a TURN server was not sent'));
  try {
    // Connected: nobody but the server is heard.
    await new Promise<void>((resolve, reject) =>
      socket.connect(place.port, address, (error?: Error) => (error ? reject(error) : resolve())),
    );
    signal.throwIfAborted();
  } catch (error) {
    socket.close();
    throw error;
  }
  return new TurnDatagrams(socket, listener);
}

class TurnDatagrams implements TurnSocket {
  readonly isStream = false;
  readonly #socket: UdpSocket;
  #closed = false;

  constructor(socket: UdpSocket, listener: TurnSocketListener) {
    this.#socket = socket;
    socket.on('message', (bytes) => listener.onMessage(bytes));
  }

  send(bytes: Buffer): void {
    if (!this.#closed) this.#socket.send(bytes);
  }

  close(farewell?: Buffer): void {
    if (this.#closed) return;
    this.#closed = true;
    if (farewell) this.#socket.send(farewell, () => this.#socket.close());
    else this.#socket.close();
  }
}

class TurnStream implements TurnSocket {
  readonly isStream = true;
  readonly #socket: Socket;
  readonly #framer = new StreamFramer();
  readonly #listener: TurnSocketListener;
  #closed = false;

  constructor(socket: Socket, listener: TurnSocketListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.on('error', (error) => this.#break(error));
    socket.on('close', () => this.#break(new Error('the server ended the connection')));
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  send(bytes: Buffer): void {
    if (!this.#closed && this.#socket.writableLength <= MAX_UNSENT_BYTES) this.#socket.write(bytes);
  }

  close(farewell?: Buffer): void {
    if (this.#closed) return;
    this.#closed = true;
    if (farewell) this.#socket.write(farewell);
    this.#socket.setTimeout(FAREWELL_MS, () => this.#socket.destroy());
    // That the server hangs up too is not waited for.
    this.#socket.destroySoon();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#framer.push(chunk)) if (!this.#closed) this.#listener.onMessage(message);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#break(error);
    }
  }

  #break(error: Error): void {
    this.#socket.destroy();
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.onBroken(error);
  }
}

function connected(
  { host, port, transport }: TurnServerPlace,
  address: string,
  signal: AbortSignal,
): Promise<Socket> {
  const place = { host: address, port };
  // TLS names no literal addresses (RFC 6066, section 3); the certificate is compared with the address all the same.
  const name = isIP(host) ? {} : { servername: host };
  const socket: Socket = transport === 'tls' ? connectTls({ ...place, ...name }) : connect(place);
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy();
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    const onAbort = () => fail(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    // Stays: no error may find nobody who listens.
    socket.on('error', fail);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}
