// The conversation with the application server over one WebSocket: typed requests out, checked notifications in.
// Knows nothing of rooms, and does not come back by itself when the connection is lost: `RoomSession` decides that.
import {
  JsonRpcPeer,
  NoAnswerError,
  notifications,
  requests,
  TAKEN_OVER_CODE,
  type NotificationName,
  type NotificationParams,
  type RequestName,
  type RequestParams,
  type RequestResult,
} from '@parley/protocol';

/** One notification of the server, told apart by `name`. */
export type Notification = {
  [Name in NotificationName]: { name: Name; params: NotificationParams<Name> };
}[NotificationName];

/** Why the conversation ended. `closed-here`: this page did it. `taken-over`: another page has the participant now. */
export type CloseReason = 'closed-here' | 'connection-lost' | 'no-answer' | 'taken-over';

export interface SignallingEvents {
  notification(notification: Notification): void;
  /** Told once, and not at all when opening failed. */
  closed(reason: CloseReason): void;
  /** A request got no answer in time and was sent again. */
  resent?(name: RequestName, params: unknown, attempt: number): void;
}

/** What the session needs of a conversation; the tests put a fake in its place. */
export interface SignallingLike {
  request<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    deadlineMs?: number,
  ): Promise<RequestResult<Name>>;
  close(): void;
}

export type OpenSignalling = (events: SignallingEvents) => Promise<SignallingLike>;

/** How long opening the WebSocket may take, in ms. */
const OPEN_DEADLINE_MS = 8_000;

/**
 * Pauses after which a request without an answer is sent again, in ms. A WebSocket loses nothing, but what stands between
 * may, and so does a server that has just begun; an answer takes well under a second.
 */
const RESEND_AFTER_MS = [2_000, 2_000] as const;

/** A server that said nothing for this long is asked whether it is there, in ms: a half-open connection looks no other. */
export const HEARTBEAT_MS = 15_000;
/** How long it may take to say so, in ms. */
const HEARTBEAT_DEADLINE_MS = 5_000;

export class Signalling implements SignallingLike {
  readonly #socket: WebSocket;
  readonly #events: SignallingEvents;
  readonly #peer: JsonRpcPeer;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #heard = false;
  #closed = false;

  private constructor(socket: WebSocket, events: SignallingEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#peer = new JsonRpcPeer({
      send: (text) => socket.send(text),
      onNotification: (method, params) => this.#notified(method, params),
      resendAfterMs: RESEND_AFTER_MS,
      onResent: (method, params, attempt) => events.resent?.(method as RequestName, params, attempt),
      onFault: (fault) => console.warn('signalling:', fault.message),
    });
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      this.#heard = true;
      if (typeof event.data === 'string') this.#peer.handleText(event.data);
    });
    socket.addEventListener('close', ({ code }) =>
      this.#end(code === TAKEN_OVER_CODE ? 'taken-over' : 'connection-lost'),
    );
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /**
   * Opens the WebSocket of the page's own server.
   * @throws Error when it does not open within the deadline.
   */
  static open(events: SignallingEvents, url = signallingUrl(location)): Promise<Signalling> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const fail = () => {
        clearTimeout(deadline);
        socket.close();
        reject(new Error(`the WebSocket at ${url} does not open`));
      };
      const deadline = setTimeout(fail, OPEN_DEADLINE_MS);
      socket.addEventListener('close', fail, { once: true });
      socket.addEventListener(
        'open',
        () => {
          clearTimeout(deadline);
          socket.removeEventListener('close', fail);
          resolve(new Signalling(socket, events));
        },
        { once: true },
      );
    });
  }

  /** @throws JsonRpcError when the server refused; NoAnswerError when it did not answer; ZodError on a malformed result. */
  async request<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    deadlineMs?: number,
  ): Promise<RequestResult<Name>> {
    try {
      const result = await this.#peer.request(name, params, deadlineMs);
      return requests[name].result.parse(result) as RequestResult<Name>;
    } catch (error) {
      // A server that is silent for that long is gone, though TCP has not noticed: half-open connections end here.
      if (error instanceof NoAnswerError && error.outcome === 'deadline') this.#end('no-answer');
      throw error;
    }
  }

  close(): void {
    this.#end('closed-here');
  }

  #beat(): void {
    if (!this.#heard)
      this.request('ping', {}, HEARTBEAT_DEADLINE_MS).catch((error: unknown) => {
        console.debug('the server does not say that it is there', error);
      });
    this.#heard = false;
  }

  #end(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#peer.close(reason);
    this.#socket.close();
    this.#events.closed(reason);
  }

  #notified(method: string, params: unknown): void {
    if (this.#closed) return;
    const notification = parseNotification(method, params);
    if (notification) this.#events.notification(notification);
    else console.warn(`signalling: a notification that this page does not understand: ${method}`);
  }
}

/** Checks a notification; undefined when its name is unknown or its contents are malformed. */
export function parseNotification(method: string, params: unknown): Notification | undefined {
  if (!Object.hasOwn(notifications, method)) return undefined;
  const name = method as NotificationName;
  const parsed = notifications[name].safeParse(params);
  return parsed.success ? ({ name, params: parsed.data } as Notification) : undefined;
}

/** The WebSocket's address on the page's own origin. */
export function signallingUrl(page: { protocol: string; host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/ws`;
}
