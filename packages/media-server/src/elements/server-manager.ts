// The one object that exists from the start: describes the server and tells of objects that come and go.
import { cpus } from 'node:os';
import { kmdOf, KurentoError } from '@parley/protocol';
import { measureCpu } from './cpu-usage.ts';
import { MediaObject, type ObjectContext } from './media-object.ts';

export const SERVER_MANAGER_ID = 'manager_ServerManager';

/**
 * The requests of a connection are answered in order, so a measurement holds up those behind it. The original advises 1 to 10 s;
 * whoever wants an average over a longer time asks again.
 */
const LONGEST_CPU_INTERVAL_MS = 10_000;

export interface ServerInfo {
  readonly version: string;
  readonly modules: readonly {
    readonly version: string;
    readonly name: string;
    readonly generationTime: string;
    readonly factories: readonly string[];
  }[];
  readonly type: 'KMS';
  readonly capabilities: readonly string[];
}

/** What the manager reports of, asked for when a client asks. */
export interface ServerState {
  readonly info: ServerInfo;
  pipelines(): MediaObject[];
  sessions(): string[];
}

export class ServerManager extends MediaObject {
  /** Always empty, as at the original. */
  readonly metadata = '';
  readonly #state: ServerState;

  constructor(context: ObjectContext, state: ServerState) {
    super(context, 'ServerManager');
    this.#state = state;
  }

  get info(): ServerInfo {
    return this.#state.info;
  }

  get pipelines(): MediaObject[] {
    return this.#state.pipelines();
  }

  get sessions(): string[] {
    return this.#state.sessions();
  }

  /**
   * The description of a module as JSON text, in the form of the original's `*.kmd.json`.
   * @throws KurentoError SERVER_MANAGER_ERROR_KMD_NOT_FOUND
   */
  getKmd(moduleName: string): string {
    const version = this.info.modules.find(({ name }) => name === moduleName)?.version;
    const kmd = kmdOf(moduleName, version);
    if (!kmd)
      throw new KurentoError('SERVER_MANAGER_ERROR_KMD_NOT_FOUND', `There is no module '${moduleName}' here`);
    return JSON.stringify(kmd);
  }

  /**
   * What the process uses of all processors, in percent of them, measured over the next `interval` ms (10 s at most).
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR when the interval is no time at all
   */
  async getUsedCpu(interval: number): Promise<number> {
    if (interval <= 0)
      throw new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', 'The interval must be longer than 0 ms');
    return measureCpu(Math.min(interval, LONGEST_CPU_INTERVAL_MS));
  }

  getCpuCount(): number {
    return cpus().length;
  }

  /** In KiB: what the process holds of the machine's memory. */
  getUsedMemory(): number {
    return Math.round(process.memoryUsage.rss() / 1024);
  }

  objectCreated(object: MediaObject): void {
    this.emit('ObjectCreated', { object });
  }

  objectDestroyed(object: MediaObject): void {
    this.emit('ObjectDestroyed', { objectId: object.id });
  }
}
