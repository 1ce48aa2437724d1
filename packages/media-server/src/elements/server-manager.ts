// The one object that exists from the start: describes the server and tells of objects that come and go.
import { cpus } from 'node:os';
import { MediaObject, type ObjectContext } from './media-object.ts';

export const SERVER_MANAGER_ID = 'manager_ServerManager';

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
