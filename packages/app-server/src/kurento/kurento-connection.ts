// One WebSocket to a media server with its one Kurento session, from open to closed. Not reconnecting: see the client.
import { JsonRpcError, JsonRpcPeer, NoAnswerError } from '@parley/protocol';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import { MediaServerError } from './errors.ts';

export type JsonObject = Record<string, unknown>;

export interface KurentoConnectionOptions {
  url: string;
  token: string | undefined;
  /** PEM; without it the public authorities are trusted for `wss://`. */
  authority: string | undefined;
  log: Logger;
  /** How long opening, and each request without a deadline of its own, may take, in ms. */
  deadlineMs: number;
  pingIntervalMs: number;
  /** Ends the connection, an opening one too. */
  signal: AbortSignal;
  onEvent(object: string, type: string, data: JsonObject): void;
}

/** `interval` of Kurento's ping, in ms: what Kurento's own clients send; it only informs the server. */
const ANNOUNCED_PING_INTERVAL_MS = 240_000;

/** A full description of all candidates of a large machine is far below this, in bytes. */
const MAX_MESSAGE_BYTES = 4_194_304;

export class KurentoConnection {
  readonly #socket: WebSocket;
  readonly #peer: JsonRpcPeer;
  readonly #options: KurentoConnectionOptions;
  /** Fulfilled with the reason when the connection is gone; never rejected. */
  readonly closed: Promise<string>;
  #sessionId: string | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  #closing = false;
  #whenClosed: (reason: string) => void = () => undefined;
  readonly #onAbort = (): void => this.close('closed');

  /** @throws MediaServerError ('unreachable') */
  static async open(options: KurentoConnectionOptions): Promise<KurentoConnection> {
    const headers: Record<string, string> =
      options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    const socket = new WebSocket(options.url, {
      headers,
      handshakeTimeout: options.deadlineMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      ...(options.authority === undefined ? {} : { ca: options.authority }),
    });
    const abandon = () => socket.terminate();
    options.signal.addEventListener('abort', abandon);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(MediaServerError.unreachable('connect', error.message)));
    }).finally(() => options.signal.removeEventListener('abort', abandon));
    const connection = new KurentoConnection(socket, options);
    options.signal.addEventListener('abort', connection.#onAbort);
    try {
      // A wrong path is opened and closed at once (kurento.md, section 1): only an answer shows a media server.
      await connection.request('ping', { interval: ANNOUNCED_PING_INTERVAL_MS });
    } catch (error) {
      connection.close('no media server');
      throw error;
    }
    connection.#schedulePing();
    return connection;
  }

  private constructor(socket: WebSocket, options: KurentoConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#whenClosed = resolve;
    });
    this.#peer = new JsonRpcPeer({
      send: (text) => socket.send(text),
      onNotification: (method, params) => this.#onNotification(method, params),
      onFault: (err) => options.log.warn({ err }, 'the media server sent what is no message'),
      deadlineMs: options.deadlineMs,
    });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString('utf8')));
    socket.on('error', (err) => options.log.debug({ err }, 'media server socket error'));
    socket.on('close', (code) => this.close(`the connection to the media server ended (${code})`));
  }

  /**
   * Sends a request within this connection's session and gives its `result`.
   * @throws MediaServerError
   */
  async request(method: string, params: JsonObject, deadlineMs?: number): Promise<JsonObject> {
    const session = this.#sessionId === undefined ? {} : { sessionId: this.#sessionId };
    try {
      const result = await this.#peer.request(method, { ...params, ...session }, deadlineMs);
      if (!isObject(result)) return {};
      if (typeof result['sessionId'] === 'string') this.#sessionId = result['sessionId'];
      return result;
    } catch (error) {
      const what = describe(method, params);
      if (error instanceof JsonRpcError) throw MediaServerError.refused(what, error.code, error.message);
      if (error instanceof NoAnswerError) throw MediaServerError.unreachable(what, error.message);
      throw error;
    }
  }

  /** Rejects what waits and drops the socket; idempotent. */
  close(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#pingTimer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#peer.close(reason);
    // Not a closing handshake: whoever does not answer pings does not answer that either.
    this.#socket.terminate();
    this.#whenClosed(reason);
  }

  #schedulePing(): void {
    this.#pingTimer = setTimeout(() => {
      this.request('ping', {}).then(
        () => {
          if (!this.#closing) this.#schedulePing();
        },
        (error: unknown) => this.close(`the media server does not answer (${String(error)})`),
      );
    }, this.#options.pingIntervalMs);
  }

  #onNotification(method: string, params: unknown): void {
    const value = isObject(params) ? params['value'] : undefined;
    if (method !== 'onEvent' || !isObject(value)) return;
    const { object, type, data } = value;
    if (typeof object === 'string' && typeof type === 'string')
      this.#options.onEvent(object, type, isObject(data) ? data : {});
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(method: string, params: JsonObject): string {
  const detail = params['operation'] ?? params['type'] ?? params['object'];
  return typeof detail === 'string' ? `${method} ${detail}` : method;
}
