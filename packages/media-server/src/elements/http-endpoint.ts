// An endpoint that is reached by HTTP, at an address of its own.
import type { IntakeAddress, PostReceiver } from '../intake/http-intake.ts';
import type { ObjectContext } from './media-object.ts';
import { SessionEndpoint } from './session-endpoint.ts';

export abstract class HttpEndpoint extends SessionEndpoint {
  readonly #address: IntakeAddress;

  constructor(context: ObjectContext, className: string, receive: PostReceiver) {
    super(context, className);
    this.#address = this.environment.intake.open(receive);
  }

  /**
   * Where media is posted to.
   * @throws KurentoError HTTP_END_POINT_REGISTRATION_ERROR when the server cannot listen
   */
  getUrl(): Promise<string> {
    return this.#address.url();
  }

  protected override async onRelease(): Promise<void> {
    await super.onRelease();
    await this.#address.close();
  }
}
