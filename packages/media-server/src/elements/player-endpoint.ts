// Plays a recorded file into the pipeline. Opens, starts, pauses and ends; the sending itself is in playing/.
import { KURENTO_ERRORS, KurentoError } from '@parley/protocol';
import type { MediaKind, MediaSource } from '../forwarding/track.ts';
import { MediaFile, MediaFileError } from '../playing/media-file.ts';
import { PlayedTrack } from '../playing/played-track.ts';
import { Player } from '../playing/player.ts';
import type { ObjectContext } from './media-object.ts';
import { UriEndpoint } from './uri-endpoint.ts';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** Times in ms. */
export interface VideoInfo {
  readonly isSeekable: boolean;
  readonly seekableInit: number;
  readonly seekableEnd: number;
  readonly duration: number;
}

export class PlayerEndpoint extends UriEndpoint {
  readonly #tracks: ReadonlyMap<MediaKind, PlayedTrack>;
  #player: Player | undefined;
  #duration = 0;
  /** Of the newest `play` from the start; a file that is opened for an older one is closed again. */
  #session = 0;

  /**
   * `params`: `uri`. `useEncodedMedia` and `networkCache` have no effect: files are never transcoded, and local.
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for a URI that is no file of the data folder
   */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'PlayerEndpoint', String(params.uri));
    this.environment.files.resolve(this.uri);
    this.#tracks = new Map(KINDS.map((kind) => [kind, new PlayedTrack(kind, this.flowOut(kind))]));
  }

  source(kind: MediaKind): MediaSource | undefined {
    return this.#tracks.get(kind);
  }

  sink(): undefined {
    return undefined;
  }

  /** Zeros as long as the file has not been opened by `play`. */
  get videoInfo(): VideoInfo {
    const duration = Math.floor(this.#duration);
    return { isSeekable: duration > 0, seekableInit: 0, seekableEnd: duration, duration };
  }

  /** Place in the file in ms; 0 when nothing is played. */
  get position(): number {
    return Math.floor(this.#player?.position ?? 0);
  }

  /**
   * Goes on at the key frame at or before `position` (ms).
   * @throws KurentoError PLAYER_SEEK_FAIL when nothing is played, or beyond the ends of the file
   */
  set position(position: number) {
    const player = this.#player;
    if (!player)
      throw new KurentoError(
        'PLAYER_SEEK_FAIL',
        `'${this.uri}' is not being played, so there is no place to go to`,
      );
    if (!(position >= 0 && position <= this.#duration))
      throw new KurentoError(
        'PLAYER_SEEK_FAIL',
        `${position} ms lies outside of '${this.uri}', which has ${this.videoInfo.duration} ms`,
      );
    player.seek(position).catch((error: unknown) => this.#fail(player, error));
  }

  /** Starts from the beginning, or goes on after `pause`. A file that cannot be played is told of by an `Error` event. */
  play(): void {
    if (this.state === 'START') return;
    const isPaused = this.state === 'PAUSE';
    this.setState('START');
    if (!isPaused) void this.#open(++this.#session);
    else this.#player?.play();
  }

  pause(): void {
    if (this.state !== 'START') return;
    this.#player?.pause();
    this.setState('PAUSE');
  }

  /** Ends the playing; the next `play` begins at the start. */
  stop(): void {
    void this.#end();
  }

  protected override async onRelease(): Promise<void> {
    await super.onRelease();
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#session++;
    const player = this.#player;
    this.#player = undefined;
    this.setState('STOP');
    await player?.close();
  }

  async #open(session: number): Promise<void> {
    let file: MediaFile;
    try {
      file = await this.#openFile();
    } catch (error) {
      if (session === this.#session) this.#refuse(error);
      return;
    }
    if (session !== this.#session) {
      await file.close();
      return;
    }
    this.#duration = file.duration;
    for (const [kind, track] of this.#tracks) track.setCodec(file.codec(kind));
    const player = new Player(file, this.#tracks, {
      ended: () => this.#ended(),
      failed: (error) => this.#fail(player, error),
    });
    this.#player = player;
    // It may have been paused while the file was opened.
    if (this.state === 'START') player.play();
  }

  async #openFile(): Promise<MediaFile> {
    return MediaFile.open(this.environment.files.resolveExisting(this.uri), this.uri);
  }

  #ended(): void {
    for (const track of this.#tracks.values()) track.end();
    void this.#end();
    this.emit('EndOfStream', {});
  }

  #fail(player: Player, error: unknown): void {
    if (this.#player === player) this.#refuse(error);
  }

  #refuse(error: unknown): void {
    void this.#end();
    const isMissing =
      error instanceof KurentoError || (error instanceof MediaFileError && error.reason === 'missing');
    const description = error instanceof Error ? error.message : String(error);
    this.environment.log.warn({ endpoint: this.id, err: error }, 'playing failed');
    this.emit('Error', {
      description,
      errorCode: (isMissing ? KURENTO_ERRORS.URI_PATH_FILE_NOT_FOUND : KURENTO_ERRORS.UNSUPPORTED_MEDIA_TYPE)
        .code,
      type: isMissing ? 'INVALID_URI' : 'INVALID_MEDIA',
    });
  }
}
