// The HTTP API under /api, for what happens outside of a call: rooms and recordings.
import {
  ErrorResponse,
  NewRoomResponse,
  RecordingsResponse,
  RoomResponse,
  type RecordingDescription,
  type RecordingId,
  type RoomId,
} from '@parley/protocol';
import type { z } from 'zod';

const SENTENCES: Readonly<Record<string, string | undefined>> = {
  'too-many-requests': 'That was too much in a short time. Wait a few seconds and try again.',
  'not-owner': 'Only the browser that opened the room can delete its recordings.',
  'still-running': 'This recording still runs. Stop it in the room first.',
  'kept-elsewhere': 'Another server keeps the files of this recording: it can be deleted there.',
};

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

  /** @param reason as the server names it */
  static refused(status: number, reason?: string): ApiError {
    const known = status === 429 ? 'too-many-requests' : (reason ?? '');
    return new ApiError(
      'refused',
      SENTENCES[known] ?? 'The server could not do this. Try again in a moment.',
    );
  }
}

/** @throws ApiError */
export function createRoom(): Promise<NewRoomResponse> {
  return ask('/api/rooms', NewRoomResponse, { method: 'POST' });
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

/** One that is gone already is as good as deleted. @throws ApiError */
export async function deleteRecording(room: RoomId, recording: RecordingId, ownerKey: string): Promise<void> {
  const headers = { authorization: `Bearer ${ownerKey}` };
  try {
    await send(`/api/rooms/${room}/recordings/${recording}`, { method: 'DELETE', headers });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'gone') throw error;
  }
}

async function ask<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
  init: RequestInit,
): Promise<z.output<Shape>> {
  return shape.parse(await (await send(path, init)).json());
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    throw ApiError.unreachable(error);
  }
  if (response.status === 404 || response.status === 410) throw ApiError.gone();
  if (!response.ok) throw ApiError.refused(response.status, await reasonOf(response));
  return response;
}

/** What stands between may answer in words of its own. */
async function reasonOf(response: Response): Promise<string | undefined> {
  try {
    return ErrorResponse.safeParse(await response.json()).data?.reason;
  } catch (error) {
    console.debug('refused without a reason', error);
    return undefined;
  }
}
