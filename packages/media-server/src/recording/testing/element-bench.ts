// For tests: the surroundings of recorder and player endpoints, with a data folder of their own.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { vi } from 'vitest';
import type { MediaObject, ObjectContext, ObjectEvent } from '../../elements/media-object.ts';
import { MediaPipeline } from '../../elements/media-pipeline.ts';
import type { Environment } from '../../environment.ts';
import { FileStore } from '../../file-store.ts';
import { HttpIntake } from '../../intake/http-intake.ts';
import type { MediaReader } from '../../playing/reading/media-readers.ts';
import { IN_PLACE } from '../../playing/testing/in-place.ts';
import { Ticker } from '../../ticker.ts';

const log = pino({ level: 'silent' });

export class ElementBench {
  readonly base = mkdtempSync(join(tmpdir(), 'parley-elements-'));
  readonly data = join(this.base, 'data');
  readonly events: ObjectEvent[] = [];
  readonly #readers: MediaReader;
  readonly #ticker = new Ticker({
    onFault: (error) => {
      throw error;
    },
  });
  readonly #intake = new HttpIntake({ host: '127.0.0.1', port: 0, announcedHost: '127.0.0.1', log });
  readonly #pipeline: MediaPipeline;

  /** Media is read here unless it is said who reads it: a process for each player takes its time to start. */
  constructor(readers: MediaReader = IN_PLACE) {
    this.#readers = readers;
    mkdirSync(this.data);
    this.#pipeline = new MediaPipeline(this.#context('pipeline', undefined), {});
  }

  make<T extends MediaObject>(
    type: new (context: ObjectContext, params: Record<string, unknown>) => T,
    params: object,
  ): T {
    const object = new type(this.#context(type.name, this.#pipeline), { ...params });
    object.attach();
    return object;
  }

  /** Names of the events so far, states and errors with their value; media flow and connections left out. */
  log(): string[] {
    return this.events
      .filter(({ type }) => !/^(Media|Element)/.test(type))
      .map(({ type, data }) => {
        if (type === 'UriEndpointStateChanged') return String(data.state);
        return type === 'Error' ? `Error ${String(data.type)}: ${String(data.description)}` : type;
      });
  }

  async saw(event: string | RegExp): Promise<void> {
    const matches = (line: string): boolean =>
      typeof event === 'string' ? line === event : event.test(line);
    await vi.waitFor(
      () => {
        if (!this.log().some(matches)) throw new Error(`No ${String(event)} among ${this.log().join(', ')}`);
      },
      { timeout: 30_000, interval: 5 },
    );
  }

  async close(): Promise<void> {
    await this.#pipeline.release();
    await this.#intake.close();
    this.#ticker.close();
    rmSync(this.base, { recursive: true });
  }

  #context(id: string, parent: MediaObject | undefined): ObjectContext {
    const environment: Pick<Environment, 'log' | 'ticker' | 'files' | 'httpSources' | 'intake' | 'readers'> =
      {
        log,
        ticker: this.#ticker,
        files: new FileStore(this.data),
        httpSources: 'any',
        intake: this.#intake,
        readers: this.#readers,
      };
    return {
      id,
      parent,
      // Recorders and players have no transport.
      environment: environment as Environment,
      publish: (event) => this.events.push(event),
      released: () => undefined,
    };
  }
}
