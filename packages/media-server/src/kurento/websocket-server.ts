// The Kurento Protocol's door: HTTP upgrade, path, frames and their limits. Who may come in is access.ts's, and what the
// messages mean is elsewhere.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { KurentoError } from '@parley/protocol';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import {
  clientOf,
  PLAIN_REQUEST_REFUSAL,
  RefusalLog,
  refusalOf,
  wrongPath,
  type Access,
  type Refusal,
} from './access.ts';
import { Heartbeat } from './heartbeat.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { failure, writeResponse } from './messages.ts';
import { KurentoService, type Counts, type ServiceOptions } from './service.ts';
import { Strangers } from '../strangers.ts';
import { TLS_HANDSHAKE_MS } from '../tls-files.ts';

export type { Counts };

/** With neither `token` nor `allowAnonymous` any program may connect, but no page of another host. */
export interface KurentoServerOptions extends ServiceOptions, Access {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
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

/** A client that lets this much pile up does not read; it is cut off before it costs more memory. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** TCP connections that may be there besides the WebSockets and those that say nothing: they have been refused. */
const SPARE_CONNECTIONS = 100;
/** What a client wants is known when the head of its request is there; from accepting to this, TLS included, in ms. */
const HEAD_DEADLINE_MS = 10_000;

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
  const refusals = new RefusalLog(options.environment.log);
  const refusePlainRequest = (request: IncomingMessage, response: ServerResponse) => {
    strangers.leave(request.socket);
    const { text, headers } = bodyOf(PLAIN_REQUEST_REFUSAL);
    refusals.warn(performance.now(), 'plain', request, PLAIN_REQUEST_REFUSAL.sentence);
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close', ...headers }).end(text);
  };
  const server = options.tls
    ? createSecureServer(
        { ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: TLS_HANDSHAKE_MS },
        refusePlainRequest,
      )
    : createServer(refusePlainRequest);
  // As many as there may be clients: after a restart all of them come at once.
  const maxStrangers = Math.max(maxConnections, SPARE_CONNECTIONS);
  const strangers = new Strangers({ max: maxStrangers, deadlineMs: HEAD_DEADLINE_MS });
  server.maxConnections = maxConnections + maxStrangers + SPARE_CONNECTIONS;
  server.on('connection', (socket: Socket) => strangers.add(socket));
  const heartbeat = new Heartbeat(
    () => service.faults.warn(performance.now(), {}, 'a Kurento client does not answer, it is cut off'),
    options.pingMs,
  );
  server.on('upgrade', (request, socket: Duplex, head) => {
    strangers.leave(request.socket);
    socket.on('error', () => socket.destroy());
    const isFull = webSockets.clients.size >= maxConnections;
    const refusal = refusalOf(request, options, isFull ? { maxConnections } : undefined);
    if (refusal !== undefined) {
      if (!refusal.isRoutine) refusals.warn(performance.now(), refusal.status, request, refusal.sentence);
      refuseUpgrade(socket, refusal);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      heartbeat.watch(webSocket);
      serve(webSocket, request, { service, refusals, maxMessageBytes, log: options.environment.log });
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

/** The sentence as the answer's body: who sees nothing but a status looks for the fault in the wrong place. */
function bodyOf({ sentence }: Refusal): { text: string; headers: Record<string, string | number> } {
  const text = `${sentence}\n`;
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    // It may name what a stranger sent.
    'X-Content-Type-Options': 'nosniff',
  };
  return { text, headers };
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { text, headers } = bodyOf(refusal);
  const lines = Object.entries({ Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  // Who does not close its side keeps nothing open here: that would count, and could shut out everybody else.
  socket.end([`HTTP/1.1 ${refusal.status}`, ...lines, '', text].join('\r\n'), () => socket.destroy());
}

interface Inside {
  readonly service: KurentoService;
  readonly refusals: RefusalLog;
  readonly maxMessageBytes: number;
  readonly log: Logger;
}

function serve(webSocket: WebSocket, request: IncomingMessage, inside: Inside): void {
  const { service, refusals, maxMessageBytes } = inside;
  const client = clientOf(request);
  const log = inside.log.child({ client });
  webSocket.on('error', (error: NodeJS.ErrnoException) => {
    const now = performance.now();
    const isTooLong = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    if (isTooLong)
      service.faults.warn(
        now,
        { client },
        `a client was cut off: its message was longer than ${maxMessageBytes} bytes (--max-message-bytes)`,
      );
    else service.faults.warn(now, { client, err: error }, 'a Kurento connection failed');
  });
  const refused = wrongPath(request);
  if (refused !== undefined) {
    refusals.warn(performance.now(), 'path', request, refused);
    webSocket.close(CLOSE_PROTOCOL_ERROR, 'Invalid path');
    return;
  }
  const connection = service.connect({
    client,
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
