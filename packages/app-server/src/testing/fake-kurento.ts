// A media server that moves no media: answers the Kurento Protocol as a script says, and shows what it was asked.
// For tests only.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocketServer, type WebSocket } from 'ws';

type Json = Record<string, unknown>;

export interface FakeObject {
  id: string;
  type: string;
  params: Json;
  tags: Map<string, string>;
}

export interface Call {
  /** `create WebRtcEndpoint`, `subscribe IceCandidateFound`, `processOffer` (an invoke's operation), `release` … */
  name: string;
  object: string | undefined;
  params: Json;
}

const CANDIDATE_LINE = '\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n';

/** Thrown by a script: the answer is this error. */
export class KurentoError extends Error {
  readonly code: number;

  constructor(code: number, message = 'scripted') {
    super(message);
    this.code = code;
  }
}

export class FakeKurento {
  readonly objects = new Map<string, FakeObject>();
  readonly calls: Call[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Called before each request is fulfilled: waits, throws `KurentoError`, or lets it pass. */
  script: (call: Call) => unknown = () => undefined;
  /** Whether `record` writes a file and says `Recording` at once. */
  recordsAtOnce = true;
  answersPings = true;
  /** Whether endpoints that are asked say that they are connected and that media flows. */
  endpointsFlow = false;
  /** Ends connections as soon as they come. */
  refusesConnections = false;
  /** Whether answers have candidates in them at once; `getLocalSessionDescriptor` has them in any case. */
  answerCandidates = false;
  /** Whether it is Parley's media server, or the original, which cannot. */
  restartsIce = true;
  #server: WebSocketServer;
  #port: number;
  #sockets = new Set<WebSocket>();
  #subscriptions = new Map<string, Set<WebSocket>>();
  #watchers = new Set<() => void>();
  #nextId = 1;

  static async listen(): Promise<FakeKurento> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new FakeKurento(server);
  }

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#accept();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/kurento`;
  }

  ofType(type: string): FakeObject[] {
    return [...this.objects.values()].filter((object) => object.type === type);
  }

  callsOf(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  /** Puts an object there that nobody asked for. */
  plant(type: string, tags: Record<string, string>): FakeObject {
    const object = {
      id: `planted-${this.#nextId++}_kurento.${type}`,
      type,
      params: {},
      tags: new Map(Object.entries(tags)),
    };
    this.objects.set(object.id, object);
    return object;
  }

  emit(object: string, type: string, data: Json = {}): void {
    const value = { object, type, data: { source: object, type, timestampMillis: '0', tags: [], ...data } };
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'onEvent', params: { value } });
    for (const socket of this.#subscriptions.get(`${object} ${type}`) ?? []) socket.send(text);
  }

  /** Resolves when the condition holds; looked at after each call and each change. */
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

  /** Makes the next call of this name wait; gives what lets it go on, and when it has come. */
  hold(name: string): { arrived: Promise<void>; release(): void } {
    const former = this.script;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let held = false;
    this.script = async (call) => {
      if (call.name === name && !held) {
        held = true;
        this.#changed();
        await gate;
      }
      return former(call);
    };
    return { arrived: this.until(() => held), release };
  }

  failOnce(name: string, code: number): void {
    const former = this.script;
    let failed = false;
    this.script = (call) => {
      if (call.name !== name || failed) return former(call);
      failed = true;
      throw new KurentoError(code);
    };
  }

  /** Drops the connections; `forgetting`: as a new process would, without the objects. */
  disconnect(how: 'forgetting' | 'remembering'): void {
    if (how === 'forgetting') this.objects.clear();
    this.#subscriptions.clear();
    for (const socket of this.#sockets) socket.terminate();
    this.#changed();
  }

  /** Stops to listen, so that nobody can reconnect. */
  async stopListening(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.disconnect('forgetting');
    await closed;
  }

  async listenAgain(): Promise<void> {
    this.#server = new WebSocketServer({ host: '127.0.0.1', port: this.#port });
    await once(this.#server, 'listening');
    this.#accept();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.terminate();
    await closed;
  }

  #accept(): void {
    this.#server.on('connection', (socket, request) => {
      this.authorizations.push(request.headers.authorization);
      if (this.refusesConnections) return socket.terminate();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('message', (data: Buffer) => void this.#onMessage(socket, data.toString('utf8')));
    });
  }

  async #onMessage(socket: WebSocket, text: string): Promise<void> {
    const { id, method, params = {} } = JSON.parse(text) as { id: number; method: string; params?: Json };
    const name = nameOf(method, params);
    const call: Call = {
      name,
      object: typeof params['object'] === 'string' ? params['object'] : undefined,
      params: (params['operationParams'] ?? params['constructorParams'] ?? params) as Json,
    };
    if (method === 'ping' && !this.answersPings) return;
    this.calls.push(call);
    this.#changed();
    let answer: Json;
    try {
      await this.script(call);
      answer = { result: { value: this.#fulfil(socket, method, params, call), sessionId: 'session' } };
    } catch (error) {
      if (!(error instanceof KurentoError)) throw error;
      answer = { error: { code: error.code, message: error.message } };
    }
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    this.#changed();
  }

  #fulfil(socket: WebSocket, method: string, params: Json, call: Call): unknown {
    switch (method) {
      case 'ping':
        return 'pong';
      case 'create':
        return this.#create(String(params['type']), call.params);
      case 'subscribe': {
        const key = `${this.#find(call.object).id} ${String(params['type'])}`;
        this.#subscriptions.set(key, new Set([...(this.#subscriptions.get(key) ?? []), socket]));
        return `subscription-${this.#nextId++}`;
      }
      case 'release':
        for (const id of this.objects.keys())
          if (id === call.object || id.startsWith(`${call.object}/`)) this.objects.delete(id);
        return undefined;
      case 'invoke':
        return this.#invoke(call);
      default:
        throw new KurentoError(-32601, 'Method not found.');
    }
  }

  #create(type: string, params: Json): string {
    const { mediaPipeline } = params;
    const parent = typeof mediaPipeline === 'string' ? `${this.#find(mediaPipeline).id}/` : '';
    const id = `${parent}${this.#nextId++}_kurento.${type}`;
    this.objects.set(id, { id, type, params, tags: new Map() });
    return id;
  }

  #invoke({ name, object, params }: Call): unknown {
    if (object === 'manager_ServerManager') return this.ofType('MediaPipeline').map(({ id }) => id);
    const found = this.#find(object);
    switch (name) {
      case 'addTag':
        found.tags.set(String(params['key']), String(params['value']));
        return null;
      case 'getTags':
        return [...found.tags].map(([key, value]) => ({ key, value }));
      case 'getChildren':
        return [...this.objects.keys()].filter((id) => id.startsWith(`${found.id}/`));
      case 'getConnectionState':
        return this.endpointsFlow ? 'CONNECTED' : 'DISCONNECTED';
      case 'isMediaFlowingOut':
        return this.endpointsFlow;
      case 'getState':
        return 'START';
      case 'connect':
        this.#find(params['sink']);
        return null;
      case 'processOffer':
        return `v=0 answer of ${found.id}${this.answerCandidates ? CANDIDATE_LINE : ''}`;
      case 'getLocalSessionDescriptor':
        return `v=0 answer of ${found.id}${CANDIDATE_LINE}`;
      case 'restartIce':
        if (!this.restartsIce) throw new KurentoError(40008, "Operation 'restartIce' not found");
        return `v=0 answer of ${found.id} restarted via ${String(params['via'])}`;
      case 'record':
        if (this.recordsAtOnce) this.startRecording(found);
        return null;
      case 'stopAndWait':
        this.emit(found.id, 'Stopped');
        return null;
      default:
        return null;
    }
  }

  /** As if media reached the recorder. */
  startRecording(recorder: FakeObject): void {
    writeFileSync(fileURLToPath(String(recorder.params['uri'])), 'not really webm, but 30 bytes.');
    this.emit(recorder.id, 'Recording');
  }

  #find(id: unknown): FakeObject {
    const object = this.objects.get(String(id));
    if (!object) throw new KurentoError(40101, `Object '${String(id)}' not found`);
    return object;
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}

function nameOf(method: string, { operation, type }: Json): string {
  if (method === 'invoke') return typeof operation === 'string' ? operation : method;
  return (method === 'create' || method === 'subscribe') && typeof type === 'string'
    ? `${method} ${type}`
    : method;
}
