// An endpoint that negotiates a media session with somebody outside. Tells when the session stands, not when media flows,
// and when it is over.
import { Endpoint } from './endpoint.ts';

export abstract class SessionEndpoint extends Endpoint {
  #stands = false;
  #stood = false;

  /** Whether there was one that is over. */
  protected get sessionIsOver(): boolean {
    return this.#stood && !this.#stands;
  }

  /** Whether there is a session, or was one. */
  protected get hasHadSession(): boolean {
    return this.#stood;
  }

  protected emitSessionStarted(): void {
    this.#stands = true;
    this.#stood = true;
    this.emit('MediaSessionStarted', {});
  }

  /** The session is over, whoever has ended it. Told once for each that was started. */
  protected emitSessionTerminated(): void {
    if (!this.#stands) return;
    this.#stands = false;
    this.emit('MediaSessionTerminated', {});
  }

  protected override onRelease(): void | Promise<void> {
    const released = super.onRelease();
    this.emitSessionTerminated();
    return released;
  }
}
