// An HTTP and WebSocket proxy that lets single messages meet a fault. Pages and REST pass through, so that a browser
// can be pointed at it; late and narrow networks are the TCP proxy's business.
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { RuleAtWork, type ActiveRule } from './active-rule.ts';
import { addressText, type Address } from './direction.ts';
import type { MessageRule } from './message-rules.ts';
import { WebSocketConnection } from './websocket-connection.ts';

export interface WebSocketFaultsOptions {
  /** Port 0: one that is free. */
  readonly listen: Address;
  /** A server that speaks HTTP without TLS. */
  readonly target: Address;
  readonly rules?: readonly MessageRule[];
}

/** Rejects when the address is in use. */
export async function startWebSocketFaults(options: WebSocketFaultsOptions): Promise<WebSocketFaults> {
  const server = createServer();
  server.listen(options.listen.port, options.listen.host);
  await once(server, 'listening');
  return new WebSocketFaults(server, options);
}

export class WebSocketFaults {
  readonly address: Address;
  readonly #server: Server;
  readonly #target: Address;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // Pings are passed on, so that each end learns of the other one, not of the proxy.
    autoPong: false,
    handleProtocols: (_offered, request) => this.#protocols.get(request) ?? false,
  });
  readonly #connecting = new Map<WebSocket, Duplex>();
  readonly #connections = new Set<WebSocketConnection>();
  readonly #rules: RuleAtWork[] = [];
  #refusing = false;
  #closed = false;

  constructor(server: Server, options: WebSocketFaultsOptions) {
    this.#server = server;
    this.#target = options.target;
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('the server must listen on a port');
    this.address = { host: address.address, port: address.port };
    for (const rule of options.rules ?? []) this.addRule(rule);
    server.on('request', (request, response) => this.#forward(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** How many WebSockets go through at present. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Earlier rules come first; a message is taken by one rule at most. */
  addRule(rule: MessageRule): ActiveRule {
    const atWork = new RuleAtWork(rule, {
      release: () => {
        for (const connection of this.#connections) connection.release(rule);
      },
      removed: () => {
        const index = this.#rules.indexOf(atWork);
        if (index !== -1) this.#rules.splice(index, 1);
      },
    });
    this.#rules.push(atWork);
    return atWork;
  }

  /** Ends every WebSocket without a close frame. New ones are accepted. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Neither end of the present WebSockets hears anything more, no pong and no close. New ones work. */
  silence(): void {
    for (const connection of this.#connections) connection.silence();
  }

  /** While true, new WebSockets are refused with 503. Pages are still served. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Ends every connection; resolves when the port is free again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const rule of [...this.#rules]) rule.end(new Error('the proxy was closed'));
    const ended = [...this.#connections].map((connection) => connection.ended);
    this.cut();
    for (const [target, socket] of this.#connecting) {
      target.terminate();
      socket.destroy();
    }
    this.#sockets.close();
    this.#agent.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([once(this.#server, 'close'), ...ended]);
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const { host, port } = this.#target;
    const { method, url: path, headers } = request;
    const onward = httpRequest({ host, port, method, path, headers, agent: this.#agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (this.#refusing || this.#closed) {
      refuse(socket, 503, 'Service Unavailable');
      return;
    }
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
    const target = new WebSocket(`ws://${addressText(this.#target)}${request.url ?? '/'}`, offered, {
      perMessageDeflate: false,
      autoPong: false,
      // The target compares the origin with the host that the browser believes to speak to.
      headers: forwardedHeaders(request),
    });
    this.#connecting.set(target, socket);
    socket.once('close', () => {
      if (this.#connecting.delete(target)) target.terminate();
    });
    target.once('unexpected-response', (_request, answer) => {
      this.#connecting.delete(target);
      refuse(socket, answer.statusCode ?? 502, answer.statusMessage ?? '');
      target.terminate();
    });
    target.on('error', () => {
      if (this.#connecting.delete(target)) refuse(socket, 502, 'Bad Gateway');
    });
    target.once('open', () => {
      this.#connecting.delete(target);
      this.#protocols.set(request, target.protocol);
      let joined = false;
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        joined = true;
        this.#join(client, target);
      });
      // Calls back at once, or never: the browser is gone, or its handshake is no good.
      if (!joined) target.terminate();
    });
  }

  #join(client: WebSocket, target: WebSocket): void {
    const connection: WebSocketConnection = new WebSocketConnection({
      client,
      target,
      ruleFor: (message, context) => this.#rules.find((rule) => rule.takes(message, context))?.rule,
    });
    this.#connections.add(connection);
    void connection.ended.then(() => this.#connections.delete(connection));
  }
}

/** The request's headers without those that belong to this hop (RFC 6455, section 4.1); the target gets its own. */
function forwardedHeaders(request: IncomingMessage): IncomingMessage['headers'] {
  const headers = { ...request.headers };
  for (const name of Object.keys(headers)) {
    if (name.startsWith('sec-websocket-') || name === 'connection' || name === 'upgrade')
      delete headers[name];
  }
  return headers;
}

function refuse(socket: Duplex, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
