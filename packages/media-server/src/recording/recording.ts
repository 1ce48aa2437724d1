// One recording from its first frame to the finished file: waits for the tracks, opens the file, keeps time through
// pauses and silent tracks. Knows neither RTP (track-recorder.ts) nor Kurento (elements/recorder-endpoint.ts).
import { opusPacketDuration, sameCodec, type RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import type { ByteSink } from './byte-sink.ts';
import {
  contentTypeOf,
  fileFormat,
  holds,
  openContainer,
  whyNotHeld,
  type RecordingProfile,
} from './profile.ts';
import { RecordingFile } from './recording-file.ts';
import { Timeline } from './timeline.ts';
import type { RecordedFrame } from './track-recorder.ts';
import { audioSettings, videoSettings, type VideoSettings } from './track-settings.ts';

/** How long the first frame waits for the other track, in ms: tracks cannot be added to a file later. */
const TRACK_WAIT_MS = 1_500;

/** The same for a picture that a file can describe only after its first key frame (H.264, AV1), when it is connected. */
const DESCRIPTION_WAIT_MS = 5_000;

/** Frames that wait meanwhile are bounded also in bytes. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** And so are those that wait for the file to be open: the one before it in its place may take half a minute to end. */
const MAX_UNOPENED_BYTES = 32 * 1024 * 1024;

/** A track that gave nothing for this long, in ms, no longer holds back the other; what it missed is filled. */
const STALL_MS = 1_000;

/** A stalled track is filled up to this long before the present, in ms, so that a late frame still finds its place. */
const FILL_LAG_MS = 500;

export interface RecordingListener {
  /** Frames are being written: the first ones, or the first ones after a pause. */
  writing(): void;
  /** Media came that the file cannot take; `reason` is a sentence. The recording goes on without it. */
  leftOut(kind: MediaKind, reason: string): void;
  /** The file cannot be written on. Told once; frames are ignored from then on. */
  failed(error: Error): void;
}

/** `empty`: no media came, there is no file. `failed`: the file may hold what came before the failure. */
export type RecordingOutcome = 'complete' | 'empty' | 'failed';

interface PlacedFrame {
  readonly frame: RecordedFrame;
  /** In ms. */
  readonly at: number;
}

/** Up to where a track goes, in ms, and when its newest frame came in. */
interface Progress {
  end: number;
  arrivedAt: number;
}

export class Recording {
  readonly #profile: RecordingProfile;
  readonly #create: (contentType: string) => Promise<ByteSink>;
  readonly #codecOf: (kind: MediaKind) => RtpCodec | undefined;
  readonly #listener: RecordingListener;
  readonly #timeline = new Timeline();
  readonly #leftOut = new Set<MediaKind>();
  readonly #progress = new Map<MediaKind, Progress>();
  readonly #codecs = new Map<MediaKind, RtpCodec>();
  #waiting: PlacedFrame[] = [];
  #waitingBytes = 0;
  #shift = 0;
  #video: VideoSettings | undefined;
  #opening: Promise<void> | undefined;
  #file: RecordingFile | undefined;
  #announced = false;
  #pausedAt: number | undefined;
  #finishing: Promise<RecordingOutcome> | undefined;
  #failed = false;

  /**
   * `create` opens the file and is called when there is something to write. `codecOf` says what a track will carry that
   * has sent nothing yet; undefined when nothing is connected.
   */
  constructor(
    profile: RecordingProfile,
    create: (contentType: string) => Promise<ByteSink>,
    codecOf: (kind: MediaKind) => RtpCodec | undefined,
    listener: RecordingListener,
  ) {
    this.#profile = profile;
    this.#create = create;
    this.#codecOf = codecOf;
    this.#listener = listener;
  }

  /** Takes the next frame of a track, in decoding order; video begins with a key frame. */
  frame(frame: RecordedFrame): void {
    if (this.#failed || this.#finishing || this.#pausedAt !== undefined || !this.#takes(frame)) return;
    const { kind, codec, arrivedAt, ticks, clockMapping } = frame;
    const time = { kind, ticks, clockRate: codec.clockRate, arrivedAt, clockMapping };
    const placed = { frame, at: this.#timeline.place(time) };
    if (this.#file) {
      this.#write(this.#file, placed);
      return;
    }
    this.#waiting.push(placed);
    this.#waitingBytes += frame.encoded.data.length;
    if (this.#waitingBytes > MAX_UNOPENED_BYTES) {
      this.#fail(new Error('the file could not be opened in time'));
      return;
    }
    const complete = this.#profile.kinds.every(
      (wanted) => this.#codecs.has(wanted) || this.#leftOut.has(wanted),
    );
    if (complete || this.#waitingBytes > MAX_WAITING_BYTES) this.#open();
  }

  /** The track continues with another source: its clock has no relation to the last one. */
  restarted(kind: MediaKind): void {
    this.#timeline.restart(kind);
  }

  /** `now`: ms of the monotonic clock, as in the methods below. */
  pause(now: number): void {
    this.#pausedAt ??= now;
  }

  resume(now: number): void {
    if (this.#pausedAt === undefined) return;
    const pause = now - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#announced = false;
    this.#timeline.skip(pause);
    for (const progress of this.#progress.values()) progress.arrivedAt += pause;
  }

  /** The file cannot be written, as was found out elsewhere. No effect once it is being completed. */
  fail(error: unknown): void {
    if (!this.#finishing) this.#fail(error);
  }

  tick(now: number): void {
    if (this.#failed || this.#pausedAt !== undefined) return;
    const first = this.#waiting.at(0);
    if (!this.#opening && first && now - first.frame.arrivedAt >= this.#longestWait()) this.#open();
    if (this.#file) this.#fillStalled(this.#file, now);
  }

  /**
   * Completes the file. Idempotent; never rejects, for a failure is told to the listener. Without media no file is made,
   * and one of that name that was there before is left as it is.
   */
  finish(): Promise<RecordingOutcome> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<RecordingOutcome> {
    if (this.#waiting.length > 0) this.#open();
    await this.#opening;
    try {
      await this.#file?.close();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failed) return 'failed';
    return this.#file ? 'complete' : 'empty';
  }

  /** Whether the file has, or will have, a place for the frame. Says so when it has none, once for each kind. */
  #takes(frame: RecordedFrame): boolean {
    const { kind, codec } = frame;
    if (!this.#profile.kinds.includes(kind) || this.#leftOut.has(kind)) return false;
    const present = this.#codecs.get(kind);
    if (present === codec || (present && sameCodec(present, codec))) return true;
    const reason = this.#reasonAgainst(kind, codec, present);
    if (reason !== undefined) {
      this.#leftOut.add(kind);
      this.#listener.leftOut(kind, reason);
      if (!this.#opening && this.#nothingFits())
        this.#fail(new Error('nothing that is connected fits into it'));
      return false;
    }
    if (kind === 'video') {
      this.#video = videoSettings(codec, frame.encoded);
      // Without its parameter sets a key frame is no start; the next one may have them.
      if (!this.#video) return false;
    }
    this.#codecs.set(kind, codec);
    return true;
  }

  #reasonAgainst(kind: MediaKind, codec: RtpCodec, present: RtpCodec | undefined): string | undefined {
    if (!this.#holds(codec)) return whyNotHeld(this.#profile.format, codec);
    if (present)
      return `The ${kind} changed from ${present.name} to ${codec.name} during the recording; its rest is left out`;
    if (this.#opening) return `The ${kind} came too late: the recording had already begun without it`;
    return undefined;
  }

  #holds(codec: RtpCodec): boolean {
    return holds(this.#profile.format, codec);
  }

  /** Whether all that could come has been left out. */
  #nothingFits(): boolean {
    return this.#profile.kinds.every((kind) => this.#leftOut.has(kind) || !this.#codecOf(kind));
  }

  #longestWait(): number {
    const codec =
      this.#codecs.has('video') || this.#leftOut.has('video') ? undefined : this.#codecOf('video');
    const isUndescribed = codec !== undefined && this.#holds(codec) && !videoSettings(codec, undefined);
    return isUndescribed ? DESCRIPTION_WAIT_MS : TRACK_WAIT_MS;
  }

  #open(): void {
    this.#opening ??= this.#begin().catch((error: unknown) => this.#fail(error));
  }

  async #begin(): Promise<void> {
    this.#addExpectedTracks();
    const audio = this.#codecs.get('audio');
    const tracks = { audio: audio && audioSettings(audio), video: this.#video };
    const format = fileFormat(this.#profile, tracks);
    const sink = await this.#create(contentTypeOf(format, tracks));
    if (this.#failed) return sink.close(false);
    const file = new RecordingFile(openContainer(format, sink, tracks), tracks, (error) => this.#fail(error));
    const start = Math.min(...this.#waiting.map(({ at }) => at));
    const startedAt = Math.min(...this.#waiting.map(({ frame }) => frame.arrivedAt));
    this.#shift = -start;
    for (const kind of this.#codecs.keys()) this.#progress.set(kind, { end: 0, arrivedAt: startedAt });
    this.#file = file;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const placed of waiting) this.#write(file, placed);
  }

  /** Tracks that are connected but silent (muted, camera starting) get their place in the file where that is possible. */
  #addExpectedTracks(): void {
    for (const kind of this.#profile.kinds) {
      const codec = this.#codecOf(kind);
      if (!codec || this.#codecs.has(kind) || this.#leftOut.has(kind) || !this.#holds(codec)) continue;
      if (kind === 'video') this.#video = videoSettings(codec, undefined);
      if (kind === 'audio' || this.#video) this.#codecs.set(kind, codec);
    }
  }

  #write(file: RecordingFile, { frame, at: unshifted }: PlacedFrame): void {
    const { kind, codec } = frame;
    const { data, keyframe } = frame.encoded;
    const at = unshifted + this.#shift;
    if (kind === 'video') file.video(data, keyframe, at);
    else file.audio(data, (opusPacketDuration(data) / codec.clockRate) * 1000, at);
    const end = kind === 'video' ? file.videoEnd : file.audioEnd;
    this.#progress.set(kind, { end, arrivedAt: frame.arrivedAt });
    if (this.#announced || this.#failed || this.#pausedAt !== undefined) return;
    this.#announced = true;
    this.#listener.writing();
  }

  #fillStalled(file: RecordingFile, now: number): void {
    for (const [kind, { end, arrivedAt }] of this.#progress) {
      const silentFor = now - arrivedAt;
      if (silentFor < STALL_MS) continue;
      const until = end + silentFor - FILL_LAG_MS;
      if (kind === 'audio') file.fillAudio(until);
      else file.stallVideo(until);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#waiting = [];
    this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
  }
}
