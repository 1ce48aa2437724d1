// Refusals of the HTTP API: a status, a reason for programs and a sentence for people.
import type { ErrorResponse } from '@parley/protocol';
import type { DeletionRefusal } from '../recordings/recording-service.ts';

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

  static foreignOrigin(): ApiError {
    return new ApiError(403, 'foreign-origin', 'the page is not one of this server');
  }

  static notOwner(): ApiError {
    return new ApiError(403, 'not-owner', 'only the owner of the room may do that');
  }

  static notDeleted({ reason }: DeletionRefusal): ApiError {
    if (reason === 'unknown') return ApiError.notFound();
    const message =
      reason === 'still-running'
        ? 'stop the recording first'
        : 'another server has the files of this recording';
    return new ApiError(409, reason, message);
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
