// The HTTP API under /api, for what happens outside of a call: rooms and recordings.
import { RecordingsResponse, RoomResponse, type RecordingDescription, type RoomId } from '@parley/protocol';
import type { z } from 'zod';

export class ApiError extends Error {
  readonly reason: 'gone' | 'unreachable' | 'refused';

  private constructor(reason: ApiError['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiError';
    this.reason = reason;
  }

  static gone(): ApiError {
    return new ApiError('gone', 'This room does not exist, or not any more.');
  }

  static unreachable(cause: unknown): ApiError {
    return new ApiError(
      'unreachable',
      'The server cannot be reached. Check your connection and try again.',
      cause,
    );
  }

  static refused(status: number): ApiError {
    return new ApiError(
      'refused',
      status === 429
        ? 'That was too much in a short time. Wait a few seconds and try again.'
        : 'The server could not do this. Try again in a moment.',
    );
  }
}

/** @throws ApiError */
export function createRoom(): Promise<RoomResponse> {
  return ask('/api/rooms', RoomResponse, { method: 'POST' });
}

/** @throws ApiError, with the reason `gone` when there is no such room */
export function getRoom(room: RoomId, signal: AbortSignal): Promise<RoomResponse> {
  return ask(`/api/rooms/${room}`, RoomResponse, { signal });
}

/** Newest first; a room that is gone has none. @throws ApiError */
export async function getRecordings(room: RoomId, signal: AbortSignal): Promise<RecordingDescription[]> {
  try {
    return (await ask(`/api/rooms/${room}/recordings`, RecordingsResponse, { signal })).recordings;
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'gone') return [];
    throw error;
  }
}

async function ask<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
  init: RequestInit,
): Promise<z.output<Shape>> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    throw ApiError.unreachable(error);
  }
  if (response.status === 404 || response.status === 410) throw ApiError.gone();
  if (!response.ok) throw ApiError.refused(response.status);
  return shape.parse(await response.json());
}
