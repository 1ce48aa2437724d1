// An endpoint that reads or writes something named by a URI, and is stopped, started or paused.
import { Endpoint } from './endpoint.ts';
import type { ObjectContext } from './media-object.ts';

export type UriEndpointState = 'STOP' | 'START' | 'PAUSE';

export abstract class UriEndpoint extends Endpoint {
  readonly uri: string;
  #state: UriEndpointState = 'STOP';

  constructor(context: ObjectContext, className: string, uri: string) {
    super(context, className);
    this.uri = uri;
  }

  abstract pause(): void | Promise<void>;
  abstract stop(): void | Promise<void>;

  get state(): UriEndpointState {
    return this.#state;
  }

  /** Tells subscribers when it is a change. */
  protected setState(state: UriEndpointState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('UriEndpointStateChanged', { state });
  }
}
