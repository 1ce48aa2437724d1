// Stands between application server and media server, hands every message of the Kurento Protocol on, and keeps a copy:
// what one asked of the other can be read in a test.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** What was asked, in the words of the protocol. */
export interface Asked {
  /** Such as `create MediaPipeline`, `invoke processOffer`, `subscribe IceCandidateFound`. */
  readonly what: string;
  readonly object: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

export class ControlTap {
  /** In the order of their coming. */
  readonly asked: Asked[] = [];
  /** The names of the events that the media server told. */
  readonly events: string[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
  }

  /** @param target the media server's `ws://…/kurento` */
  static async before(target: string): Promise<ControlTap> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    const tap = new ControlTap(server);
    server.on('connection', (near, { headers: { authorization = '' } }) => {
      const far = new WebSocket(target, { headers: { authorization } });
      const waiting: string[] = [];
      near.on('message', (data: Buffer) => {
        const text = data.toString('utf8');
        tap.#noteAsked(text);
        if (far.readyState === WebSocket.OPEN) far.send(text);
        else waiting.push(text);
      });
      far.on('open', () => waiting.forEach((text) => far.send(text)));
      far.on('message', (data: Buffer) => {
        tap.#noteEvent(data.toString('utf8'));
        near.send(data.toString('utf8'));
      });
      far.on('error', () => near.close());
      far.on('close', () => near.close());
      near.on('close', () => far.close());
    });
    await once(server, 'listening');
    return tap;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/kurento`;
  }

  close(): void {
    for (const client of this.#server.clients) client.close();
    this.#server.close();
  }

  #noteAsked(text: string): void {
    const { method, params = {} } = JSON.parse(text) as { method: string; params?: Record<string, unknown> };
    const detail = params['operation'] ?? params['type'];
    this.asked.push({
      what: typeof detail === 'string' ? `${method} ${detail.replace(/^kurento\./, '')}` : method,
      object: typeof params['object'] === 'string' ? params['object'] : undefined,
      params,
    });
  }

  #noteEvent(text: string): void {
    const { method, params } = JSON.parse(text) as {
      method?: string;
      params?: { value?: { type?: string } };
    };
    if (method === 'onEvent') this.events.push(params?.value?.type ?? '');
  }
}
