// One file of a recording while it is written: a recorder on one stream, its row, and its times from the media server.
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import type { PieceId } from '@parley/protocol';
import type { HeldPiece } from '../continuity/live-state.ts';
import type { RecordingRepository } from '../database/recording-repository.ts';
import type { AdoptOptions, Recorder } from '../media/recorder.ts';
import type { Stream } from '../media/stream.ts';
import type { PieceKey, RecordingFiles } from './recording-files.ts';

export interface PieceOptions {
  key: PieceKey;
  stream: Stream;
  repository: RecordingRepository;
  files: RecordingFiles;
  /** Nothing more of the stream is recorded though it was begun; at most once. */
  onFailed(): void;
  /** Its recorder is there, writes, or writes no more. */
  onChange(): void;
  log: Logger;
}

export class Piece {
  readonly #options: PieceOptions;
  readonly #log: Logger;
  #failed = false;
  #stopped = false;
  #startedAt: number | undefined;
  #starting: Promise<Recorder> | undefined;
  #recorder: Recorder | undefined;
  /** The row is written in the order of what happened. */
  #written: Promise<void> = Promise.resolve();

  constructor(options: PieceOptions) {
    this.#options = options;
    this.#log = options.log.child({ ...options.key, stream: options.stream.id });
  }

  get id(): PieceId {
    return this.#options.key.piece;
  }

  /** What the next life of this server needs to go on; undefined while nothing is being written. */
  get held(): HeldPiece | undefined {
    const element = this.#recorder?.element;
    const startedAt = this.#startedAt;
    if (element === undefined || startedAt === undefined || this.#stopped) return undefined;
    return { id: this.id, stream: this.#options.stream.id, element, startedAt };
  }

  /**
   * Goes on with the recorder that a former life of this server added. On failure the piece has ended.
   * @throws MediaServerError
   */
  async adopt({ element, startedAt }: HeldPiece): Promise<void> {
    this.#startedAt = startedAt;
    this.#starting = this.#options.stream.adoptRecorder(element, this.#events);
    try {
      this.#recorder = await this.#starting;
    } catch (error) {
      this.#events.onStopped(Date.now());
      await this.#written;
      throw error;
    }
  }

  /**
   * Adds the recorder to the stream. On failure neither row nor file is left.
   * @param stored after this the recording's row is there
   */
  async start(stored: Promise<void>): Promise<void> {
    this.#starting = this.#start(stored);
    try {
      this.#recorder = await this.#starting;
      this.#options.onChange();
    } catch (error) {
      this.#write(() => this.#remove());
      await this.#written;
      throw error;
    }
  }

  /** Completes the file; resolves when its row is complete too. Never rejects. */
  async stop(): Promise<void> {
    const [started] = await Promise.allSettled([this.#starting]);
    if (started.status === 'fulfilled') await started.value?.stop();
    await this.#written;
  }

  async #start(stored: Promise<void>): Promise<Recorder> {
    const { key, stream, repository, files } = this.#options;
    const path = await files.prepare(key);
    await stored;
    await repository.addPiece({
      id: key.piece,
      recording_id: key.recording,
      participant_name: stream.owner.name,
      kind: stream.kind,
      audio: stream.audio ? 1 : 0,
      video: stream.video ? 1 : 0,
      started_at: null,
      ended_at: null,
    });
    return stream.record({ ...this.#events, uri: pathToFileURL(path).href });
  }

  readonly #events: Pick<AdoptOptions, 'onRecording' | 'onStopped' | 'onError'> = {
    onRecording: (at) => {
      this.#startedAt = at;
      this.#write(() => this.#options.repository.updatePiece(this.id, { started_at: at }));
      this.#options.onChange();
    },
    onStopped: (at) => {
      this.#stopped = true;
      this.#write(() => this.#end(at));
      this.#options.onChange();
    },
    onError: (message) => {
      this.#log.error({ message }, 'the media server failed to record');
      if (!this.#failed) this.#options.onFailed();
      this.#failed = true;
    },
  };

  async #end(at: number): Promise<void> {
    const { key, repository, files } = this.#options;
    const facts = await files.facts(key);
    if (this.#startedAt === undefined && !facts?.bytes) {
      this.#log.info('nothing reached a piece of a recording: it is left out');
      await this.#remove();
    } else await repository.updatePiece(key.piece, { ended_at: at });
  }

  async #remove(): Promise<void> {
    const { key, repository, files } = this.#options;
    await repository.removePiece(key.piece);
    await files.remove(key);
  }

  #write(action: () => Promise<void>): void {
    this.#written = this.#written
      .then(action)
      .catch((err: unknown) => this.#log.error({ err }, 'the row of a piece could not be written'));
  }
}
