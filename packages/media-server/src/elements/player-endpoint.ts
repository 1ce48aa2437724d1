// Plays a file, or something at an HTTP address, into the pipeline. Opens, starts, pauses and ends; the reading and the
// sending itself is in playing/.
import { KurentoError } from '@parley/protocol';
import type { MediaKind, MediaSource } from '../forwarding/track.ts';
import { isHttp, openMedia } from '../playing/open-media.ts';
import { playError } from '../playing/play-error.ts';
import { PlayedTrack } from '../playing/played-track.ts';
import { Player, type Playable } from '../playing/player.ts';
import { playbackDot } from '../playing/playback-dot.ts';
import type { ObjectContext } from './media-object.ts';
import { UriEndpoint } from './uri-endpoint.ts';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** What may be asked to be buffered, in ms: more is a mistake. */
const MAX_NETWORK_CACHE_MS = 60_000;

/** Times in ms. */
export interface VideoInfo {
  readonly isSeekable: boolean;
  readonly seekableInit: number;
  readonly seekableEnd: number;
  readonly duration: number;
}

export class PlayerEndpoint extends UriEndpoint {
  readonly #tracks: ReadonlyMap<MediaKind, PlayedTrack>;
  readonly #networkCache: number;
  #player: Player | undefined;
  /** What `play` opened last; it may have been closed since. */
  #media: Playable | undefined;
  /** Of the newest `play` from the start. */
  #opening: AbortController | undefined;
  /** All that was begun and may still hold files and sockets. */
  readonly #ending = new Set<Promise<void>>();

  /**
   * `params`: `uri`, which is looked at by `play`; `networkCache` (ms): how much of an HTTP source is buffered before it
   * starts, no effect on files. `useEncodedMedia` makes no difference: media is always played as it is encoded.
   */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'PlayerEndpoint', String(params.uri));
    const networkCache = isHttp(this.uri) ? Number(params.networkCache ?? 0) : 0;
    this.#networkCache = Math.max(0, Math.min(MAX_NETWORK_CACHE_MS, networkCache));
    this.#tracks = new Map(KINDS.map((kind) => [kind, new PlayedTrack(kind, this.flowOut(kind))]));
    this.environment.readers.prepare();
  }

  source(kind: MediaKind): MediaSource | undefined {
    return this.#tracks.get(kind);
  }

  sink(): undefined {
    return undefined;
  }

  /** Zeros as long as the media has not been opened by `play`, or when nobody knows how long it is. */
  get videoInfo(): VideoInfo {
    const duration = Math.floor(this.#media?.duration ?? 0);
    const isSeekable = this.#media?.isSeekable ?? false;
    return { isSeekable, seekableInit: 0, seekableEnd: isSeekable ? duration : 0, duration };
  }

  /** What plays, as a graph in the DOT language of GraphViz. */
  get elementGstreamerDot(): string {
    return playbackDot(this, this.uri, this.#media);
  }

  /** Place in the media in ms; 0 when nothing is played. */
  get position(): number {
    return Math.floor(this.#player?.position ?? 0);
  }

  /**
   * Goes on at the key frame at or before `position` (ms).
   * @throws KurentoError PLAYER_SEEK_FAIL when nothing is played, beyond its ends, and in what can be read only once
   */
  set position(position: number) {
    const [player, media] = [this.#player, this.#media];
    const refuse = (why: string): KurentoError =>
      new KurentoError('PLAYER_SEEK_FAIL', `'${this.uri}' ${why}`);
    if (!player || !media) throw refuse('is not being played, so there is no place to go to');
    if (!media.isSeekable)
      throw refuse(
        'can be played from its start only: its server gives no parts of it, or nobody knows its length',
      );
    if (!(position >= 0 && position <= (media.duration ?? 0)))
      throw refuse(`has ${this.videoInfo.duration} ms, and ${position} ms lies outside of them`);
    player.seek(position).catch((error: unknown) => this.#fail(player, error));
  }

  /**
   * Starts from the beginning, or goes on after `pause`. What cannot be played, all of it or one of its tracks, is told
   * of by an `Error` event.
   */
  play(): void {
    if (this.state === 'START') return;
    const isPaused = this.state === 'PAUSE';
    this.setState('START');
    if (isPaused) this.#player?.play();
    else this.#keep(this.#open());
  }

  pause(): void {
    if (this.state !== 'START') return;
    this.#player?.pause();
    this.setState('PAUSE');
  }

  /** Ends the playing; the next `play` begins at the start. */
  stop(): void {
    this.#end();
  }

  protected override async onRelease(): Promise<void> {
    await super.onRelease();
    this.#end();
    await Promise.all(this.#ending);
  }

  #end(): void {
    const player = this.#player;
    this.#opening?.abort();
    this.#opening = undefined;
    this.#player = undefined;
    this.setState('STOP');
    if (player) this.#keep(player.close());
  }

  #keep(work: Promise<void>): void {
    const kept = work
      .catch((err: unknown) =>
        this.environment.log.error({ endpoint: this.id, err }, 'ending a player failed'),
      )
      .finally(() => this.#ending.delete(kept));
    this.#ending.add(kept);
  }

  async #open(): Promise<void> {
    const opening = new AbortController();
    this.#opening = opening;
    let media: Playable;
    try {
      media = await openMedia(this.uri, this.environment, opening.signal);
    } catch (error) {
      if (!opening.signal.aborted) this.#refuse(error);
      return;
    }
    if (opening.signal.aborted) {
      await media.close();
      return;
    }
    this.#media = media;
    for (const [kind, track] of this.#tracks) track.setCodec(media.codec(kind));
    for (const why of media.unplayable) this.#tell(`'${this.uri}' is played in part only: ${why}`);
    const listener = {
      ended: () => this.#ended(),
      failed: (error: Error) => this.#fail(player, error),
    };
    const player: Player = new Player(media, this.#tracks, listener, this.#networkCache);
    this.#player = player;
    // It may have been paused while the file was opened.
    if (this.state === 'START') player.play();
  }

  #ended(): void {
    for (const track of this.#tracks.values()) track.end();
    this.#end();
    this.emit('EndOfStream', {});
  }

  #fail(player: Player, error: unknown): void {
    if (this.#player === player) this.#refuse(error);
  }

  #refuse(error: unknown): void {
    this.#end();
    this.environment.log.warn({ endpoint: this.id, err: error }, 'playing failed');
    this.emit('Error', { ...playError(error) });
  }

  #tell(description: string): void {
    this.environment.log.warn({ endpoint: this.id }, description);
    this.emit('Error', { ...playError(new Error(description)) });
  }
}
