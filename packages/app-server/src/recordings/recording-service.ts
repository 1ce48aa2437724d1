// Records rooms: one recording at a time in each, one piece per stream. What a piece is, is `piece.ts`.
import {
  PieceId,
  RecordingId,
  type RecordingDescription,
  type RoomId,
  type RunningRecording,
} from '@parley/protocol';
import type { Logger } from 'pino';
import type { HeldPiece, HeldRecording } from '../continuity/live-state.ts';
import type { RecordingRepository, RecordingWithPieces } from '../database/recording-repository.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import type { Stream } from '../media/stream.ts';
import { newId } from '../new-id.ts';
import { Refusal } from '../refusal.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Room } from '../rooms/room.ts';
import { ActiveRecording } from './active-recording.ts';
import { Piece } from './piece.ts';
import type { RecordingFiles } from './recording-files.ts';

export interface RecordingServiceOptions {
  mediaServer: MediaServer;
  repository: RecordingRepository;
  files: RecordingFiles;
  /** Whose recordings these are: another installation may share the database. */
  installation: string;
  /** A recording or one of its pieces has begun or ended. */
  onChange?: () => void;
  log: Logger;
}

/** `kept-elsewhere`: its files are another installation's, which shares the database. */
export class DeletionRefusal extends Error {
  readonly reason: 'unknown' | 'still-running' | 'kept-elsewhere';

  constructor(reason: DeletionRefusal['reason']) {
    super(`the recording cannot be deleted: ${reason}`);
    this.name = 'DeletionRefusal';
    this.reason = reason;
  }
}

export class RecordingService {
  readonly #options: RecordingServiceOptions;
  readonly #repository: RecordingRepository;
  readonly #log: Logger;
  readonly #changed = (): void => this.#options.onChange?.();

  constructor(options: RecordingServiceOptions) {
    this.#options = options;
    this.#repository = options.repository;
    this.#log = options.log;
  }

  /**
   * Records every stream of the room from now on, those that start later too.
   * @throws Refusal; MediaServerError when no stream at all could be recorded
   */
  async start(room: Room, by: Participant): Promise<RunningRecording> {
    if (room.recording) throw new Refusal('already-recording', 'this room is being recorded already');
    if (!this.#options.mediaServer.available) throw Refusal.mediaServerUnreachable();
    const recording = new ActiveRecording(newId(RecordingId), by.id, Date.now());
    const { id, startedAt } = recording;
    // Before anything is waited for: whoever asks next is refused, and streams that start meanwhile are recorded.
    room.recording = recording;
    recording.stored = this.#repository.add({
      id,
      room_id: room.id,
      started_at: startedAt,
      ended_at: null,
      installation: this.#options.installation,
    });
    const [stored, ...pieces] = await Promise.allSettled([
      recording.stored,
      ...room.runningStreams().map((stream) => this.#addPiece(room, recording, stream)),
    ]);
    try {
      if (stored.status === 'rejected') throw stored.reason;
      const [first] = pieces;
      if (first?.status === 'rejected' && pieces.every(({ status }) => status === 'rejected'))
        throw first.reason;
    } catch (error) {
      await this.#abandon(room, recording);
      throw error;
    }
    if (recording.ended) throw new Refusal('not-recording', 'the recording was stopped meanwhile');
    this.#log.info({ room: room.id, recording: id }, 'recording started');
    recording.announced = true;
    this.#changed();
    room.tell('recordingStarted', { recording: recording.describe() });
    return recording.describe();
  }

  /**
   * Ends the room's recording; resolves when its files and rows are complete.
   * @throws Refusal ('not-recording')
   */
  async stop(room: Room, why: 'wanted' | 'lost' = 'wanted'): Promise<void> {
    const { recording } = room;
    if (!recording) throw new Refusal('not-recording', 'this room is not being recorded');
    await this.#end(room, recording);
    try {
      await this.#repository.end(recording.id, Date.now());
    } finally {
      // It has ended, whether or not its row says so yet: what is left open, the next start completes.
      this.#log.info({ room: room.id, recording: recording.id }, 'recording stopped');
      if (recording.announced) {
        const lost = why === 'lost' && { lost: true };
        room.tell('recordingStopped', { recording: recording.id, ...lost });
      }
    }
  }

  /** Goes on with the recording of a room whose streams were taken over. Never rejects. */
  async adopt(room: Room, { id, startedBy, startedAt, pieces }: HeldRecording): Promise<void> {
    const streams = room.runningStreams();
    // Nothing that was recorded runs any more: it ends where its files end, as after any interruption.
    if (streams.length === 0 && pieces.length > 0) return;
    const recording = new ActiveRecording(id, startedBy, startedAt);
    recording.announced = true;
    room.recording = recording;
    await Promise.all(
      streams.map(async (stream) => {
        const held = pieces.find((piece) => piece.stream === stream.id);
        if (!held || !(await this.#adoptPiece(room, recording, stream, held))) this.streamStarted(stream);
      }),
    );
    this.#log.info({ room: room.id, recording: id }, 'recording goes on');
  }

  /**
   * Deletes a recording that has ended, files first: what a death in between leaves is still listed, and can be deleted again.
   * @throws DeletionRefusal
   */
  async delete(room: RoomId, id: RecordingId): Promise<void> {
    const row = await this.#repository.find(room, id);
    if (!row) throw new DeletionRefusal('unknown');
    if (row.ended_at === null) throw new DeletionRefusal('still-running');
    if (row.installation !== null && row.installation !== this.#options.installation)
      throw new DeletionRefusal('kept-elsewhere');
    await this.#options.files.removeAll({ room, recording: id });
    await this.#repository.removeWhole(id);
    this.#log.info({ room, recording: id }, 'recording deleted');
  }

  /** Ends the recording of a room that was left by everyone, or whose streams are gone. Never rejects. */
  async stopIfRunning(room: Room, why: 'wanted' | 'lost' = 'wanted'): Promise<void> {
    if (!room.recording) return;
    try {
      await this.stop(room, why);
    } catch (err) {
      this.#log.error({ err, room: room.id }, 'a recording could not be ended');
    }
  }

  /** Adds a piece when the room is being recorded. Its failure ends neither the stream nor the recording. */
  streamStarted(stream: Stream): void {
    const { room } = stream.owner;
    if (!room.recording) return;
    // Its failure is in the log already.
    this.#addPiece(room, room.recording, stream).catch(() => tellNotRecorded(stream));
  }

  /**
   * Ends what was running when the process died: a piece ended when its file was last written to.
   * @param carriedOn what goes on all the same
   */
  async finaliseInterrupted(carriedOn: readonly ActiveRecording[] = []): Promise<void> {
    const goesOn = new Set<string>(
      carriedOn.flatMap(({ id, pieces }) => [id, ...[...pieces].map((p) => p.id)]),
    );
    for (const recording of await this.#repository.unfinished(this.#options.installation)) {
      const ends = [recording.started_at];
      for (const piece of recording.pieces) {
        if (goesOn.has(piece.id)) continue;
        const facts = await this.#options.files.facts(keyOf(recording, piece.id));
        if (facts?.bytes) {
          ends.push(piece.ended_at ?? facts.modifiedAt);
          if (piece.ended_at === null)
            await this.#repository.updatePiece(piece.id, { ended_at: facts.modifiedAt });
        } else await this.#repository.removePiece(piece.id);
      }
      if (goesOn.has(recording.id)) continue;
      await this.#repository.end(recording.id, Math.max(...ends));
      this.#log.warn(
        { room: recording.room_id, recording: recording.id },
        'a recording was interrupted: it ends where its files end',
      );
    }
  }

  /** The room's recordings, newest first. */
  async list(room: RoomId): Promise<RecordingDescription[]> {
    const recordings = await this.#repository.ofRoom(room);
    return Promise.all(recordings.map((recording) => this.#describe(recording)));
  }

  /** A failure is logged here, since it need not end the recording. */
  async #addPiece(room: Room, recording: ActiveRecording, stream: Stream): Promise<void> {
    const piece = this.#newPiece(room, recording, stream, newId(PieceId));
    try {
      await piece.start(recording.stored);
    } catch (err) {
      this.#log.error({ err, room: room.id, stream: stream.id }, 'a stream is not recorded');
      throw err;
    }
  }

  /** False when it has ended: there is nothing to go on with. */
  async #adoptPiece(
    room: Room,
    recording: ActiveRecording,
    stream: Stream,
    held: HeldPiece,
  ): Promise<boolean> {
    const piece = this.#newPiece(room, recording, stream, held.id);
    try {
      await piece.adopt(held);
      return true;
    } catch (err) {
      this.#log.info({ err, room: room.id, stream: stream.id }, 'a recorder is not there any more');
      return false;
    }
  }

  #newPiece(room: Room, recording: ActiveRecording, stream: Stream, id: PieceId): Piece {
    const { files, log } = this.#options;
    const piece = new Piece({
      key: { room: room.id, recording: recording.id, piece: id },
      stream,
      repository: this.#repository,
      files,
      log,
      onFailed: () => tellNotRecorded(stream),
      onChange: this.#changed,
    });
    // From the first moment, so that whoever ends the recording ends this piece too.
    recording.pieces.add(piece);
    return piece;
  }

  async #end(room: Room, recording: ActiveRecording): Promise<void> {
    recording.ended = true;
    if (room.recording === recording) room.recording = undefined;
    this.#changed();
    // The row's beginning too: its end must not overtake it. Whether it was stored, `start` tells.
    await Promise.allSettled([recording.stored, ...[...recording.pieces].map((piece) => piece.stop())]);
  }

  /** Takes a recording back that never came to be. */
  async #abandon(room: Room, recording: ActiveRecording): Promise<void> {
    await this.#end(room, recording);
    try {
      await this.#repository.remove(recording.id);
    } catch (err) {
      this.#log.error({ err, recording: recording.id }, 'a recording that failed could not be removed');
    }
  }

  async #describe(recording: RecordingWithPieces): Promise<RecordingDescription> {
    const { id, room_id: room, started_at: startedAt, ended_at: endedAt } = recording;
    const pieces = recording.pieces.map(async (piece) => ({
      id: piece.id,
      participantName: piece.participant_name,
      kind: piece.kind,
      audio: piece.audio === 1,
      video: piece.video === 1,
      startedAt: piece.started_at,
      endedAt: piece.ended_at,
      bytes: (await this.#options.files.facts(keyOf(recording, piece.id)))?.bytes ?? 0,
      url: `/api/rooms/${room}/recordings/${id}/${piece.id}`,
    }));
    return { id, room, startedAt, endedAt, pieces: await Promise.all(pieces) };
  }
}

/** The media server's own words are for the operator: they may name files. */
function tellNotRecorded(stream: Stream): void {
  const message = 'the server could not write the file';
  stream.owner.room.tell('recordingFailed', { stream: stream.id, message });
}

function keyOf(
  recording: RecordingWithPieces,
  piece: PieceId,
): { room: RoomId; recording: RecordingId; piece: PieceId } {
  return { room: recording.room_id, recording: recording.id, piece };
}
