// Plays what is posted to it into the pipeline, as it comes: WebM from a page that records, or any file that PlayerEndpoint
// plays. One post at a time; several in a row are one session as long as the pauses are short.
import type { MediaKind, MediaSource } from '../forwarding/track.ts';
import type { Post } from '../intake/post.ts';
import { openBytes } from '../playing/open-bytes.ts';
import { playError } from '../playing/play-error.ts';
import { PlayedTrack } from '../playing/played-track.ts';
import { Player, type Playable } from '../playing/player.ts';
import { streamBytes } from '../playing/stream-bytes.ts';
import { HttpEndpoint } from './http-endpoint.ts';
import type { ObjectContext } from './media-object.ts';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** A timer of Node.js knows no more, and takes more for nothing at all; in ms, 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A post in progress. */
interface Intake {
  readonly post: Post;
  /** Aborted when it is closed. */
  readonly leaving: AbortController;
  player: Player | undefined;
  /** All of its bytes are here. */
  complete: boolean;
  closed: boolean;
}

export class HttpPostEndpoint extends HttpEndpoint {
  readonly #tracks: ReadonlyMap<MediaKind, PlayedTrack>;
  readonly #disconnectionTimeoutMs: number;
  #intake: Intake | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ending = new Set<Promise<void>>();

  /**
   * `params`: `disconnectionTimeout` (s): how long after the end of a post the session waits for the next one.
   * `useEncodedMedia` makes no difference: media is always played as it is encoded.
   */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'HttpPostEndpoint', (post) => this.#receive(post));
    const timeoutMs = 1000 * Number(params.disconnectionTimeout ?? 0);
    this.#disconnectionTimeoutMs = Math.min(Math.max(0, timeoutMs), LONGEST_TIMER_MS);
    this.#tracks = new Map(KINDS.map((kind) => [kind, new PlayedTrack(kind, this.flowOut(kind))]));
  }

  source(kind: MediaKind): MediaSource | undefined {
    return this.#tracks.get(kind);
  }

  sink(): undefined {
    return undefined;
  }

  protected override async onRelease(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#intake) this.#close(this.#intake);
    await super.onRelease();
    await Promise.all(this.#ending);
  }

  #receive(post: Post): void {
    if (this.isReleased) {
      post.answer(404, 'There is nobody to take media at this address any more');
      return;
    }
    if (this.#intake) {
      post.answer(409, 'Media is being posted here already');
      return;
    }
    clearTimeout(this.#timer);
    if (!this.hasHadSession || this.sessionIsOver) this.emitSessionStarted();
    const leaving = new AbortController();
    const intake: Intake = { post, leaving, player: undefined, complete: false, closed: false };
    this.#intake = intake;
    this.#keep(this.#play(intake));
  }

  async #play(intake: Intake): Promise<void> {
    let media: Playable;
    try {
      const chunks = this.#media(intake);
      const bytes = await streamBytes({ chunks, name: 'What was posted', close: () => undefined });
      media = await openBytes(bytes, this.environment.readers, intake.leaving.signal);
    } catch (error) {
      this.#fail(intake, error);
      return;
    }
    if (intake.closed) {
      await media.close();
      return;
    }
    for (const [kind, track] of this.#tracks) track.setCodec(media.codec(kind));
    for (const why of media.unplayable)
      this.#tell(new Error(`What was posted is played in part only: ${why}`));
    const player = new Player(media, this.#tracks, {
      ended: () => this.#ended(intake),
      failed: (error) => this.#fail(intake, error),
    });
    intake.player = player;
    if (intake.complete) intake.post.answer(200);
    player.play();
  }

  /**
   * The bytes of the post. The next piece is always asked for already: who reads a file stops at its last frame, and the
   * client is to be told that all was taken.
   */
  async *#media(intake: Intake): AsyncGenerator<Buffer, void, undefined> {
    const pieces = intake.post.media();
    const ask = (): Promise<IteratorResult<Buffer, void>> => {
      const next = pieces.next();
      next.then(
        ({ done }) => done && this.#taken(intake),
        // Told to whoever awaits the piece.
        () => undefined,
      );
      return next;
    };
    for (let next = ask(); ;) {
      const { value, done } = await next;
      if (done) return;
      next = ask();
      yield value;
    }
  }

  /** Unless it is not yet known what it is. */
  #taken(intake: Intake): void {
    intake.complete = true;
    if (intake.player) intake.post.answer(200);
  }

  #ended(intake: Intake): void {
    if (intake.closed) return;
    for (const track of this.#tracks.values()) track.end();
    intake.post.answer(200);
    this.#close(intake);
    this.emit('EndOfStream', {});
    this.#awaitNext();
  }

  #fail(intake: Intake, error: unknown): void {
    if (intake.closed) return;
    this.#tell(error);
    intake.post.answer(415, playError(error).description);
    this.#close(intake);
    this.#awaitNext();
  }

  #tell(error: unknown): void {
    this.environment.log.warn({ endpoint: this.id, err: error }, 'playing what was posted failed');
    this.emit('Error', { ...playError(error) });
  }

  #close(intake: Intake): void {
    intake.closed = true;
    intake.leaving.abort();
    this.#intake = undefined;
    intake.post.close();
    if (intake.player) this.#keep(intake.player.close());
  }

  #awaitNext(): void {
    if (this.isReleased) return;
    this.#timer = setTimeout(() => this.emitSessionTerminated(), this.#disconnectionTimeoutMs);
  }

  #keep(work: Promise<void>): void {
    const kept = work
      .catch((err: unknown) => this.environment.log.error({ endpoint: this.id, err }, 'ending a post failed'))
      .finally(() => this.#ending.delete(kept));
    this.#ending.add(kept);
  }
}
