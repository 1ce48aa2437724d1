// How a join stands, by all that can be seen of it from outside: what the server tells, what both screens show.
import { causeTexts, FailureCause } from '@parley/protocol';
import type { Page } from 'playwright-core';
import type { LegLog } from './leg-log.ts';

/** What one screen shows in the tile of somebody. */
interface Shown {
  /** The tile's `data-state`. */
  readonly state: string;
  /** Its words, the name left out. */
  readonly message: string;
  /** Frames of its picture so far. */
  readonly frames: number;
}

export type LegOutcome = 'confirmed' | FailureCause | 'unknown';

export interface Outcome {
  /** The way up of the joiner, and their way down of the host. */
  readonly up: LegOutcome;
  readonly down: LegOutcome;
}

/** Somebody's page, and the name that they joined by: no other in the room has it. */
export interface Named {
  readonly page: Page;
  readonly name: string;
}

/** Looks again and again: confirmed is what the server calls so while the picture moves on the other screen. */
export class OutcomeWatch {
  readonly #joiner: Named;
  readonly #host: Named;
  readonly #log: LegLog;
  #frames = { up: 0, down: 0 };

  constructor(joiner: Named, host: Named, log: LegLog) {
    this.#joiner = joiner;
    this.#host = host;
    this.#log = log;
  }

  async look(): Promise<Outcome> {
    const [own, other, atHost] = await Promise.all([
      shown(this.#joiner.page, this.#joiner.name),
      shown(this.#joiner.page, this.#host.name),
      shown(this.#host.page, this.#joiner.name),
    ]);
    const moves = { up: atHost.frames > this.#frames.up, down: other.frames > this.#frames.down };
    this.#frames = { up: atHost.frames, down: other.frames };
    const { up, down } = this.#log;
    return {
      up: up?.state === 'confirmed' && moves.up ? 'confirmed' : named(own),
      down: down?.state === 'confirmed' && moves.down ? 'confirmed' : named(other),
    };
  }
}

/** The cause that a tile gives as final. */
function named({ state, message }: Shown): LegOutcome {
  if (state !== 'failed') return 'unknown';
  return FailureCause.options.find((cause) => message.startsWith(causeTexts[cause].participant)) ?? 'unknown';
}

/** Nothing, while there is no such tile. */
async function shown(page: Page, name: string): Promise<Shown> {
  return page.evaluate((name) => {
    const tile = document.querySelector(`figure[aria-label="${name}"]`);
    return {
      state: tile?.getAttribute('data-state') ?? '',
      message: tile?.querySelector('.tile-message')?.textContent ?? '',
      frames: tile?.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
    };
  }, name);
}
