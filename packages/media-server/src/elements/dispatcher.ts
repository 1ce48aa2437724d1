// A hub that is told which port feeds which. A port may feed many, itself too, and is fed by one.
import { Hub } from './hub.ts';
import type { HubPort } from './hub-port.ts';
import type { ObjectContext } from './media-object.ts';

export class Dispatcher extends Hub {
  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'Dispatcher');
  }

  /**
   * What enters the hub at `source` leaves it at `sink`, instead of what left it there before.
   * @throws KurentoError CONNECT_ERROR when one of them is a port of another hub
   */
  connect(source: HubPort, sink: HubPort): void {
    this.checkPort(source);
    this.checkPort(sink);
    this.link(source, sink);
  }
}
