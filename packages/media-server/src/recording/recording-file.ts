// One recording's file as a row of places: frames go in as they come, sound is kept without holes, and what the disk cannot
// take in time is bounded. Does not decide what is recorded, or when; the bytes are the container's business.
import { annexBToAvcc } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import type { Container, FileTracks } from './container.ts';

/** What may wait for the disk, in bytes: some ten seconds of a fast stream. Then the recording fails: memory is finite. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Frames of one track must differ in time, or players drop one: this is the resolution of Matroska, in ms. */
const MIN_STEP_MS = 1;

/** Least distance between two placeholders for a stalled picture, in ms: each costs 25 bytes. */
const PLACEHOLDER_INTERVAL_MS = 200;

/** 20 ms of digital silence in Opus: full band, one channel, one frame. Any decoder takes it in any stream. */
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
const SILENCE_MS = 20;

export class RecordingFile {
  readonly #container: Container;
  /** Place of the newest frame or placeholder of each track, in ms; -Infinity before the first. */
  readonly #last = new Map<MediaKind, number>();
  readonly #isAvc: boolean;
  readonly #failed: (error: Error) => void;
  #failure: Error | undefined;
  #pendingBytes = 0;
  /** Where the sound written so far ends when it is played without holes, in ms. */
  #audioEnd = 0;
  #closing: Promise<void> | undefined;

  /**
   * Writes to `container`, which has these tracks and belongs to the file from now on. `failed` is called at most once,
   * when writing fails (disk full, disk too slow); frames are ignored from then on.
   */
  constructor(container: Container, tracks: FileTracks, failed: (error: Error) => void) {
    this.#container = container;
    this.#failed = failed;
    this.#isAvc = tracks.video?.codec === 'avc';
    if (tracks.video) this.#last.set('video', -Infinity);
    if (tracks.audio) this.#last.set('audio', -Infinity);
  }

  has(kind: MediaKind): boolean {
    return this.#last.has(kind);
  }

  /** Place of the newest video frame or placeholder, in ms; -Infinity before the first. */
  get videoEnd(): number {
    return this.#last.get('video') ?? -Infinity;
  }

  /** End of the sound written so far, in ms; 0 before the first frame. */
  get audioEnd(): number {
    return this.#audioEnd;
  }

  /** Frames come in decoding order; one that does not come after the last one is moved behind it. `at`: in ms. */
  video(data: Buffer, keyframe: boolean, at: number): void {
    this.#write('video', this.#isAvc ? annexBToAvcc(data) : data, keyframe, at, 0);
  }

  /**
   * An Opus packet. Holes before it are filled with silence, because players play sound without holes and would let it
   * run ahead of the picture; a packet whose time has been filled already is left out, and so is one without duration.
   */
  audio(data: Uint8Array, durationMs: number, at: number): void {
    this.fillAudio(at);
    if (durationMs <= 0 || at < this.#audioEnd - SILENCE_MS) return;
    this.#write('audio', data, true, at, durationMs);
    this.#audioEnd += durationMs;
  }

  /** Silence up to `until` (ms), as far as whole packets fit. */
  fillAudio(until: number): void {
    if (!this.has('audio')) return;
    for (; this.#audioEnd + SILENCE_MS <= until; this.#audioEnd += SILENCE_MS)
      this.#write('audio', SILENCE, true, this.#audioEnd, SILENCE_MS);
  }

  /** No picture has come for a while: the sound up to `until` (ms) goes to the disk without it. */
  stallVideo(until: number): void {
    const last = this.videoEnd;
    if (this.#failure || this.#closing) return;
    if (this.#container.flushVideo) this.#watch(this.#container.flushVideo(), 0);
    if (!this.has('audio') || !this.#container.skipVideo || until - last < PLACEHOLDER_INTERVAL_MS) return;
    this.#last.set('video', until);
    this.#watch(this.#container.skipVideo(until, last === -Infinity), 0);
  }

  /** Writes the end of the file and closes it. Idempotent; rejects when the file could not be completed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#container.close(this.#failure === undefined);
    if (this.#failure) throw this.#failure;
  }

  #write(kind: MediaKind, data: Uint8Array, isKey: boolean, at: number, duration: number): void {
    const last = this.#last.get(kind);
    if (last === undefined || this.#failure || this.#closing) return;
    const place = Math.max(0, at, last + MIN_STEP_MS);
    this.#last.set(kind, place);
    this.#watch(this.#container.write({ kind, data, isKey, at: place, duration }), data.length);
  }

  #watch(done: Promise<void>, bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.#fail(new Error('the disk is too slow'));
    done.then(
      () => {
        this.#pendingBytes -= bytes;
      },
      (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#failed(error);
  }
}
