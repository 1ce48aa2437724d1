// Which WebSocket messages meet which fault, and words for choosing them. Knows JSON-RPC's ids, and no sockets.
import type { Direction, Directions } from './direction.ts';

/** What is known about a message beside itself. */
export interface MessageContext {
  readonly direction: Direction;
  /** The parsed request that this message answers, when it has a JSON-RPC `id` that came the other way with a `method`. */
  readonly answers: unknown;
}

/** `message`: the parsed JSON. Messages that are no JSON, or binary, meet no fault. */
export type MessagePredicate = (message: unknown, context: MessageContext) => boolean;

export type MessageFault =
  /** Never arrives. */
  | { readonly do: 'swallow' }
  /** Arrives twice. */
  | { readonly do: 'duplicate' }
  /** Arrives `ms` later; others overtake it. */
  | { readonly do: 'delay'; readonly ms: number }
  /** Kept until a message that fits `behind` has passed in the same direction, or until `release()`. */
  | { readonly do: 'hold'; readonly behind?: MessagePredicate }
  /** Ends the connection without a close frame, the message unsent. */
  | { readonly do: 'cut' };

export interface MessageRule {
  readonly direction: Directions;
  readonly matches: MessagePredicate;
  readonly fault: MessageFault;
  /** How many messages it takes, over all connections; default: every one. */
  readonly times?: number;
}

/** Any message of this method, request or notification. */
export function isMethod(method: string): MessagePredicate {
  return (message) => field(message, 'method') === method;
}

/** The answer, result or error, to a request of this method. */
export function isAnswerTo(method: string): MessagePredicate {
  return (_message, { answers }) => field(answers, 'method') === method;
}

/** The value of `name` when `message` is an object that has it. */
export function field(message: unknown, name: string): unknown {
  if (typeof message !== 'object' || message === null) return undefined;
  return (message as Record<string, unknown>)[name];
}

/** Requests that were never answered are forgotten after this many newer ones. */
const MAX_REMEMBERED_REQUESTS = 1_000;

/** Finds the request to each answer of one connection. */
export class RequestMemory {
  readonly #requests: Record<Direction, Map<unknown, unknown>> = { up: new Map(), down: new Map() };

  /** Tells about a message, in the order in which they come; true requests are remembered, answers free them. */
  contextOf(message: unknown, direction: Direction): MessageContext {
    const id = field(message, 'id');
    if (id === undefined || id === null) return { direction, answers: undefined };
    if (field(message, 'method') !== undefined) {
      const mine = this.#requests[direction];
      mine.set(id, message);
      if (mine.size > MAX_REMEMBERED_REQUESTS) mine.delete(mine.keys().next().value);
      return { direction, answers: undefined };
    }
    const theirs = this.#requests[direction === 'up' ? 'down' : 'up'];
    const answers = theirs.get(id);
    theirs.delete(id);
    return { direction, answers };
  }
}
