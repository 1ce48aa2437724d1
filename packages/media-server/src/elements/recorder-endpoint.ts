// Records what it is connected to into a file, or sends it to an HTTP address. Starts, pauses and ends; what is written,
// and how, is in recording/.
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { KURENTO_ERRORS, KurentoError, type KurentoErrorName } from '@parley/protocol';
import type { MediaKind, MediaSink } from '../forwarding/track.ts';
import { shownUrl } from '../playing/http/http-cause.ts';
import { isHttp } from '../playing/open-media.ts';
import { makeFolder } from '../make-folder.ts';
import { AppendFile, checkCreatable, createFile } from '../recording/append-file.ts';
import type { ByteSink } from '../recording/byte-sink.ts';
import { HttpUpload, isAllowedTarget, type FailureDetails } from '../recording/http-upload.ts';
import { fileEnding, recordingProfile, type RecordingProfile } from '../recording/profile.ts';
import { Recording } from '../recording/recording.ts';
import { TrackRecorder, type RecordedFrame } from '../recording/track-recorder.ts';
import { UNSENT_FOLDER, warnOfUnsent } from '../recording/unsent.ts';
import type { ObjectContext } from './media-object.ts';
import { UriEndpoint } from './uri-endpoint.ts';

const DEFAULT_PROFILE = 'WEBM';

/** In a folder that was given besides the data folder, other programs are waiting for the file: the umask decides. */
const SHARED_MODE = 0o666;

/** What system errors mean to who reads the `Error` event. */
const CAUSES: Partial<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'the folder may not be written to',
  EROFS: 'the disk is read-only',
  EISDIR: 'a folder of that name is there',
  EPERM: 'the file may not be replaced',
  ENOTDIR: 'a part of its path is a file',
  EIO: 'the disk reports an error',
};

export class RecorderEndpoint extends UriEndpoint {
  readonly #profile: RecordingProfile;
  readonly #stopOnEndOfStream: boolean;
  /** Where the recording is sent; undefined: it is a file. */
  readonly #target: URL | undefined;
  readonly #tracks: ReadonlyMap<MediaKind, TrackRecorder>;
  readonly #tick = (now: number): void => this.#ticked(now);
  #recording: Recording | undefined;
  /** Ends of earlier recordings that are still being written. */
  #finishing: Promise<void> = Promise.resolve();

  /**
   * `params`: `uri`; `mediaProfile?` (a `MediaProfileSpecType`, `WEBM` unless given); `stopOnEndOfStream?`.
   * @throws KurentoError NOT_IMPLEMENTED for other profiles, MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for a URI that is no file
   * of the folders that clients may use, and no HTTP address that may be connected to
   */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'RecorderEndpoint', String(params.uri));
    const { mediaProfile } = params;
    this.#profile = recordingProfile(typeof mediaProfile === 'string' ? mediaProfile : DEFAULT_PROFILE);
    this.#stopOnEndOfStream = params.stopOnEndOfStream === true;
    this.#target = this.#readTarget();
    this.#tracks = new Map(this.#profile.kinds.map((kind) => [kind, this.#trackRecorder(kind)]));
  }

  /** For messages and logs. */
  get #shownUri(): string {
    return this.#target ? shownUrl(this.#target) : this.uri;
  }

  source(): undefined {
    return undefined;
  }

  sink(kind: MediaKind): MediaSink | undefined {
    return this.#tracks.get(kind);
  }

  /** Starts, or goes on after `pause`. `Recording` is told when media is being written, `Error` when it cannot be. */
  record(): void {
    const now = performance.now();
    // After `stop` the state stays START until the file is complete; a new recording may begin meanwhile.
    if (this.#recording && this.state === 'START') return;
    if (this.#recording) this.#recording.resume(now);
    else this.#begin();
    this.setState('START');
    for (const track of this.#tracks.values()) track.start(now);
    this.environment.ticker.add(this.#tick);
  }

  /** What comes until the next `record` is left out, and its time, too. Nothing to pause: no effect. */
  pause(): void {
    if (!this.#recording || this.state !== 'START') return;
    this.#stopTracks();
    this.#recording.pause(performance.now());
    this.setState('PAUSE');
    this.emit('Paused', {});
  }

  /** Ends the recording; `Stopped` is told when the file is complete. */
  stop(): void {
    void this.#finish();
  }

  /** As `stop`, and returns when the file is complete. */
  async stopAndWait(): Promise<void> {
    await this.#finish();
  }

  protected override async onRelease(): Promise<void> {
    await super.onRelease();
    await this.#finish();
  }

  #trackRecorder(kind: MediaKind): TrackRecorder {
    const flow = this.flowIn(kind);
    return new TrackRecorder(kind, {
      packet: () => flow.packet(),
      frame: (frame: RecordedFrame) => this.#recording?.frame(frame),
      restarted: () => this.#recording?.restarted(kind),
      ended: () => {
        if (this.#stopOnEndOfStream) this.stop();
      },
    });
  }

  #begin(): void {
    const previous = this.#finishing;
    const recording = new Recording(
      this.#profile,
      async (contentType) => {
        // A recording started right after another takes the same file's place, so not before that one is complete.
        await previous;
        return this.#openSink(contentType);
      },
      (kind) => this.#tracks.get(kind)?.codec,
      {
        writing: () => this.emit('Recording', {}),
        leftOut: (kind, reason) => {
          this.environment.log.warn({ endpoint: this.id, kind }, reason);
          this.#emitError(reason, 'UNSUPPORTED_MEDIA_TYPE', 'INVALID_MEDIA');
        },
        failed: (error) => this.#failed(recording, error),
      },
    );
    this.#recording = recording;
    // Who records hears now that it will not work, and not when the first media is lost.
    if (!this.#target)
      previous
        .then(() => checkCreatable(this.environment.files.resolve(this.uri)))
        .catch((error: unknown) => recording.fail(error));
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR */
  #readTarget(): URL | undefined {
    const { files, httpSources } = this.environment;
    if (!isHttp(this.uri)) {
      files.resolve(this.uri);
      return undefined;
    }
    const target = URL.canParse(this.uri) ? new URL(this.uri) : undefined;
    if (target && isAllowedTarget(target, httpSources)) return target;
    throw new KurentoError(
      'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
      target
        ? `'${shownUrl(target)}' is an address that this media server is not allowed to connect to`
        : `'${this.uri}' is no HTTP address`,
    );
  }

  /** Either way a file of the disk is made, and what goes wrong with it rejects. */
  #openSink(contentType: string): Promise<ByteSink> {
    return this.#target ? this.#startUpload(this.#target, contentType) : this.#createFile();
  }

  async #createFile(): Promise<ByteSink> {
    const { files } = this.environment;
    const wanted = files.resolve(this.uri);
    await makeFolder(dirname(wanted), files.isOwn(wanted) ? 0o700 : 0o777);
    // Once more: what was missing of the path is there now, and must still lead into the folders.
    const path = files.resolve(this.uri);
    return new AppendFile(await (files.isOwn(path) ? createFile(path) : createFile(path, SHARED_MODE)));
  }

  #startUpload(url: URL, contentType: string): Promise<ByteSink> {
    const { files, httpSources, log } = this.environment;
    const spool = files.resolve(join(UNSENT_FOLDER, `${randomUUID()}${fileEnding(contentType)}`));
    const failed = (what: string, details: FailureDetails): void => {
      const sentence = `Sending the recording failed: '${shownUrl(url)}' ${what}. It is kept in '${pathToFileURL(spool).href}'.`;
      log.error({ endpoint: this.id, ...details }, sentence);
      this.#emitError(sentence);
    };
    const kept = (): Promise<void> => warnOfUnsent(dirname(spool), log);
    return HttpUpload.start({ url, contentType, policy: httpSources, spool, failed, kept });
  }

  #stopTracks(): void {
    this.environment.ticker.remove(this.#tick);
    for (const track of this.#tracks.values()) track.stop();
  }

  /** Resolves when the file is complete, to later callers, too; never rejects, for failures are told as events. */
  #finish(): Promise<void> {
    const recording = this.#recording;
    if (!recording) return this.#finishing;
    this.#stopTracks();
    this.#recording = undefined;
    const previous = this.#finishing;
    this.#finishing = this.#complete(recording, previous);
    return this.#finishing;
  }

  async #complete(recording: Recording, previous: Promise<void>): Promise<void> {
    const outcome = await recording.finish();
    await previous;
    if (!this.#recording) this.setState('STOP');
    if (outcome === 'failed') return;
    this.environment.log.info({ endpoint: this.id, uri: this.#shownUri, outcome }, 'recording stopped');
    this.emit('Stopped', {});
  }

  #failed(recording: Recording, error: Error): void {
    const cause = CAUSES[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message;
    const sentence = `Recording to '${this.#shownUri}' failed: ${cause}.`;
    this.environment.log.error({ endpoint: this.id, err: error }, sentence);
    this.#emitError(sentence);
    if (this.#recording === recording) void this.#finish();
  }

  #emitError(description: string, kind: KurentoErrorName = 'UNEXPECTED_ERROR', type: string = kind): void {
    this.emit('Error', { description, errorCode: KURENTO_ERRORS[kind].code, type });
  }

  #ticked(now: number): void {
    for (const track of this.#tracks.values()) track.tick(now);
    this.#recording?.tick(now);
  }
}
