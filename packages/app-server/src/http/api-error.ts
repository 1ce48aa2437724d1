// Refusals of the HTTP API: a status, a reason for programs and a sentence for people.
import type { ErrorResponse } from '@parley/protocol';

export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }

  static roomGone(): ApiError {
    return new ApiError(404, 'room-gone', 'there is no such room');
  }

  static notFound(): ApiError {
    return new ApiError(404, 'not-found', 'there is nothing here');
  }

  static tooManyRequests(): ApiError {
    return new ApiError(429, 'too-many-requests', 'too many requests, try again in a minute');
  }

  static invalid(message: string): ApiError {
    return new ApiError(400, 'invalid-request', message);
  }

  static tooLarge(): ApiError {
    return new ApiError(413, 'invalid-request', 'this is more than is taken at a time');
  }

  body(): ErrorResponse {
    return { reason: this.reason, message: this.message };
  }
}
