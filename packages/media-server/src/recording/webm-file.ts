// One WebM or Matroska file being written by mediabunny: frames go in as they come, the file grows by whole frames and
// is playable at any moment. Keeps a track that has fallen silent from holding back the other: see
// docs/decisions/0005-recorder-stalled-tracks.md. Does not decide what is recorded, or when.
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import {
  AppendOnlyStreamTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  Output,
  WebMOutputFormat,
} from 'mediabunny';
import { annexBToAvcc } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import { appendTo } from './append-file.ts';
import type { AudioSettings, VideoSettings } from './track-settings.ts';

/** What may wait for the disk, in bytes: some ten seconds of a fast stream. Then the recording fails: memory is finite. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Frames of one track must differ in time, or players drop one: this is the resolution of Matroska, in ms. */
const MIN_STEP_MS = 1;

const PLACEHOLDER_LENGTH = 16;

/** 20 ms of digital silence in Opus: full band, one channel, one frame. Any decoder takes it in any stream. */
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
const SILENCE_MS = 20;

export interface FileTracks {
  readonly audio: AudioSettings | undefined;
  readonly video: VideoSettings | undefined;
  readonly container: 'webm' | 'matroska';
}

interface WrittenTrack {
  /** Never rejects: a failure is told to the listener. */
  add(packet: EncodedPacket): void;
  /** Place of the newest frame or placeholder, in ms; -Infinity before the first. */
  last: number;
}

export class WebmFile {
  readonly #output: Output;
  readonly #handle: FileHandle;
  readonly #tracks = new Map<MediaKind, WrittenTrack>();
  readonly #isAvc: boolean;
  readonly #placeholder = randomBytes(PLACEHOLDER_LENGTH);
  readonly #failed: (error: Error) => void;
  #failure: Error | undefined;
  #pendingBytes = 0;
  /** Where the sound written so far ends when it is played without holes, in ms. */
  #audioEnd = 0;
  #closing: Promise<void> | undefined;

  /**
   * Writes to `handle`, which belongs to the file from now on. `failed` is called at most once, when writing fails
   * (disk full, disk too slow); frames are ignored from then on.
   */
  constructor(handle: FileHandle, tracks: FileTracks, failed: (error: Error) => void) {
    this.#handle = handle;
    this.#failed = failed;
    this.#isAvc = tracks.video?.codec === 'avc';
    const options = { appendOnly: true };
    const isWebm = tracks.container === 'webm' && !this.#isAvc;
    this.#output = new Output({
      format: isWebm ? new WebMOutputFormat(options) : new MkvOutputFormat(options),
      target: new AppendOnlyStreamTarget(appendTo(handle, this.#placeholder)),
    });
    if (tracks.video) this.#addVideo(tracks.video);
    if (tracks.audio) this.#addAudio(tracks.audio);
    this.#watch(this.#output.start(), 0);
  }

  has(kind: MediaKind): boolean {
    return this.#tracks.has(kind);
  }

  /** Place of the newest video frame or placeholder, in ms; -Infinity before the first. */
  get videoEnd(): number {
    return this.#tracks.get('video')?.last ?? -Infinity;
  }

  /** End of the sound written so far, in ms; 0 before the first frame. */
  get audioEnd(): number {
    return this.#audioEnd;
  }

  /** Frames come in decoding order; one that does not come after the last one is moved behind it. `at`: in ms. */
  video(data: Buffer, keyframe: boolean, at: number): void {
    this.#write('video', this.#isAvc ? annexBToAvcc(data) : data, keyframe ? 'key' : 'delta', at, 0);
  }

  /**
   * An Opus packet. Holes before it are filled with silence, because players play sound without holes and would let it
   * run ahead of the picture; a packet whose time has been filled already is left out, and so is one without duration.
   */
  audio(data: Uint8Array, durationMs: number, at: number): void {
    this.fillAudio(at);
    if (durationMs <= 0 || at < this.#audioEnd - SILENCE_MS) return;
    this.#write('audio', data, 'key', at, durationMs);
    this.#audioEnd += durationMs;
  }

  /** Silence up to `until` (ms), as far as whole packets fit. */
  fillAudio(until: number): void {
    if (!this.has('audio')) return;
    for (; this.#audioEnd + SILENCE_MS <= until; this.#audioEnd += SILENCE_MS)
      this.#write('audio', SILENCE, 'key', this.#audioEnd, SILENCE_MS);
  }

  /** Lets the sound up to `until` (ms) go to the disk although no picture has come. Nobody sees it in the file. */
  fillVideo(until: number): void {
    const track = this.#tracks.get('video');
    if (!track || until <= track.last) return;
    // A track begins with a key frame; the placeholder passes for one.
    this.#write('video', this.#placeholder, track.last === -Infinity ? 'key' : 'delta', until, 0);
  }

  /** Writes the end of the file and closes it. Idempotent; rejects when the file could not be completed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure) await this.#output.cancel();
      else await this.#output.finalize();
    } finally {
      await this.#handle.close();
    }
    if (this.#failure) throw this.#failure;
  }

  #addVideo({ codec, decoderConfig }: VideoSettings): void {
    const source = new EncodedVideoPacketSource(codec);
    this.#output.addVideoTrack(source);
    const add = (packet: EncodedPacket): void =>
      this.#watch(source.add(packet, { decoderConfig }), packet.byteLength);
    this.#tracks.set('video', { add, last: -Infinity });
  }

  #addAudio({ codec, decoderConfig }: AudioSettings): void {
    const source = new EncodedAudioPacketSource(codec);
    this.#output.addAudioTrack(source);
    const add = (packet: EncodedPacket): void =>
      this.#watch(source.add(packet, { decoderConfig }), packet.byteLength);
    this.#tracks.set('audio', { add, last: -Infinity });
  }

  #write(kind: MediaKind, data: Uint8Array, type: 'key' | 'delta', at: number, durationMs: number): void {
    const track = this.#tracks.get(kind);
    if (!track || this.#failure || this.#closing) return;
    const place = Math.max(0, at, track.last + MIN_STEP_MS);
    track.last = place;
    track.add(new EncodedPacket(data, type, place / 1000, durationMs / 1000));
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
