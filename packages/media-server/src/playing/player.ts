// Plays one open file in real time: hands each frame to its track when it is due. One timer, always set for the next due
// frame. Opens no file, and knows nothing of endpoints.
import type { MediaKind } from '../forwarding/track.ts';
import type { FileFrame, MediaFile } from './media-file.ts';
import type { PlayedTrack } from './played-track.ts';

/** Frames read ahead of their time: reading from disk must not show. */
const READ_AHEAD_FRAMES = 100;

/** A player that was held up this long, in ms, goes on from where it is, instead of sending all it missed at once. */
const MAX_LATE_MS = 1_000;

/** The last frame is shown for a while before the end is told: 40 ms, unless the file knows. */
const LAST_FRAME_MS = 40;

export interface PlayerListener {
  /** All frames were sent and the last one has had its time. Told once for each time the file ends. */
  ended(): void;
  /** The file cannot be read on. */
  failed(error: Error): void;
}

export class Player {
  readonly #file: MediaFile;
  readonly #tracks: ReadonlyMap<MediaKind, PlayedTrack>;
  readonly #listener: PlayerListener;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #playing = false;
  #closed = false;
  /** The moment of the monotonic clock that stands for place 0 of the file; while paused, of no meaning. In ms. */
  #base = 0;
  /** Where the file is at while nothing plays, in ms. */
  #place = 0;
  #queue: FileFrame[] = [];
  /** Another number than when a read began: its frames are of a place that was left. */
  #generation = 0;
  #frames: AsyncGenerator<FileFrame, void, undefined> | undefined;
  #reading = false;
  #exhausted = false;
  #endsAt = 0;

  constructor(file: MediaFile, tracks: ReadonlyMap<MediaKind, PlayedTrack>, listener: PlayerListener) {
    this.#file = file;
    this.#tracks = tracks;
    this.#listener = listener;
  }

  /** Place in the file in ms. */
  get position(): number {
    const place = this.#playing ? performance.now() - this.#base : this.#place;
    return Math.max(0, Math.min(this.#file.duration, place));
  }

  play(): void {
    if (this.#playing || this.#closed) return;
    this.#playing = true;
    this.#base = performance.now() - this.#place;
    this.#frames ??= this.#file.frames(this.#place);
    this.#run();
  }

  pause(): void {
    if (!this.#playing) return;
    this.#place = this.position;
    this.#playing = false;
    clearTimeout(this.#timer);
  }

  /** Goes on at the key frame at or before `place` (ms); in a file without video, exactly there. */
  async seek(place: number): Promise<void> {
    const generation = this.#leave();
    const target = await this.#file.keyframeBefore(place);
    if (generation !== this.#generation || this.#closed) return;
    this.#place = target;
    this.#base = performance.now() - target;
    this.#frames = this.#file.frames(target);
    if (this.#playing) this.#run();
  }

  /** Ends everything; the file is closed, too. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.pause();
    this.#closed = true;
    this.#leave();
    for (const track of this.#tracks.values()) track.reset();
    await this.#file.close();
  }

  #leave(): number {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#exhausted = false;
    this.#endsAt = 0;
    this.#frames = undefined;
    for (const track of this.#tracks.values()) track.forgetFrames();
    return ++this.#generation;
  }

  #run(): void {
    clearTimeout(this.#timer);
    if (!this.#playing) return;
    const now = performance.now();
    for (let frame = this.#queue.at(0); frame; frame = this.#queue.at(0)) {
      this.#catchUp(frame, now);
      const due = this.#base + frame.at;
      if (due > now) {
        this.#wake(due - now);
        break;
      }
      this.#queue.shift();
      this.#endsAt = Math.max(this.#endsAt, frame.at + (frame.duration || LAST_FRAME_MS));
      this.#tracks.get(frame.kind)?.send(frame, due);
    }
    if (!this.#exhausted && this.#queue.length < READ_AHEAD_FRAMES / 2) this.#read();
    if (this.#exhausted && this.#queue.length === 0) this.#finish(now);
  }

  #catchUp(frame: FileFrame, now: number): void {
    const late = now - (this.#base + frame.at);
    if (late > MAX_LATE_MS) this.#base += late;
  }

  #wake(delay: number): void {
    this.#timer = setTimeout(() => this.#run(), Math.ceil(delay));
  }

  #finish(now: number): void {
    const left = this.#base + this.#endsAt - now;
    if (left > 0) {
      this.#wake(left);
      return;
    }
    this.pause();
    this.#listener.ended();
  }

  #read(): void {
    if (this.#reading || !this.#frames) return;
    this.#reading = true;
    this.#readAhead(this.#frames, this.#generation)
      .catch((error: unknown) => {
        if (!this.#closed) this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        this.#reading = false;
        this.#run();
      });
  }

  async #readAhead(frames: AsyncGenerator<FileFrame, void, undefined>, generation: number): Promise<void> {
    while (generation === this.#generation && this.#queue.length < READ_AHEAD_FRAMES) {
      const { value, done } = await frames.next();
      if (generation !== this.#generation) return;
      if (done) {
        this.#exhausted = true;
        return;
      }
      this.#queue.push(value);
    }
  }
}
