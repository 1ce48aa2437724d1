// Just enough of a Kurento client to set sessions up.
import { JsonRpcPeer } from '@parley/protocol';
import { WebSocket } from 'ws';
import { z } from 'zod';

const StringResult = z.object({ value: z.string() });

export class KurentoSession {
  readonly #socket: WebSocket;
  readonly #peer: JsonRpcPeer;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#peer = new JsonRpcPeer({ send: (text) => socket.send(text) });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString()));
    socket.on('close', () => this.#peer.close('connection closed'));
  }

  static connect(url: string): Promise<KurentoSession> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new KurentoSession(socket)));
      socket.once('error', reject);
    });
  }

  async create(type: string, constructorParams: Record<string, unknown>): Promise<string> {
    return StringResult.parse(await this.#peer.request('create', { type, constructorParams })).value;
  }

  async invoke(
    object: string,
    operation: string,
    operationParams: Record<string, unknown>,
  ): Promise<unknown> {
    return this.#peer.request('invoke', { object, operation, operationParams });
  }

  /** Gives the answer to `offer`. */
  async negotiate(endpoint: string, offer: string): Promise<string> {
    return StringResult.parse(await this.invoke(endpoint, 'processOffer', { offer })).value;
  }

  async release(object: string): Promise<void> {
    await this.#peer.request('release', { object });
  }

  close(): void {
    this.#socket.close();
  }
}
