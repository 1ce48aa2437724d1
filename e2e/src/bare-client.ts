// A client without a page: says to the application server what no page of ours would.
import { once } from 'node:events';
import { JsonRpcPeer, type RequestName } from '@parley/protocol';
import { WebSocket, type ClientOptions } from 'ws';

export class BareClient {
  readonly #socket: WebSocket;
  readonly #peer: JsonRpcPeer;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#peer = new JsonRpcPeer({ send: (text) => socket.send(text) });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString('utf8')));
    socket.on('close', () => this.#peer.close('the connection was closed'));
  }

  /** @param server base URL; its own page is where the client says it is from, unless the options say otherwise */
  static async connect(server: string, options: ClientOptions = {}): Promise<BareClient> {
    const socket = new WebSocket(`${server.replace('http', 'ws')}/ws`, { origin: server, ...options });
    await once(socket, 'open');
    return new BareClient(socket);
  }

  /** @throws JsonRpcError when it is refused; `data.reason` says why */
  ask(method: RequestName, params: object): Promise<unknown> {
    return this.#peer.request(method, params);
  }

  close(): void {
    this.#socket.close();
  }
}
