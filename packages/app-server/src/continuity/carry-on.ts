// Carries on what a former life of this server left: participants are waited for, and what still runs on the media server
// is taken over. What it finds of its own there and nobody knows is released.
import type { Logger } from 'pino';
import type { MediaServer } from '../kurento/media-server.ts';
import type { StreamProcessor } from '../media/stream-processor.ts';
import { releaseLogged } from '../media/tagged.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import type { Attendance } from '../rooms/attendance.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomRegistry } from '../rooms/room-registry.ts';
import type { HeldRoom, HeldStream, LiveState } from './live-state.ts';

export interface CarryOnParts {
  rooms: RoomRegistry;
  streams: StreamProcessor;
  recordings: RecordingService;
  attendance: Attendance;
  mediaServer: MediaServer;
  log: Logger;
}

/** The pipelines that are to be there still. */
export function pipelinesOf(state: LiveState | undefined): Set<string> {
  return new Set(state?.rooms.flatMap(({ streams }) => streams.map(({ pipeline }) => pipeline)));
}

/** What the next life of this server needs of the rooms. */
export function heldRooms(rooms: readonly Room[]): HeldRoom[] {
  return rooms.map(({ id, participants, streams, recording }) => ({
    id,
    participants: [...participants.values()].map(({ held }) => held),
    streams: [...streams.values()].flatMap(({ held }) => held ?? []),
    ...(recording?.announced ? { recording: recording.held } : {}),
  }));
}

/** To be called once, when the media server was reached or not, and before any browser is let in. Never rejects. */
export async function carryOn(former: LiveState, parts: CarryOnParts): Promise<void> {
  const { rooms, attendance, log } = parts;
  await Promise.all(
    former.rooms.map(async (held) => {
      for (const participant of held.participants) attendance.expect(rooms.restore(held.id, participant));
      const room = rooms.get(held.id);
      if (!room) return;
      const streams = await adoptStreams(held, room, parts);
      log.info(
        { room: room.id, participants: room.participants.size, streams, of: held.streams.length },
        'carrying on',
      );
    }),
  );
}

/** Gives how many could be taken over. */
async function adoptStreams(held: HeldRoom, room: Room, parts: CarryOnParts): Promise<number> {
  const { mediaServer, streams, recordings, log } = parts;
  if (!mediaServer.available) return 0;
  const recorders = held.recording?.pieces.map(({ element }) => element) ?? [];
  const adopted = await Promise.all(
    held.streams.map(async (stream) => {
      const owner = room.participants.get(stream.participant);
      if (!owner) await releaseLogged(mediaServer, stream.pipeline, log);
      if (!owner || !(await streams.adopt(owner, stream))) return false;
      await releaseStrays(stream, recorders, parts);
      return true;
    }),
  );
  // Not before: what it adds is no stray.
  if (held.recording) await recordings.adopt(room, held.recording);
  return adopted.filter((ok) => ok).length;
}

/** An endpoint whose making was under way, or a recorder that had written nothing: nobody would ever release it. */
async function releaseStrays(
  { pipeline, up, downs }: HeldStream,
  recorders: readonly string[],
  { mediaServer, log }: CarryOnParts,
): Promise<void> {
  const known = new Set([up.endpoint, ...downs.map(({ endpoint }) => endpoint), ...recorders]);
  try {
    const children = await mediaServer.invoke(pipeline, 'getChildren');
    if (!Array.isArray(children)) return;
    const strays = (children as unknown[]).filter(
      (child) => typeof child === 'string' && !known.has(child),
    ) as string[];
    await Promise.all(strays.map((stray) => releaseLogged(mediaServer, stray, log)));
  } catch (err) {
    log.warn({ err, pipeline }, 'a pipeline does not tell what is in it');
  }
}
