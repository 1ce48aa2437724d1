// For tests: a server on a free port whose endpoints move no media, and a client that shows every frame as it is.
import { once } from 'node:events';
import { KurentoError } from '@parley/protocol';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { BaseRtpEndpoint } from '../elements/base-rtp-endpoint.ts';
import type { ObjectContext } from '../elements/media-object.ts';
import { MediaPipeline } from '../elements/media-pipeline.ts';
import type { Environment } from '../environment.ts';
import { Ticker } from '../ticker.ts';
import {
  startKurentoServer,
  type KurentoServerOptions,
  type RunningKurentoServer,
} from './websocket-server.ts';

/** Stands for WebRtcEndpoint: negotiates by word only. */
export class FakeEndpoint extends BaseRtpEndpoint {
  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'WebRtcEndpoint');
  }

  override source(): undefined {
    return undefined;
  }

  override sink(): undefined {
    return undefined;
  }

  gatherCandidates(): void {
    this.emit('IceCandidateFound', {
      candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 },
    });
    this.emit('IceGatheringDone', {});
  }

  addIceCandidate(_candidate: unknown): void {
    this.flowOut('video').packet();
  }

  protected override negotiate(offer: string): string {
    if (!offer.startsWith('v=0')) throw new KurentoError('SDP_PARSE_ERROR', 'not an SDP');
    return 'v=0 answer';
  }

  protected override makeOffer(): string {
    return 'v=0 offer';
  }

  protected override acceptAnswer(): void {
    return undefined;
  }
}

export interface TestServer extends RunningKurentoServer {
  /** Every line that the server logged, parsed. */
  readonly logged: Record<string, unknown>[];
}

export async function startTestServer(options: Partial<KurentoServerOptions> = {}): Promise<TestServer> {
  const logged: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => logged.push(JSON.parse(line) as Record<string, unknown>) });
  const environment = {
    log,
    ticker: new Ticker({
      onFault: (error) => {
        throw error;
      },
    }),
  } as unknown as Environment;
  const factory = { MediaPipeline, WebRtcEndpoint: FakeEndpoint };
  const server = await startKurentoServer({
    host: '127.0.0.1',
    port: 0,
    environment,
    factory,
    ...options,
  });
  return { ...server, logged };
}

export interface Answer {
  jsonrpc: string;
  id: unknown;
  result: { value?: unknown; sessionId?: string; [field: string]: unknown };
  error: { code: number; message: string; data?: unknown };
}

export interface TestEvent {
  object: string;
  type: string;
  data: Record<string, unknown>;
}

export class TestClient {
  readonly socket: WebSocket;
  readonly events: TestEvent[] = [];
  readonly #answers: Answer[] = [];
  readonly #waiting: (() => void)[] = [];
  #nextId = 1000;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) =>
      this.#take(JSON.parse((data as Buffer).toString()) as Record<string, unknown>),
    );
  }

  static async open(port: number, path = '/kurento'): Promise<TestClient> {
    const client = new TestClient(new WebSocket(`ws://127.0.0.1:${port}${path}`));
    await once(client.socket, 'open');
    return client;
  }

  /** Sends a request with an id of its own and gives the whole answer. */
  async call(method: string, params?: Record<string, unknown>): Promise<Answer> {
    const id = this.#nextId++;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.answer((answer) => answer.id === id);
  }

  /** As `call`, for what must succeed: gives the result's value. */
  async value(method: string, params?: Record<string, unknown>): Promise<string> {
    const answer = await this.call(method, params);
    if (answer.error) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
    return answer.result.value as string;
  }

  invoke(object: string, operation: string, operationParams?: Record<string, unknown>): Promise<Answer> {
    return this.call('invoke', { object, operation, operationParams });
  }

  pipeline(): Promise<string> {
    return this.value('create', { type: 'MediaPipeline' });
  }

  endpoint(mediaPipeline: string): Promise<string> {
    return this.value('create', { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline } });
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first answer, received or to come, that fits. It is given once. */
  async answer(fits: (answer: Answer) => boolean = () => true): Promise<Answer> {
    for (;;) {
      const index = this.#answers.findIndex(fits);
      if (index >= 0) return this.#answers.splice(index, 1)[0];
      await this.#change();
    }
  }

  async event(fits: (event: TestEvent) => boolean): Promise<TestEvent> {
    for (;;) {
      const found = this.events.find(fits);
      if (found) return found;
      await this.#change();
    }
  }

  /** Drops the connection without a word, as a crash does, and waits until it is gone. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await once(this.socket, 'close');
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(message: Record<string, unknown>): void {
    if (message.method === 'onEvent') this.events.push((message.params as { value: TestEvent }).value);
    else this.#answers.push(message as unknown as Answer);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
