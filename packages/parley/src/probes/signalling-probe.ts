// A signalling connection of somebody who has no room: enough to run the audio/video test, by which one is told the ICE
// servers and gets a real endpoint on the media server.
import { once } from 'node:events';
import {
  JsonRpcPeer,
  notifications,
  requests,
  type IceServer,
  type RequestName,
  type RequestParams,
  type RequestResult,
  type TestingProgram,
} from '@parley/protocol';
import { WebSocket } from 'ws';

const OPEN_TIMEOUT_MS = 5_000;

export class SignallingProbe {
  readonly #socket: WebSocket;
  readonly #peer: JsonRpcPeer;
  /** Candidates that the media server told after its answer, as they stand in SDP without `a=`. */
  readonly candidates: string[] = [];

  /**
   * @param url of the page, `http://…` or `https://…`; its certificate is not judged here
   * @throws Error when the server is not reached or does not let us in
   */
  static async open(url: string): Promise<SignallingProbe> {
    const socket = new WebSocket(new URL('/ws', url.replace(/^http/i, 'ws')), {
      rejectUnauthorized: false,
      handshakeTimeout: OPEN_TIMEOUT_MS,
    });
    const probe = new SignallingProbe(socket);
    await once(socket, 'open');
    return probe;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#peer = new JsonRpcPeer({
      send: (text) => socket.send(text),
      onNotification: (method, params) => {
        if (method !== 'candidate') return;
        const told = notifications.candidate.safeParse(params);
        if (told.success) this.candidates.push(told.data.candidate.candidate);
      },
    });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString('utf8')));
    socket.on('close', () => this.#peer.close('the connection was closed'));
    // Told by `open` while it is opened, and by `close` after that.
    socket.on('error', () => this.#peer.close('the connection failed'));
  }

  /** @throws JsonRpcError, NoAnswerError, or ZodError when the answer is not what the protocol says */
  async request<Name extends RequestName>(
    name: Name,
    params: NoInfer<RequestParams<Name>>,
  ): Promise<RequestResult<Name>> {
    const result = await this.#peer.request(name, params);
    return requests[name].result.parse(result) as RequestResult<Name>;
  }

  /** What browsers are told of TURN and STUN servers, with credentials of our own. @throws as `request` */
  async iceServers(by: TestingProgram): Promise<IceServer[]> {
    return (await this.request('requestTest', { by })).iceServers;
  }

  /** Idempotent; the server ends whatever was begun. */
  close(): void {
    this.#peer.close('closed');
    this.#socket.terminate();
  }
}
