// Finds out that a client is gone without a word: pings each connection and ends those from which nothing comes back.
// Sessions are no concern of this: they outlive their connections.
import type { WebSocket } from 'ws';

/** Every WebSocket answers pings (RFC 6455, section 5.5.2); proxies close what is silent for a minute. */
const PING_MS = 30_000;
/** Counted, not timed: when this process stood still, nobody has missed anything. */
const MAX_UNANSWERED = 3;

export class Heartbeat {
  /** How many pings in a row went unanswered. */
  readonly #unanswered = new Map<WebSocket, number>();
  readonly #lost: (webSocket: WebSocket) => void;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `lost` is told of each connection right before it is ended. */
  constructor(lost: (webSocket: WebSocket) => void, pingMs = PING_MS) {
    this.#lost = lost;
    this.#timer = setInterval(() => this.#beat(), pingMs);
    this.#timer.unref();
  }

  watch(webSocket: WebSocket): void {
    const hear = () => void this.#unanswered.set(webSocket, 0);
    hear();
    for (const sign of ['pong', 'ping', 'message']) webSocket.on(sign, hear);
    webSocket.once('close', () => this.#unanswered.delete(webSocket));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unanswered.clear();
  }

  #beat(): void {
    for (const [webSocket, unanswered] of this.#unanswered) {
      // Nobody is to blame for what we do not read.
      if (webSocket.isPaused) this.#unanswered.set(webSocket, 0);
      else if (unanswered >= MAX_UNANSWERED) {
        this.#lost(webSocket);
        webSocket.terminate();
      } else if (webSocket.readyState === webSocket.OPEN) {
        this.#unanswered.set(webSocket, unanswered + 1);
        webSocket.ping();
      }
    }
  }
}
