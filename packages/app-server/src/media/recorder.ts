// One RecorderEndpoint, added to a running source and taken away again. Knows files by their URI only.
import type { Logger } from 'pino';
import { MediaServerError } from '../kurento/errors.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import { createTagged, releaseLogged, type Tags } from './tagged.ts';

export interface RecorderOptions {
  mediaServer: MediaServer;
  pipeline: string;
  /** The element whose media is recorded. */
  source: string;
  /** `file://…`: where the media server writes. */
  uri: string;
  audio: boolean;
  video: boolean;
  tags: Tags;
  log: Logger;
  /** Media reached the file; at most once, `at` in ms since 1970. */
  onRecording(at: number): void;
  /** The file is complete, or nothing will be added to it any more; at most once, after `start` only. */
  onStopped(at: number): void;
  /** The media server reports that the recording failed, after it was started. */
  onError(message: string): void;
}

/** How long the file may take to be completed, in ms. Kurento itself gives up waiting after 4 s. */
const STOP_DEADLINE_MS = 5_000;

/** What is needed of a recorder that is there already. */
export type AdoptOptions = Pick<
  RecorderOptions,
  'mediaServer' | 'log' | 'onRecording' | 'onStopped' | 'onError'
>;

export class Recorder {
  readonly #options: AdoptOptions;
  /** Its id on the media server. */
  readonly element: string;
  #recording = false;
  #stopped = false;
  #stopping: Promise<boolean> | undefined;

  /**
   * Adds a recorder to the source. On failure the source is as it was.
   * @throws MediaServerError
   */
  static async start(options: RecorderOptions): Promise<Recorder> {
    const { mediaServer, pipeline, source, uri, tags, log } = options;
    const params = {
      mediaPipeline: pipeline,
      uri,
      mediaProfile: profileOf(options),
      // When the source ends, the file is completed without being asked.
      stopOnEndOfStream: true,
    };
    const element = await createTagged(mediaServer, 'RecorderEndpoint', params, tags, log);
    const recorder = new Recorder(options, element);
    try {
      await recorder.#subscribe();
      await connectKinds(mediaServer, source, element, options);
      await mediaServer.invoke(element, 'record');
      return recorder;
    } catch (error) {
      await releaseLogged(mediaServer, element, log);
      throw error;
    }
  }

  /**
   * Takes over a recorder that a former life of this server started, and whose media reached the file by then. On failure
   * nothing of it is left; its file is as complete as it was.
   * @throws MediaServerError, such as when there is no such recorder any more, or it records no more
   */
  static async adopt(element: string, options: AdoptOptions): Promise<Recorder> {
    const { mediaServer, log } = options;
    const recorder = new Recorder(options, element);
    recorder.#recording = true;
    try {
      await recorder.#subscribe();
      const state = await mediaServer.invoke(element, 'getState');
      if (state !== 'START')
        throw MediaServerError.refused('adopt', 0, `the recorder is in ${String(state)}`);
      return recorder;
    } catch (error) {
      await releaseLogged(mediaServer, element, log);
      throw error;
    }
  }

  private constructor(options: AdoptOptions, element: string) {
    this.#options = options;
    this.element = element;
  }

  /** Completes the file and takes the recorder away; idempotent. False when it may be incomplete. Never rejects. */
  stop(deadlineMs = STOP_DEADLINE_MS): Promise<boolean> {
    return (this.#stopping ??= this.#stop(deadlineMs));
  }

  async #subscribe(): Promise<void> {
    const { mediaServer, onError } = this.#options;
    await Promise.all([
      mediaServer.subscribe(this.element, 'Recording', () => this.#onRecording()),
      mediaServer.subscribe(this.element, 'Stopped', () => this.#onStopped()),
      mediaServer.subscribe(this.element, 'Error', ({ description }) =>
        onError(typeof description === 'string' ? description : 'the recorder failed'),
      ),
    ]);
  }

  async #stop(deadlineMs: number): Promise<boolean> {
    const { mediaServer, log } = this.#options;
    let complete = false;
    try {
      await mediaServer.invoke(this.element, 'stopAndWait', {}, deadlineMs);
      complete = true;
    } catch (err) {
      log[mediaServer.available ? 'warn' : 'debug'](
        { err },
        'the recorder did not complete its file in time',
      );
    }
    // The event normally came before the answer; where it did not, this is when.
    this.#onStopped();
    await releaseLogged(mediaServer, this.element, log);
    return complete;
  }

  #onRecording(): void {
    if (this.#recording || this.#stopped) return;
    this.#recording = true;
    this.#options.onRecording(Date.now());
  }

  #onStopped(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.onStopped(Date.now());
  }
}

/** A recorder that waits for a kind of media which never comes writes an empty file: the profile names what comes. */
function profileOf({ audio, video }: { audio: boolean; video: boolean }): string {
  return audio && video ? 'WEBM' : video ? 'WEBM_VIDEO_ONLY' : 'WEBM_AUDIO_ONLY';
}

/** Connects the kinds that a source has, and only those. */
export async function connectKinds(
  mediaServer: MediaServer,
  source: string,
  sink: string,
  { audio, video }: { audio: boolean; video: boolean },
): Promise<void> {
  const kinds = [...(audio ? ['AUDIO'] : []), ...(video ? ['VIDEO'] : [])];
  await Promise.all(kinds.map((mediaType) => mediaServer.invoke(source, 'connect', { sink, mediaType })));
}
