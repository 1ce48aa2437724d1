// The HTTP API of protocol/rest.ts. A room's id is the key to all that is behind it.
import {
  PieceId,
  RecordingId,
  RoomId,
  type HealthResponse,
  type NewRoomResponse,
  type RecordingsResponse,
  type RoomResponse,
} from '@parley/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RecordingRepository } from '../database/recording-repository.ts';
import type { RoomRepository } from '../database/room-repository.ts';
import type { RoomRow } from '../database/tables.ts';
import type { RecordingFiles } from '../recordings/recording-files.ts';
import { DeletionRefusal, type RecordingService } from '../recordings/recording-service.ts';
import { isOwner, newOwnerKey } from '../rooms/owner-key.ts';
import type { RoomRegistry } from '../rooms/room-registry.ts';
import { originAllowed } from '../signalling/origin.ts';
import { ApiError } from './api-error.ts';
import type { ProxyTrust } from './proxy-trust.ts';
import { RateLimit } from './rate-limit.ts';

export interface ApiParts {
  rooms: RoomRegistry;
  roomRepository: RoomRepository;
  recordings: RecordingService;
  recordingRepository: RecordingRepository;
  recordingFiles: RecordingFiles;
  proxies: ProxyTrust;
  publicOrigins: readonly string[];
  health(): Promise<Omit<HealthResponse, 'ready' | 'undeclaredProxy'>>;
}

/** One address may make this many rooms at once, and one more each second: a school behind one address included. */
const NEW_ROOMS = { burst: 60, refillMs: 1_000 };

/** The names of the parameters are those of the routes below. */
interface RoomParams {
  room: string;
}
interface RecordingParams extends RoomParams {
  recording: string;
}
interface PieceParams extends RecordingParams {
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

  app.post('/api/rooms', async (request, reply): Promise<NewRoomResponse> => {
    if (!newRooms.take(request.ip, performance.now())) throw ApiError.tooManyRequests();
    reply.code(201);
    const { key, hash } = newOwnerKey();
    return { ...describe(await parts.roomRepository.create(Date.now(), hash)), ownerKey: key };
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

  app.delete<{ Params: RecordingParams }>(
    '/api/rooms/:room/recordings/:recording',
    async (request, reply): Promise<FastifyReply> => {
      const { headers, params, raw } = request;
      if (!originAllowed(headers.origin, parts.proxies.outside(raw), parts.publicOrigins))
        throw ApiError.foreignOrigin();
      const room = await find(params.room);
      // Not in a cookie: no other page makes a browser send it.
      const [, key] = /^Bearer +(\S{1,64})$/i.exec(headers.authorization ?? '') ?? [];
      if (key === undefined || !isOwner(key, room.owner_hash)) throw ApiError.notOwner();
      const recording = RecordingId.safeParse(params.recording);
      if (!recording.success) throw ApiError.notFound();
      try {
        await parts.recordings.delete(room.id, recording.data);
      } catch (error) {
        if (error instanceof DeletionRefusal) throw ApiError.notDeleted(error);
        throw error;
      }
      parts.rooms.get(room.id)?.tell('recordingDeleted', { recording: recording.data });
      return reply.code(204).send();
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

  app.get('/api/health', async ({ raw }, reply): Promise<HealthResponse> => {
    const health = await parts.health();
    const ready = health.mediaServer === 'connected' && health.database === 'connected';
    reply.code(ready ? 200 : 503);
    return { ready, ...health, ...(parts.proxies.undeclared(raw) && { undeclaredProxy: true }) };
  });
}
