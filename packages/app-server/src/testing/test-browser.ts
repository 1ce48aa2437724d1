// A browser's end of the signalling, typed, with everything it was told. For tests only.
import { once } from 'node:events';
import {
  JsonRpcError,
  JsonRpcPeer,
  notifications,
  requests,
  type NotificationName,
  type NotificationParams,
  type RequestName,
  type RequestParams,
  type RequestResult,
} from '@parley/protocol';
import { WebSocket, type ClientOptions } from 'ws';

export interface Told {
  name: NotificationName;
  params: unknown;
}

export class TestBrowser {
  readonly socket: WebSocket;
  /** Everything the server said unasked, in order. */
  readonly told: Told[] = [];
  /** Every text that came, in order. */
  readonly received: string[] = [];
  readonly #peer: JsonRpcPeer;
  readonly #watchers = new Set<() => void>();

  /** @param url of the application server, `http://…` */
  static async connect(url: string, options: ClientOptions = {}): Promise<TestBrowser> {
    const browser = new TestBrowser(new WebSocket(`${url.replace('http', 'ws')}/ws`, options));
    await once(browser.socket, 'open');
    return browser;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#peer = new JsonRpcPeer({
      send: (text) => socket.send(text),
      onNotification: (method, params) => {
        const name = method as NotificationName;
        // What does not fit the protocol fails the test at the one who waits for it.
        this.told.push({ name, params: notifications[name].parse(params) });
      },
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('utf8');
      this.received.push(text);
      this.#peer.handleText(text);
      for (const look of [...this.#watchers]) look();
    });
    socket.on('close', () => this.#peer.close('closed'));
  }

  async request<Name extends RequestName>(
    name: Name,
    params: NoInfer<RequestParams<Name>>,
  ): Promise<RequestResult<Name>> {
    const result = await this.#peer.request(name, params);
    return requests[name].result.parse(result) as RequestResult<Name>;
  }

  /** The reason of the refusal that the request must get. */
  async refused(name: RequestName, params: unknown): Promise<string> {
    try {
      await this.#peer.request(name, params);
    } catch (error) {
      if (error instanceof JsonRpcError) return (error.data as { reason: string }).reason;
      throw error;
    }
    throw new Error(`${name} was not refused`);
  }

  toldOf<Name extends NotificationName>(name: Name): NotificationParams<Name>[] {
    return this.told
      .filter((one) => one.name === name)
      .map(({ params }) => params as NotificationParams<Name>);
  }

  /** Resolves with the n-th notification of this name (from 1), which may have come already. */
  async hears<Name extends NotificationName>(name: Name, n = 1): Promise<NotificationParams<Name>> {
    await this.until(() => this.toldOf(name).length >= n);
    return this.toldOf(name)[n - 1];
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
