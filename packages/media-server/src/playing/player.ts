// Plays one open file in real time: hands each frame to its track when it is due. One timer, always set for the next due
// frame. Opens no file, and knows nothing of endpoints.
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import type { FileFrame } from './file-tracks.ts';
import type { PlayedTrack } from './played-track.ts';

/** Media that has been opened: its frames in order, from places that can be gone to. */
export interface Playable {
  /** From the start to the last frame, in ms; undefined when nobody knows. */
  readonly duration: number | undefined;
  /** Whether `frames` may begin elsewhere than at 0, and more than once. */
  readonly isSeekable: boolean;
  /** What kind of file it is, for people. */
  readonly format: string;
  /** Why tracks are left out, each continuing a sentence about the media. */
  readonly unplayable: readonly string[];
  /** What the track of this kind carries; undefined when there is none. */
  codec(kind: MediaKind): RtpCodec | undefined;
  /** The place of the key frame at or before `at`; 0 without video, or before its first one. All in ms. */
  keyframeBefore(at: number): Promise<number>;
  /** The frames of all tracks from `from` (ms) on, in the order of their time. */
  frames(from: number): AsyncGenerator<FileFrame, void, undefined>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Frames read ahead of their time: reading must not show. */
const READ_AHEAD_FRAMES = 100;

/** However much is to be buffered before the start, no more than this is, in bytes. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** A player that was held up this long, in ms, goes on from where it is, instead of sending all it missed at once. */
const MAX_LATE_MS = 1_000;

/** The last frame is shown for a while before the end is told: 40 ms, unless the file knows. */
const LAST_FRAME_MS = 40;

/** No longer than this, whatever the file says, in ms: as long as it lasts, an endpoint takes no other post. */
const MAX_LAST_FRAME_MS = 60_000;

/** Timers of Node.js take no longer delay, in ms: they would fire at once. Times in files may be anything. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface PlayerListener {
  /** All frames were sent and the last one has had its time. Told once for each time the file ends. */
  ended(): void;
  /** The file cannot be read on; what was read has been played. */
  failed(error: Error): void;
}

export class Player {
  readonly #file: Playable;
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
  #failure: Error | undefined;
  #endsAt = 0;
  readonly #bufferMs: number;
  #queuedBytes = 0;
  /** Nothing is sent yet: what is read ahead is to become `#bufferMs` long first. */
  #buffering: boolean;

  /** `bufferMs`: how much is to be read ahead before the playing starts, and starts again after a seek. */
  constructor(
    file: Playable,
    tracks: ReadonlyMap<MediaKind, PlayedTrack>,
    listener: PlayerListener,
    bufferMs = 0,
  ) {
    this.#file = file;
    this.#tracks = tracks;
    this.#listener = listener;
    this.#bufferMs = bufferMs;
    this.#buffering = bufferMs > 0;
  }

  /** Place in the file in ms. */
  get position(): number {
    const place = this.#playing && !this.#buffering ? performance.now() - this.#base : this.#place;
    return Math.max(0, Math.min(this.#file.duration ?? Infinity, place));
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
    this.#queuedBytes = 0;
    this.#buffering = this.#bufferMs > 0;
    this.#exhausted = false;
    this.#failure = undefined;
    this.#endsAt = 0;
    this.#frames = undefined;
    for (const track of this.#tracks.values()) track.forgetFrames();
    return ++this.#generation;
  }

  #run(): void {
    clearTimeout(this.#timer);
    if (!this.#playing) return;
    const now = performance.now();
    if (this.#buffering) {
      if (!this.#isBuffered()) {
        this.#read();
        return;
      }
      this.#buffering = false;
      this.#base = now - this.#place;
    }
    for (let frame = this.#queue.at(0); frame; frame = this.#queue.at(0)) {
      this.#catchUp(frame, now);
      const due = this.#base + frame.at;
      if (due > now) {
        this.#wake(due - now);
        break;
      }
      this.#queue.shift();
      this.#queuedBytes -= frame.data.length;
      this.#endsAt = Math.max(
        this.#endsAt,
        frame.at + Math.min(frame.duration || LAST_FRAME_MS, MAX_LAST_FRAME_MS),
      );
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
    this.#timer = setTimeout(() => this.#run(), Math.min(MAX_TIMER_MS, Math.ceil(delay)));
  }

  #finish(now: number): void {
    const left = this.#base + this.#endsAt - now;
    if (left > 0) {
      this.#wake(left);
      return;
    }
    this.pause();
    if (this.#failure) this.#listener.failed(this.#failure);
    else this.#listener.ended();
  }

  #isBuffered(): boolean {
    if (this.#exhausted || this.#queuedBytes >= MAX_BUFFERED_BYTES) return true;
    const [first, last] = [this.#queue.at(0), this.#queue.at(-1)];
    return first !== undefined && last !== undefined && last.at - first.at >= this.#bufferMs;
  }

  #wantsMore(): boolean {
    return this.#queue.length < READ_AHEAD_FRAMES || (this.#buffering && !this.#isBuffered());
  }

  #read(): void {
    if (this.#reading || !this.#frames) return;
    this.#reading = true;
    const generation = this.#generation;
    this.#readAhead(this.#frames, generation)
      .catch((error: unknown) => {
        if (generation !== this.#generation) return;
        this.#exhausted = true;
        this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#reading = false;
        this.#run();
      });
  }

  async #readAhead(frames: AsyncGenerator<FileFrame, void, undefined>, generation: number): Promise<void> {
    while (generation === this.#generation && this.#wantsMore()) {
      const { value, done } = await frames.next();
      if (generation !== this.#generation) return;
      if (done) {
        this.#exhausted = true;
        return;
      }
      this.#queue.push(value);
      this.#queuedBytes += value.data.length;
      // A source that is slower than its reader: what has come is not to wait for what will.
      if (this.#queue.length === 1 || this.#buffering) this.#run();
    }
  }
}
