// The Kurento Protocol's door: HTTP upgrade, path, token, frames and their limits. What the messages mean is elsewhere.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { KurentoError } from '@parley/protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { Heartbeat } from './heartbeat.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { failure, writeResponse } from './messages.ts';
import { KurentoService, type Counts, type ServiceOptions } from './service.ts';

export type { Counts };

export interface KurentoServerOptions extends ServiceOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Undefined: any program may connect, but no page of another host. */
  readonly token?: string | undefined;
  /** PEM; `wss` with it, `ws` without. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** How often clients are pinged, in ms. */
  readonly pingMs?: number;
}

export interface RunningKurentoServer {
  readonly port: number;
  counts(): Counts;
  /** Releases every object and closes every connection. Idempotent. */
  close(): Promise<void>;
}

const PATH = '/kurento';
/** A client that lets this much pile up does not read; it is cut off before it costs more memory. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** TCP connections that may be there besides the WebSockets: they are about to become one, or are refused. */
const SPARE_CONNECTIONS = 100;

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** RFC 6455, section 7.4.1. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_PROTOCOL_ERROR = 1002;
const CLOSE_MESSAGE_TOO_BIG = 1009;

/** Says in the words of the Kurento Protocol, too, why a connection with a message beyond the limit is closed. */
class KurentoWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (code === CLOSE_MESSAGE_TOO_BIG && this.readyState === this.OPEN)
      this.send(
        writeResponse(failure(null, new KurentoError('NOT_ENOUGH_RESOURCES', 'The message is too long'))),
      );
    super.close(code, reason);
  }
}

/**
 * Listens and serves until closed.
 * @throws the system's error (EADDRINUSE, EACCES, …) when it cannot listen
 */
export async function startKurentoServer(options: KurentoServerOptions): Promise<RunningKurentoServer> {
  const { maxConnections, maxMessageBytes } = { ...DEFAULT_LIMITS, ...options.limits };
  const service = new KurentoService(options);
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    WebSocket: KurentoWebSocket,
  });
  const server = options.tls
    ? createSecureServer({ ...options.tls, minVersion: 'TLSv1.2' }, refusePlainRequest)
    : createServer(refusePlainRequest);
  server.maxConnections = maxConnections + SPARE_CONNECTIONS;
  const heartbeat = new Heartbeat(
    () => service.faults.warn(performance.now(), {}, 'a Kurento client does not answer, it is cut off'),
    options.pingMs,
  );
  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy());
    const isFull = webSockets.clients.size >= maxConnections;
    const refusal = refusalOf(request, options.token) ?? (isFull ? '503 Service Unavailable' : undefined);
    if (refusal !== undefined) {
      // Who does not close its side keeps nothing open here: that would count, and could shut out everybody else.
      const answer = `HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
      socket.end(answer, () => socket.destroy());
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      heartbeat.watch(webSocket);
      serve(webSocket, request, service, options);
    });
  });

  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    heartbeat.close();
    await service.close();
    throw error;
  }

  // Too many open files, say: whoever comes next is not served, those who are here are.
  server.on('error', (err) =>
    options.environment.log.error({ err }, 'a Kurento connection was not accepted'),
  );
  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => service.counts(),
    close: () => {
      heartbeat.close();
      return (closed ??= shutDown(server, webSockets, service));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function shutDown(server: Server, webSockets: WebSocketServer, service: KurentoService): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const webSocket of webSockets.clients) {
    webSocket.close(CLOSE_GOING_AWAY);
    webSocket.terminate();
  }
  server.closeAllConnections();
  await service.close();
  await stopped;
}

function refusePlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close' }).end();
}

/** The status line of the refusal. The original's health check is an upgrade without a key, and expects 500. */
function refusalOf(request: IncomingMessage, token: string | undefined): string | undefined {
  if (request.headers['sec-websocket-key'] === undefined) return '500 Internal Server Error';
  if (token !== undefined && !carriesToken(request, token)) return '401 Unauthorized';
  if (token === undefined && isForeignPage(request.headers.origin)) return '403 Forbidden';
  return undefined;
}

/**
 * Whether a browser asks on behalf of a page that is not of this machine. Without a token such a server listens for
 * programs of this machine only, but any page that somebody opens here can reach it as well (RFC 6455, section 10.2).
 */
function isForeignPage(origin: string | undefined): boolean {
  if (origin === undefined) return false;
  const host = URL.canParse(origin) ? new URL(origin).hostname : undefined;
  return host === undefined || !LOOPBACK_HOSTS.has(host);
}

function carriesToken(request: IncomingMessage, token: string): boolean {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const query = new URLSearchParams(request.url?.split('?')[1] ?? '');
  // The second is what kurento-client makes of its option of that name (RFC 6750, section 2.3).
  const given = bearer ?? query.get('token') ?? query.get('access_token');
  return given !== null && timingSafeEqual(digest(given), digest(token));
}

/** Makes the comparison's length, and so its time, independent of what was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function serve(
  webSocket: WebSocket,
  request: IncomingMessage,
  service: KurentoService,
  options: KurentoServerOptions,
): void {
  const log = options.environment.log.child({
    client: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
  });
  webSocket.on('error', (error) => {
    service.faults.warn(performance.now(), { err: error }, 'a Kurento connection failed');
  });
  if (request.url?.split('?')[0] !== PATH) {
    webSocket.close(CLOSE_PROTOCOL_ERROR, 'Invalid path');
    return;
  }
  const connection = service.connect({
    send: (text) => {
      if (webSocket.readyState !== webSocket.OPEN) return;
      webSocket.send(text);
      if (webSocket.bufferedAmount <= MAX_UNSENT_BYTES) return;
      log.warn({ bytes: webSocket.bufferedAmount }, 'a Kurento client does not read, it is cut off');
      webSocket.terminate();
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  });
  log.info('Kurento client connected');
  webSocket.on('message', (data) => connection.receive((data as Buffer).toString('utf8')));
  webSocket.on('close', (code) => {
    log.info({ code, session: connection.session?.id }, 'Kurento client disconnected');
    service.disconnect(connection);
  });
}
