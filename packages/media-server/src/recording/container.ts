// What the two file formats have in common towards a recording: frames with a place go in, bytes come out at a ByteSink.
import type { MediaKind } from '../forwarding/track.ts';
import type { AudioSettings, VideoSettings } from './track-settings.ts';

export interface FileTracks {
  readonly audio: AudioSettings | undefined;
  readonly video: VideoSettings | undefined;
}

export interface ContainerFrame {
  readonly kind: MediaKind;
  /** As the container holds it: H.264 with lengths instead of start codes. */
  readonly data: Uint8Array;
  readonly isKey: boolean;
  /** Place from the start, in ms; later than that of the last frame of its kind. */
  readonly at: number;
  /** In ms; 0: until the next one. */
  readonly duration: number;
}

export interface Container {
  /** Resolves when the frame no longer takes memory that grows with what comes. Rejects when it cannot be written. */
  write(frame: ContainerFrame): Promise<void>;
  /**
   * Says that no picture comes up to `at` (ms), so that the sound does not wait for it. `isFirst`: none came yet. Absent
   * where nothing waits.
   */
  skipVideo?(at: number, isFirst: boolean): Promise<void>;
  /** Writes the pictures that wait for the next one: it does not come soon. Absent where none waits. */
  flushVideo?(): Promise<void>;
  /** Writes the end and closes the sink. `complete`: false after a failure. */
  close(complete: boolean): Promise<void>;
}
