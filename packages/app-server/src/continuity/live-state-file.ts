// Keeps the live state in a file of the data folder: written soon after each change, read by the next life of the server,
// and gone after an orderly end. Safe against the death of this process; that of the machine ends the calls anyway.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { LiveState, type HeldRoom } from './live-state.ts';

export interface LiveStateFileOptions {
  /** Absolute path. */
  file: string;
  /** What holds at the moment. */
  rooms: () => HeldRoom[];
  log: Logger;
}

/** How long a change may wait for others to be written with it, in ms. */
const PAUSE_MS = 40;
/** With hundreds of legs the state has megabytes: writing takes this part of the time at most. */
const MAX_SHARE = 0.1;
/** How often it is written without a change, so that its age is known, in ms. */
const ALIVE_MS = 5_000;
/** Nobody waits in a call for longer than this, in ms: the state of a server that has been gone for longer is no use. */
export const MAX_AGE_MS = 60_000;
/** Ids of rooms are the keys to them. */
const MODE = 0o600;

export class LiveStateFile {
  readonly #options: LiveStateFileOptions;
  #phase: 'waiting' | 'open' | 'closed' = 'waiting';
  #pauseMs = PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #alive: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #changedMeanwhile = false;

  constructor(options: LiveStateFileOptions) {
    this.#options = options;
  }

  /**
   * What the former life left; undefined: nothing, or nothing of use.
   * @param now in ms since 1970
   */
  async read(now = Date.now()): Promise<LiveState | undefined> {
    const { file, log } = this.#options;
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (!isMissing(error)) log.warn({ err: error }, 'what ran before cannot be read');
      return undefined;
    }
    try {
      const state = LiveState.parse(JSON.parse(text));
      return now - state.aliveAt <= MAX_AGE_MS ? state : undefined;
    } catch (err) {
      log.warn({ err }, 'what ran before is not understood: calls begin anew');
      return undefined;
    }
  }

  /** Replaces what the former life left, and follows the changes from now on. */
  open(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'open';
    this.#alive = setInterval(() => this.changed(), ALIVE_MS);
    this.changed();
  }

  /** Something of the state has changed. Never throws; does nothing before `open` and after `close`. */
  readonly changed = (): void => {
    if (this.#phase !== 'open') return;
    if (this.#writing) this.#changedMeanwhile = true;
    else this.#timer ??= setTimeout(() => void this.#write(), this.#pauseMs);
  };

  /** An orderly end: nothing goes on after it, so nothing is left. Idempotent. */
  async close(): Promise<void> {
    if (this.#phase !== 'open') return;
    this.#phase = 'closed';
    clearTimeout(this.#timer);
    clearInterval(this.#alive);
    await this.#writing;
    await rm(this.#options.file, { force: true });
  }

  async #write(): Promise<void> {
    this.#timer = undefined;
    const begun = performance.now();
    this.#writing = this.#replace();
    await this.#writing;
    this.#writing = undefined;
    this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - begun) / MAX_SHARE);
    if (!this.#changedMeanwhile) return;
    this.#changedMeanwhile = false;
    this.changed();
  }

  async #replace(): Promise<void> {
    const { file, rooms, log } = this.#options;
    try {
      const state: LiveState = { version: 1, aliveAt: Date.now(), rooms: rooms() };
      await writeFile(`${file}.new`, JSON.stringify(state), { mode: MODE });
      await rename(`${file}.new`, file);
    } catch (err) {
      // The next change tries again; until then a restart finds what was.
      log.warn({ err }, 'what runs could not be written down');
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
