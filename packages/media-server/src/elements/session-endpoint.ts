// An endpoint that negotiates a media session with somebody outside. Tells when the session stands, not when media flows.
import { Endpoint } from './endpoint.ts';

export abstract class SessionEndpoint extends Endpoint {
  protected emitSessionStarted(): void {
    this.emit('MediaSessionStarted', {});
  }
}
