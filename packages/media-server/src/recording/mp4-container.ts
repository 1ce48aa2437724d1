// One fragmented MP4 file being written: it grows by whole fragments of about half a second and is playable up to the
// last of them at any moment. No track waits for another, nor for a key frame. The bytes are made in mp4-fragment.ts.
import type { MediaKind } from '../forwarding/track.ts';
import type { ByteSink } from './byte-sink.ts';
import type { Container, ContainerFrame, FileTracks } from './container.ts';
import { mp4Fragment, mp4Start, type Mp4Start, type Mp4Track, type TrackFragment } from './mp4-fragment.ts';

/** How much goes into one fragment, in ms: what a kill costs at most, against some 100 bytes for each. */
const FRAGMENT_MS = 500;

/** A fragment ends earlier with this many bytes. */
const MAX_FRAGMENT_BYTES = 4 * 1024 * 1024;

/** Of a picture that has no next one, in ms. */
const LAST_DURATION_MS = 40;

export class Mp4Container implements Container {
  readonly #sink: ByteSink;
  readonly #start: Promise<Mp4Start>;
  /** Frames in their order; the last of a kind stays until the next one tells how long it lasts. */
  readonly #waiting = new Map<MediaKind, ContainerFrame[]>();
  #waitingBytes = 0;
  #waitingSince: number | undefined;
  #fragments = 0;
  /** Ends of the writes so far, in their order; rejects for good after the first that failed. */
  #writing: Promise<void>;

  /** Writes to `sink`, which belongs to the container from now on. */
  constructor(sink: ByteSink, tracks: FileTracks) {
    this.#sink = sink;
    this.#start = mp4Start(tracks);
    this.#writing = this.#start.then(({ bytes }) => sink.write(bytes));
    // Told by the first `write`.
    this.#writing.catch(() => undefined);
  }

  write(frame: ContainerFrame): Promise<void> {
    this.#waitingSince ??= frame.at;
    const frames = this.#waiting.get(frame.kind) ?? [];
    frames.push(frame);
    this.#waiting.set(frame.kind, frames);
    this.#waitingBytes += frame.data.length;
    const isFull = frame.at - this.#waitingSince >= FRAGMENT_MS || this.#waitingBytes >= MAX_FRAGMENT_BYTES;
    return isFull ? this.#writeFragment([...this.#waiting.keys()], 1) : this.#writing;
  }

  flushVideo(): Promise<void> {
    return this.#writeFragment(['video'], 0);
  }

  async close(complete: boolean): Promise<void> {
    let written = false;
    try {
      if (complete) await this.#writeFragment([...this.#waiting.keys()], 0);
      written = complete;
    } finally {
      await this.#sink.close(written);
    }
  }

  /** Takes what waits, but for the last `kept` frames of each kind. */
  #writeFragment(kinds: readonly MediaKind[], kept: 0 | 1): Promise<void> {
    const taken = new Map<MediaKind, ContainerFrame[]>();
    for (const kind of kinds) {
      const frames = this.#waiting.get(kind) ?? [];
      if (frames.length <= kept) continue;
      taken.set(kind, frames);
      this.#waiting.set(kind, kept ? frames.slice(-kept) : []);
    }
    if (taken.size === 0) return this.#writing;
    const left = [...this.#waiting.values()].flat();
    this.#waitingBytes = left.reduce((bytes, { data }) => bytes + data.length, 0);
    this.#waitingSince = left.length > 0 ? Math.max(...left.map(({ at }) => at)) : undefined;
    const sequence = ++this.#fragments;
    this.#writing = this.#writing.then(async () => {
      const { tracks } = await this.#start;
      const fragments = [...taken].flatMap(([kind, frames]) => {
        const track = tracks.get(kind);
        return track ? [trackFragment(track, frames, kept)] : [];
      });
      await this.#sink.write(mp4Fragment(sequence, fragments));
    });
    this.#writing.catch(() => undefined);
    return this.#writing;
  }
}

/** Places are rounded, not durations, so that no error adds up. */
function trackFragment(
  { id, timescale }: Mp4Track,
  frames: readonly ContainerFrame[],
  kept: 0 | 1,
): TrackFragment {
  const places = frames.map(({ at }) => Math.round((at * timescale) / 1000));
  const samples = frames.slice(0, frames.length - kept).map(({ data, isKey, duration }, index) => {
    const isLast = index === frames.length - 1;
    const last = Math.round(((duration || LAST_DURATION_MS) * timescale) / 1000);
    return { data, isKey, duration: isLast ? last : places[index + 1] - places[index] };
  });
  return { id, start: places[0], samples };
}
