// A hub whose one source goes to all its ports: those that are there, and those that come later. The source's own port gets it
// back as well; who does not want it there connects nothing behind that port.
import { Hub } from './hub.ts';
import type { HubPort } from './hub-port.ts';
import type { ObjectContext } from './media-object.ts';

export class DispatcherOneToMany extends Hub {
  #source: HubPort | undefined;

  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'DispatcherOneToMany');
  }

  /**
   * From now on all ports get what enters the hub at `source`.
   * @throws KurentoError CONNECT_ERROR when it is a port of another hub
   */
  setSource(source: HubPort): void {
    this.checkPort(source);
    this.#source = source;
    for (const port of this.ports) this.link(source, port);
  }

  /** No port gets anything, until there is a source again. */
  removeSource(): void {
    this.#source = undefined;
    for (const port of this.ports) this.unlink(port);
  }

  override portAdded(port: HubPort): void {
    if (this.#source) this.link(this.#source, port);
  }

  override portGone(port: HubPort): void {
    super.portGone(port);
    if (this.#source === port) this.removeSource();
  }
}
