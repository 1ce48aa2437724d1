// The HTTP API of protocol/rest.ts. A room's id is the key to all that is behind it.
import {
  PieceId,
  RecordingId,
  RoomId,
  type HealthResponse,
  type RecordingsResponse,
  type RoomResponse,
} from '@parley/protocol';
import type { FastifyInstance } from 'fastify';
import type { RecordingRepository } from '../database/recording-repository.ts';
import type { RoomRepository } from '../database/room-repository.ts';
import type { RoomRow } from '../database/tables.ts';
import type { RecordingFiles } from '../recordings/recording-files.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import type { RoomRegistry } from '../rooms/room-registry.ts';
import { ApiError } from './api-error.ts';
import { RateLimit } from './rate-limit.ts';

export interface ApiParts {
  rooms: RoomRegistry;
  roomRepository: RoomRepository;
  recordings: RecordingService;
  recordingRepository: RecordingRepository;
  recordingFiles: RecordingFiles;
  health(): Promise<Omit<HealthResponse, 'ready'>>;
}

/** One address may make this many rooms at once, and one more each second: a school behind one address included. */
const NEW_ROOMS = { burst: 60, refillMs: 1_000 };

/** The names of the parameters are those of the routes below. */
interface RoomParams {
  room: string;
}
interface PieceParams extends RoomParams {
  recording: string;
  piece: string;
}

export function addApiRoutes(app: FastifyInstance, parts: ApiParts): void {
  const newRooms = new RateLimit(NEW_ROOMS);

  const find = async (id: string): Promise<RoomRow> => {
    const parsed = RoomId.safeParse(id);
    const row = parsed.success ? await parts.roomRepository.find(parsed.data) : undefined;
    if (!row) throw ApiError.roomGone();
    return row;
  };
  const describe = (row: RoomRow): RoomResponse => ({
    id: row.id,
    createdAt: row.created_at,
    participants: parts.rooms.get(row.id)?.participants.size ?? 0,
  });

  app.post('/api/rooms', async (request, reply): Promise<RoomResponse> => {
    if (!newRooms.take(request.ip, performance.now())) throw ApiError.tooManyRequests();
    reply.code(201);
    return describe(await parts.roomRepository.create(Date.now()));
  });

  app.get<{ Params: RoomParams }>('/api/rooms/:room', async ({ params }): Promise<RoomResponse> =>
    describe(await find(params.room)),
  );

  app.get<{ Params: RoomParams }>(
    '/api/rooms/:room/recordings',
    async ({ params }): Promise<RecordingsResponse> => {
      const { id } = await find(params.room);
      return { recordings: await parts.recordings.list(id) };
    },
  );

  app.get<{ Params: PieceParams }>(
    '/api/rooms/:room/recordings/:recording/:piece',
    async ({ params }, reply) => {
      const room = RoomId.safeParse(params.room);
      const recording = RecordingId.safeParse(params.recording);
      const piece = PieceId.safeParse(params.piece);
      if (!room.success || !recording.success || !piece.success) throw ApiError.notFound();
      const row = await parts.recordingRepository.findPiece(room.data, recording.data, piece.data);
      if (!row) throw ApiError.notFound();
      const key = { room: room.data, recording: recording.data, piece: piece.data };
      const type = await parts.recordingFiles.contentType(key);
      if (!type) throw ApiError.notFound();
      reply.type(type);
      // The path is made of ids that the database knows, and is confined to the folder once more.
      return reply.sendFile(parts.recordingFiles.relativePath(key), parts.recordingFiles.root, {
        contentType: false,
        cacheControl: false,
      });
    },
  );

  app.get('/api/health', async (_request, reply): Promise<HealthResponse> => {
    const health = await parts.health();
    const ready = health.mediaServer === 'connected' && health.database === 'connected';
    reply.code(ready ? 200 : 503);
    return { ready, ...health };
  });
}
