// Tells those who look at a session that it has changed, as server-sent events (HTML Standard, section 9.2). They fetch it
// themselves: an event says nothing but that it is time to.
import type { ServerResponse } from 'node:http';
import type { SessionInspector } from '../trace/session-inspector.ts';

export interface SessionEventsOptions {
  inspector: Pick<SessionInspector, 'watch'>;
  /** Pause between two messages to one listener, in ms. */
  pauseMs?: number;
  maxListeners?: number;
}

/** A session that is being established changes fifty times a second. */
const PAUSE_MS = 1_000;

/** Windows that administrators have open. */
const MAX_LISTENERS = 32;

/** A listener that is gone without a word is found out, and proxies see that somebody is there, in ms. */
const HEARTBEAT_MS = 15_000;

export class SessionEvents {
  readonly #options: SessionEventsOptions;
  readonly #open = new Set<() => void>();

  constructor(options: SessionEventsOptions) {
    this.#options = options;
  }

  get full(): boolean {
    return this.#open.size >= (this.#options.maxListeners ?? MAX_LISTENERS);
  }

  /**
   * Begins to tell one listener, with a first message at once. Ends when they go, when the session is kept no longer, when
   * they may not know any more, and with `close`. The session has to be there.
   * @param response with its head written
   * @param mayKnow asked before each message
   */
  tell(session: string, response: ServerResponse, mayKnow: () => boolean): void {
    const pauseMs = this.#options.pauseMs ?? PAUSE_MS;
    let pause: NodeJS.Timeout | undefined;
    let changed = false;
    const end = () => {
      if (!this.#open.delete(end)) return;
      clearTimeout(pause);
      clearInterval(heartbeat);
      stop?.();
      response.end();
    };
    const send = (text: string) => {
      if (mayKnow()) response.write(text);
      else end();
    };
    const sendChange = () => {
      changed = false;
      pause = setTimeout(() => {
        pause = undefined;
        if (changed) sendChange();
      }, pauseMs);
      send('data: changed\n\n');
    };
    const onChange = () => {
      if (pause) changed = true;
      else sendChange();
    };
    this.#open.add(end);
    const heartbeat = setInterval(() => send(': still here\n\n'), HEARTBEAT_MS);
    const stop = this.#options.inspector.watch(session, onChange, end);
    response.once('close', end);
    sendChange();
  }

  /** Ends all; idempotent. */
  close(): void {
    for (const end of [...this.#open]) end();
  }
}
