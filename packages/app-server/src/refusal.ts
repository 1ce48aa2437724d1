// Why a request of a browser is not fulfilled, and how that is said on the wire. The only place that makes wire errors.
import { JSON_RPC_ERROR, JsonRpcError, type RefusalReason } from '@parley/protocol';
import type { Logger } from 'pino';
import { MediaServerError } from './kurento/errors.ts';
import type { RareWarnings } from './rare-warnings.ts';

/** Application errors of JSON-RPC 2.0, section 5.1: -32000 to -32099 are the server's own. */
const REFUSED = -32000;

/** Thrown by whatever handles a request; `message` is one sentence for the person at the browser. */
export class Refusal extends Error {
  readonly reason: RefusalReason;
  readonly code: number;

  constructor(reason: RefusalReason, message: string, code = REFUSED) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
    this.code = code;
  }

  static invalidMessage(message: string): Refusal {
    return new Refusal('invalid-message', message, JSON_RPC_ERROR.invalidParams);
  }

  static unknownMethod(): Refusal {
    return new Refusal('invalid-message', 'there is no such request', JSON_RPC_ERROR.methodNotFound);
  }

  static notInARoom(): Refusal {
    return new Refusal('not-in-a-room', 'join a room first');
  }

  static unknownStream(): Refusal {
    return new Refusal('unknown-stream', 'this room has no such stream');
  }

  /** The stream was there when the request came, and ended while it was being fulfilled. */
  static streamEnded(): Refusal {
    return new Refusal('unknown-stream', 'the stream ended meanwhile');
  }

  static notYours(): Refusal {
    return new Refusal('not-yours', 'this stream belongs to another participant');
  }

  static mediaServerUnreachable(): Refusal {
    return new Refusal('media-server-unreachable', 'the media server cannot be reached');
  }

  static notSupported(): Refusal {
    return new Refusal('not-supported', 'the media server cannot do that');
  }

  static tooManyRequests(message: string): Refusal {
    return new Refusal('too-many-requests', message);
  }
}

/** kurento.md, table of codes: 40008 is also what an operation is answered with that the object does not have. */
export const UNKNOWN_OPERATION = 40008;

/** kurento.md, table of codes: 402xx speak of SDP. */
function speaksOfSdp(code: number | undefined): boolean {
  return code !== undefined && code >= 40200 && code < 40300;
}

/** What a browser is told of an error. */
export function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof MediaServerError) {
    if (error.failure === 'unreachable') return Refusal.mediaServerUnreachable();
    if (speaksOfSdp(error.code))
      return new Refusal('sdp-refused', 'the media server does not accept this offer');
    return new Refusal('media-server-refused', 'the media server did not do what was asked of it');
  }
  return new Refusal('internal', 'internal error', JSON_RPC_ERROR.internal);
}

/**
 * What the browser gets for an error: its `data` is `{reason: RefusalReason}`. What only the operator should read (the
 * media server's own words, unexpected errors) goes to the log and not to the browser.
 */
export function toWireError(error: unknown, log: Logger, rare: RareWarnings): JsonRpcError {
  const refusal = refusalFor(error);
  if (refusal.reason === 'internal') log.error({ err: error }, 'a request failed unexpectedly');
  else if (error instanceof MediaServerError)
    rare.warn({ err: error, ...log.bindings() }, 'the media server failed a request');
  return new JsonRpcError(refusal.code, refusal.message, { reason: refusal.reason });
}
