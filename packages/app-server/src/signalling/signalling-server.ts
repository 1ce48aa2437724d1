// The WebSocket at /ws: lets browsers of this page in, and keeps those that are connected.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { MAX_MESSAGE_LENGTH, ParticipantId } from '@parley/protocol';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { newId } from '../new-id.ts';
import type { OutsideView } from '../http/proxy-trust.ts';
import { RareWarnings } from '../rare-warnings.ts';
import type { Notify } from '../rooms/participant.ts';
import type { BrowserTracer } from '../trace/browser-tracer.ts';
import type { BrowserWay } from '../trace/findings.ts';
import { AddressLimit } from './address-limit.ts';
import type { Browser } from './browser.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { originAllowed } from './origin.ts';

export interface SignallingServerOptions extends Pick<ConnectionOptions, 'createHandlers' | 'disconnected'> {
  publicOrigins: readonly string[];
  /** How the browser that sent a request sees this server. */
  outside: (request: IncomingMessage) => OutsideView;
  /** The address of the browser that sent a request. */
  clientOf: (request: IncomingMessage) => string;
  log: Logger;
  mediaServerAvailable(): boolean;
  createTracer(browser: Browser, way: BrowserWay): BrowserTracer;
  createTests(notify: Notify, browser: string, address: string): ReturnType<ConnectionOptions['createTests']>;
  createPathChecks(browser: string, address: string): ReturnType<ConnectionOptions['createPathChecks']>;
}

const PATH = '/ws';

/** Of one address: a school behind one router, and not all that this process can hold. */
export const MAX_SOCKETS_OF_ADDRESS = 200;

export class SignallingServer {
  readonly #options: SignallingServerOptions;
  readonly #log: Logger;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    // The socket counts bytes: the same, since session descriptions are ASCII (RFC 8866, section 6.10).
    maxPayload: MAX_MESSAGE_LENGTH,
    perMessageDeflate: false,
  });
  readonly #connections = new Set<Connection>();
  readonly #rare: RareWarnings;
  readonly #ofAddress = new AddressLimit(MAX_SOCKETS_OF_ADDRESS);
  #closing = false;

  constructor(options: SignallingServerOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#rare = new RareWarnings(options.log);
  }

  /** Takes the upgrades of an HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', (err) => this.#log.debug({ err }, 'a socket failed before it was open'));
      const path = request.url?.split('?', 1)[0];
      if (path !== PATH) refuse(socket, '404 Not Found');
      else if (this.#closing) refuse(socket, '503 Service Unavailable');
      else if (!this.#fromOwnPage(request)) {
        this.#rare.warn({ origin: request.headers.origin }, 'a page of another origin was refused');
        refuse(socket, '403 Forbidden');
      } else this.#letIn(request, socket, head);
    });
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Ends every connection; resolves when nothing of the browsers is left on the media server. */
  async close(): Promise<void> {
    this.#closing = true;
    const connections = [...this.#connections];
    for (const connection of connections) connection.close();
    await Promise.all(connections.map((connection) => connection.ended));
    this.#sockets.close();
  }

  #fromOwnPage(request: IncomingMessage): boolean {
    const { outside, publicOrigins } = this.#options;
    return originAllowed(request.headers.origin, outside(request), publicOrigins);
  }

  #letIn(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = this.#options.clientOf(request);
    if (!this.#ofAddress.take(address)) {
      this.#rare.warn({ address }, 'an address has too many connections');
      refuse(socket, '429 Too Many Requests');
      return;
    }
    socket.once('close', () => this.#ofAddress.give(address));
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#onSocket(webSocket, { address, encrypted: this.#options.outside(request).encrypted ?? false }),
    );
  }

  #onSocket(socket: WebSocket, way: BrowserWay): void {
    const id: string = newId(ParticipantId);
    const connection = new Connection({
      id,
      socket,
      log: this.#log,
      createTests: (notify) => this.#options.createTests(notify, id, way.address),
      createPathChecks: () => this.#options.createPathChecks(id, way.address),
      createHandlers: (browser) => this.#options.createHandlers(browser),
      createTracer: (browser) => this.#options.createTracer(browser, way),
      disconnected: (...what) => this.#options.disconnected(...what),
    });
    this.#connections.add(connection);
    void connection.ended.then(() => this.#connections.delete(connection));
    if (!this.#options.mediaServerAvailable()) connection.notify('mediaServer', { available: false });
  }
}

function refuse(socket: Duplex, status: string): void {
  // An upgraded socket is no longer the HTTP server's to time out, and this client may never close its side.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
