// One end of a JSON-RPC 2.0 conversation, without the wire: text in through `handleText`, text out through `send`.
// Serves the browser's signalling, the application server's signalling and its Kurento client. Not the Kurento server,
// whose rules differ (`media-server/src/kurento`).
import { z } from 'zod';
import { KeptAnswers } from './kept-answers.ts';

/** JSON-RPC 2.0, section 5.1. */
export const JSON_RPC_ERROR = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
} as const;

/** An error that travels: thrown by a request handler it becomes the answer, and the asking side gets it rejected. */
export class JsonRpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'JsonRpcError';
    this.code = code;
    this.data = data;
  }
}

/** The other end did not answer: the deadline passed or the peer was closed. Not an answer of the other end. */
export class NoAnswerError extends Error {
  readonly method: string;
  readonly outcome: 'deadline' | 'closed';

  private constructor(method: string, outcome: 'deadline' | 'closed', message: string) {
    super(message);
    this.name = 'NoAnswerError';
    this.method = method;
    this.outcome = outcome;
  }

  static deadline(method: string, ms: number): NoAnswerError {
    return new NoAnswerError(method, 'deadline', `no answer to ${method} within ${ms} ms`);
  }

  static closed(method: string, reason: string): NoAnswerError {
    return new NoAnswerError(method, 'closed', `no answer to ${method}: ${reason}`);
  }
}

const Message = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().optional(),
  /** Ours: 2 and more on a request that was sent before. */
  attempt: z.number().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});
type Message = z.infer<typeof Message>;

export interface JsonRpcPeerOptions {
  send(text: string): void;
  /** Answers a request: the value is sent as `result`, a `JsonRpcError` as `error`, anything else as "internal". */
  onRequest?(method: string, params: unknown, attempt: number): Promise<unknown>;
  /** Whether a repeat of what is being fulfilled or was answered already is heeded at all; without it each is. */
  admitsRepeat?(): boolean;
  /** Told of each that is. */
  onRepeated?(method: string, params: unknown, attempt: number): void;
  onNotification?(method: string, params: unknown): void;
  /** Told of what the other end sent that is no JSON-RPC message, and of handlers that threw unexpectedly. */
  onFault?(fault: Error): void;
  /** How long a request may wait for its answer, in ms. */
  deadlineMs?: number;
  /** Pauses after which a request without an answer is sent again, in ms. The other end has to recognise repeats. */
  resendAfterMs?: readonly number[];
  /** Told of each repeat. */
  onResent?(method: string, params: unknown, attempt: number): void;
  /** Fulfils a repeated request once, and answers each repeat the same. */
  recognisesRepeats?: boolean;
}

interface Pending {
  method: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
  resend: ReturnType<typeof setTimeout> | undefined;
}

const DEFAULT_DEADLINE_MS = 10_000;

export class JsonRpcPeer {
  readonly #options: JsonRpcPeerOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #kept = new KeptAnswers();
  #nextId = 1;
  #closedBecause: string | undefined;

  constructor(options: JsonRpcPeerOptions) {
    this.#options = options;
  }

  /**
   * Sends a request and gives its `result`.
   * @throws JsonRpcError when the other end refused; NoAnswerError after the deadline or `close`.
   */
  request(
    method: string,
    params: unknown,
    deadlineMs = this.#options.deadlineMs ?? DEFAULT_DEADLINE_MS,
  ): Promise<unknown> {
    if (this.#closedBecause !== undefined)
      return Promise.reject(NoAnswerError.closed(method, this.#closedBecause));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id);
        reject(NoAnswerError.deadline(method, deadlineMs));
      }, deadlineMs);
      this.#pending.set(id, { method, resolve, reject, timer, resend: undefined });
      this.#options.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      this.#resendLater(id, method, params, 2);
    });
  }

  notify(method: string, params: unknown): void {
    if (this.#closedBecause === undefined)
      this.#options.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Takes one message of the other end. Answers what is malformed; never throws. */
  handleText(text: string): void {
    if (this.#closedBecause !== undefined) return;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#fault(new JsonRpcError(JSON_RPC_ERROR.parse, 'not JSON'));
      this.#sendError(null, new JsonRpcError(JSON_RPC_ERROR.parse, 'not JSON'));
      return;
    }
    const parsed = Message.safeParse(json);
    if (!parsed.success || (parsed.data.method === undefined && parsed.data.id === undefined)) {
      const error = new JsonRpcError(JSON_RPC_ERROR.invalidRequest, 'not a JSON-RPC 2.0 message');
      this.#fault(error);
      this.#sendError(null, error);
      return;
    }
    const message = parsed.data;
    if (message.method === undefined) this.#settle(message);
    else if (message.id === undefined || message.id === null)
      this.#options.onNotification?.(message.method, message.params);
    else if (this.#isKnown(message.id, message.attempt))
      this.#answerAgain(message.id, message.method, message.params, message.attempt ?? 1);
    else void this.#answer(message.id, message.method, message.params, message.attempt ?? 1);
  }

  /** Rejects every request that waits; idempotent. */
  close(reason: string): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason;
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      clearTimeout(pending.resend);
      pending.reject(NoAnswerError.closed(pending.method, reason));
    }
    this.#pending.clear();
  }

  #resendLater(id: number, method: string, params: unknown, attempt: number): void {
    const pause = this.#options.resendAfterMs?.[attempt - 2];
    const pending = this.#pending.get(id);
    if (pause === undefined || !pending) return;
    pending.resend = setTimeout(() => {
      this.#options.onResent?.(method, params, attempt);
      this.#options.send(JSON.stringify({ jsonrpc: '2.0', id, method, params, attempt }));
      this.#resendLater(id, method, params, attempt + 1);
    }, pause);
  }

  /** Whether this is a repeat that needs no fulfilling. */
  #isKnown(id: string | number, attempt = 1): boolean {
    return !!this.#options.recognisesRepeats && attempt >= 2 && this.#kept.of(id) !== undefined;
  }

  /** The answer is on its way, or is given again. */
  #answerAgain(id: string | number, method: string, params: unknown, attempt: number): void {
    if (this.#options.admitsRepeat?.() === false) return;
    const kept = this.#kept.of(id);
    if (typeof kept === 'object') this.#options.send(kept.text);
    this.#options.onRepeated?.(method, params, attempt);
  }

  async #answer(id: string | number, method: string, params: unknown, attempt: number): Promise<void> {
    if (this.#options.recognisesRepeats) this.#kept.begun(id);
    try {
      if (!this.#options.onRequest)
        throw new JsonRpcError(JSON_RPC_ERROR.methodNotFound, `unknown method ${method}`);
      const result = await this.#options.onRequest(method, params, attempt);
      this.#sendAnswer(id, { result: result ?? {} });
    } catch (error) {
      if (error instanceof JsonRpcError) return this.#sendError(id, error);
      this.#fault(error instanceof Error ? error : new Error(String(error)));
      this.#sendError(id, new JsonRpcError(JSON_RPC_ERROR.internal, 'internal error'));
    }
  }

  #settle(message: Message): void {
    const pending = typeof message.id === 'number' ? this.#take(message.id) : undefined;
    if (!pending) {
      if (message.error)
        this.#fault(new JsonRpcError(message.error.code, message.error.message, message.error.data));
      return;
    }
    if (message.error)
      pending.reject(new JsonRpcError(message.error.code, message.error.message, message.error.data));
    else pending.resolve(message.result);
  }

  /** Ends the waiting for an answer; undefined when nobody waits for it, such as for the second answer to a repeat. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    clearTimeout(pending?.resend);
    return pending;
  }

  #sendError(id: string | number | null, { code, message, data }: JsonRpcError): void {
    this.#sendAnswer(id, { error: { code, message, data } });
  }

  #sendAnswer(id: string | number | null, answer: { result: unknown } | { error: unknown }): void {
    if (this.#closedBecause !== undefined) return;
    const text = JSON.stringify({ jsonrpc: '2.0', id, ...answer });
    if (id !== null && this.#options.recognisesRepeats) this.#kept.answered(id, text);
    this.#options.send(text);
  }

  #fault(error: Error): void {
    this.#options.onFault?.(error);
  }
}
