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
  readonly #refused = new Set<string>();

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
        const { what } = tap.#noteAsked(text);
        if (tap.#refused.has(what)) near.send(refusalOf(text));
        else if (far.readyState === WebSocket.OPEN) far.send(text);
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

  /** From now on the media server seems to refuse this, in the words of `Asked.what`. */
  refuse(what: string): void {
    this.#refused.add(what);
  }

  allowAll(): void {
    this.#refused.clear();
  }

  close(): void {
    for (const client of this.#server.clients) client.close();
    this.#server.close();
  }

  #noteAsked(text: string): Asked {
    const { method, params = {} } = JSON.parse(text) as { method: string; params?: Record<string, unknown> };
    const detail = params['operation'] ?? params['type'];
    const asked = {
      what: typeof detail === 'string' ? `${method} ${detail.replace(/^kurento\./, '')}` : method,
      object: typeof params['object'] === 'string' ? params['object'] : undefined,
      params,
    };
    this.asked.push(asked);
    return asked;
  }

  #noteEvent(text: string): void {
    const { method, params } = JSON.parse(text) as {
      method?: string;
      params?: { value?: { type?: string } };
    };
    if (method === 'onEvent') this.events.push(params?.value?.type ?? '');
  }
}

/** The original's error for an object that cannot be made (kurento.md, table of codes). */
function refusalOf(text: string): string {
  const { id } = JSON.parse(text) as { id: unknown };
  const error = {
    code: 40101,
    message: 'refused by the test',
    data: { type: 'MEDIA_OBJECT_CONSTRUCTOR_NOT_FOUND' },
  };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
