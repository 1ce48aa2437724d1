// The probe's way to a TURN server: whole messages over UDP, TCP or TLS. Knows no TURN.
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { FramingError, StreamFramer } from '@parley/rtc';
import { boundSocket } from '../node/udp-listener.ts';
import type { TurnUrl } from './turn-url.ts';

export interface ClientSocketEvents {
  /** One message, as it arrived. */
  readonly onMessage: (bytes: Buffer) => void;
  /** The way is broken for good. Told once, not after `close`. */
  readonly onBroken: (error: Error) => void;
}

export interface ClientSocket {
  /** Whether what is sent can get lost without notice. */
  readonly lossy: boolean;
  send(bytes: Buffer): void;
  close(): void;
}

export interface ClientSocketOptions extends ClientSocketEvents {
  readonly url: TurnUrl;
  /** PEM certificates that vouch for the server, beside the usual ones. */
  readonly ca: readonly string[];
  readonly signal: AbortSignal;
}

/** @throws Error of the system or of OpenSSL when the server is not reached or not trusted; the signal's reason */
export async function openClientSocket(options: ClientSocketOptions): Promise<ClientSocket> {
  const { host } = options.url;
  const address = isIP(host) ? host : (await lookup(host)).address;
  options.signal.throwIfAborted();
  return options.url.transport === 'udp' ? openUdp(options, address) : openStream(options, address);
}

async function openUdp(
  { url, onMessage, onBroken }: ClientSocketOptions,
  address: string,
): Promise<ClientSocket> {
  const socket = await boundSocket({ address: isIP(address) === 6 ? '::' : '0.0.0.0', port: 0 });
  socket.on('message', (bytes, from) => {
    if (from.port === url.port) onMessage(bytes);
  });
  // Connected, so that "nobody listens there" comes back as an error.
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(url.port, address, () => {
      socket.off('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    socket.close();
  };
  socket.on('error', (error) => {
    if (closed) return;
    close();
    onBroken(error);
  });
  return { lossy: true, send: (bytes) => closed || socket.send(bytes), close };
}

async function openStream(options: ClientSocketOptions, address: string): Promise<ClientSocket> {
  const { onMessage, onBroken } = options;
  const socket = await connected(options, address);
  const framer = new StreamFramer();
  let closed = false;
  const broken = (error: Error) => {
    socket.destroy();
    if (closed) return;
    closed = true;
    onBroken(error);
  };
  socket.on('error', broken);
  socket.on('close', () => broken(new Error('the server ended the connection')));
  socket.on('data', (chunk) => {
    try {
      for (const message of framer.push(chunk)) if (!closed) onMessage(message);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      broken(error);
    }
  });
  const close = () => {
    closed = true;
    // What was sent last leaves; that the server hangs up too is not waited for.
    socket.destroySoon();
  };
  return { lossy: false, send: (bytes) => closed || socket.write(bytes), close };
}

function connected({ url, ca, signal }: ClientSocketOptions, address: string): Promise<Socket> {
  const place = { host: address, port: url.port };
  const isTls = url.transport === 'tls';
  const socket: Socket = isTls
    ? connectTls({
        ...place,
        // TLS names no literal addresses (RFC 6066, section 3); the certificate is compared with `host` all the same.
        ...(isIP(url.host) ? {} : { servername: url.host }),
        ...(ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}),
      })
    : connect(place);
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => {
      socket.destroy();
      signal.removeEventListener('abort', aborted);
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const aborted = () => failed(signal.reason);
    signal.addEventListener('abort', aborted);
    socket.once('error', failed);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.off('error', failed);
      signal.removeEventListener('abort', aborted);
      resolve(socket);
    });
  });
}
