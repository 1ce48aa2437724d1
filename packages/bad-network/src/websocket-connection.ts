// One WebSocket through the fault proxy: passes messages on, each with the fault that its rule demands.
import type { RawData, WebSocket } from 'ws';
import type { Direction } from './direction.ts';
import {
  RequestMemory,
  type MessageContext,
  type MessagePredicate,
  type MessageRule,
} from './message-rules.ts';

export interface WebSocketConnectionOptions {
  readonly client: WebSocket;
  readonly target: WebSocket;
  /** The rule that takes a message; undefined lets it pass. */
  readonly ruleFor: (message: unknown, context: MessageContext) => MessageRule | undefined;
}

interface Held {
  readonly rule: MessageRule;
  readonly direction: Direction;
  readonly behind: MessagePredicate | undefined;
  readonly deliver: () => void;
}

export class WebSocketConnection {
  /** Resolves when both sides are closed. */
  readonly ended: Promise<void>;
  readonly #options: WebSocketConnectionOptions;
  readonly #requests = new RequestMemory();
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: Held[] = [];
  #silent = false;
  #ending = false;

  constructor(options: WebSocketConnectionOptions) {
    this.#options = options;
    const { client, target } = options;
    this.ended = new Promise((resolve) => {
      let open = 2;
      for (const side of [client, target]) {
        side.on('close', () => {
          if (--open === 0) resolve();
        });
      }
    });
    this.#connect('up', client, target);
    this.#connect('down', target, client);
  }

  /** Delivers what this rule holds back, in the order in which it came. */
  release(rule: MessageRule): void {
    const released = this.#held.filter((held) => held.rule === rule);
    this.#held = this.#held.filter((held) => held.rule !== rule);
    for (const held of released) held.deliver();
  }

  /** From now on neither end hears anything, not even the answer to a close: half-open. */
  silence(): void {
    this.#silent = true;
    this.#drop();
    // Unread, since reading alone would have pings and close frames answered.
    this.#options.client.pause();
    this.#options.target.pause();
  }

  /** Ends both sides without a close frame. */
  cut(): void {
    this.#ending = true;
    this.#drop();
    this.#options.client.terminate();
    this.#options.target.terminate();
  }

  #connect(direction: Direction, from: WebSocket, to: WebSocket): void {
    from.on('message', (data, isBinary) => {
      if (!this.#silent) this.#onMessage(direction, data, isBinary, to);
    });
    from.on('ping', (data) => {
      if (!this.#silent && to.readyState === to.OPEN) to.ping(data);
    });
    from.on('pong', (data) => {
      if (!this.#silent && to.readyState === to.OPEN) to.pong(data);
    });
    // 'close' follows and does what there is to do.
    from.on('error', () => undefined);
    from.on('close', (code, reason) => {
      if (!this.#ending && !this.#silent) this.#passClose(to, code, reason);
    });
  }

  #passClose(to: WebSocket, code: number, reason: Buffer): void {
    this.#ending = true;
    this.#drop();
    // 1006: there was no close frame, so there is none to pass on. 1005: it had no code.
    if (code === 1006) to.terminate();
    else if (code === 1005) to.close();
    else to.close(code, reason);
  }

  #onMessage(direction: Direction, data: RawData, isBinary: boolean, to: WebSocket): void {
    const deliver = (): void => {
      if (to.readyState === to.OPEN && !this.#silent) to.send(asBuffer(data), { binary: isBinary });
    };
    const parsed = isBinary ? undefined : parse(data);
    if (!parsed) {
      deliver();
      return;
    }
    const context = this.#requests.contextOf(parsed.message, direction);
    const pass = (): void => {
      deliver();
      this.#releaseBehind(parsed.message, context);
    };
    const rule = this.#options.ruleFor(parsed.message, context);
    if (rule) this.#apply(rule, direction, deliver, pass);
    else pass();
  }

  /** `deliver` sends the message; `pass` lets what was held back behind it follow. */
  #apply(rule: MessageRule, direction: Direction, deliver: () => void, pass: () => void): void {
    const { fault } = rule;
    switch (fault.do) {
      case 'swallow':
        return;
      case 'duplicate':
        deliver();
        pass();
        return;
      case 'delay': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          pass();
        }, fault.ms);
        this.#timers.add(timer);
        return;
      }
      case 'hold':
        this.#held.push({ rule, direction, behind: fault.behind, deliver: pass });
        return;
      case 'cut':
        this.cut();
    }
  }

  #releaseBehind(message: unknown, context: MessageContext): void {
    const fits = (held: Held): boolean =>
      held.direction === context.direction && held.behind?.(message, context) === true;
    const released = this.#held.filter(fits);
    if (released.length === 0) return;
    this.#held = this.#held.filter((held) => !released.includes(held));
    for (const held of released) held.deliver();
  }

  #drop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held = [];
  }
}

function asBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/** Undefined for what is no JSON: it is passed on as it is. */
function parse(data: RawData): { readonly message: unknown } | undefined {
  try {
    return { message: JSON.parse(asBuffer(data).toString('utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
