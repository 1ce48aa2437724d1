// A client of the Kurento Protocol that sends nonsense in quantity and looks whether each piece of it is answered, in order.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { mutate, pick } from '../mutations.ts';
import { concreteClasses, creation, templates, type Message } from './message-templates.ts';

/** As the server's: what is nested deeper is no request. */
const MAX_DEPTH = 32;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Where most mutations happen; of what has no such parameters, those of the method itself are mutilated. */
const INNER_PARAMS = ['operationParams', 'operationParams', 'constructorParams', 'none'];
const MANAGER = 'manager_ServerManager';

interface Answer {
  readonly id: unknown;
  readonly result?: { readonly value?: unknown } | null;
  readonly error?: { readonly code: number; readonly message: string };
}

export class Attacker {
  readonly #url: string;
  readonly #random: () => number;
  #socket!: WebSocket;
  #answers: Answer[] = [];
  #wanted = 0;
  #enough: (() => void) | undefined;

  constructor(url: string, random: () => number) {
    this.#url = url;
    this.#random = random;
  }

  /**
   * Sends this many messages, to objects of its own that it makes anew each time, and ends as nobody should: without
   * releasing them, and with or without closing its session.
   * @throws Error when a message is not answered, or not in its turn
   */
  async attack(messages: number): Promise<void> {
    await this.#connect();
    const all = templates(await this.#makeObjects());
    const texts = Array.from({ length: messages }, () => this.#nonsense(all));
    await this.#exchange(texts);
    const pipeline = JSON.stringify({ ...all.find(({ method }) => method === 'ref'), id: 1 });
    if (this.#random() < 0.3) await this.#exchange([pipeline.replace('"ref"', '"release"'), pipeline]);
    if (this.#random() < 0.3)
      await this.#exchange(['{"jsonrpc":"2.0","id":1,"method":"closeSession","params":{"release":true}}']);
    if (this.#random() < 0.3) await this.#oversize(pick(this.#random, all));
    else await this.#drop();
  }

  /** Requests that end a server of the original. */
  async kill(): Promise<void> {
    await this.#connect();
    const cast = await this.#makeObjects();
    const invoke = (operation: string, operationParams = {}) =>
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'invoke',
        params: { object: cast.get('WebRtcEndpoint'), operation, operationParams },
      });
    await this.#exchange([
      invoke('getIceTcp'),
      invoke('connect', { sink: cast.get('MediaPipeline') }),
      invoke('connect', { sink: MANAGER }),
      invoke('connect', { sink: cast.get('HubPort'), mediaType: 'DATA' }),
    ]);
    await this.#drop();
  }

  async #connect(): Promise<void> {
    this.#socket = new WebSocket(this.#url);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data: Buffer) => {
      const text = data.toString('utf8');
      if (text.startsWith('{"jsonrpc":"2.0","method":"onEvent"')) return;
      this.#answers.push(JSON.parse(text) as Answer);
      if (this.#answers.length >= this.#wanted) this.#enough?.();
    });
    await once(this.#socket, 'open');
  }

  async #drop(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.terminate();
    await closed;
  }

  /** One of each class that there is, as far as the server makes them. */
  async #makeObjects(): Promise<Map<string, string>> {
    const cast = new Map<string, string>();
    for (const declaration of concreteClasses) {
      const text = JSON.stringify({ ...creation(declaration, cast, 'required'), id: declaration.name });
      const [answer] = await this.#exchange([text]);
      if (answer.result) cast.set(declaration.name, answer.result.value as string);
    }
    cast.set('ServerManager', MANAGER);
    return cast;
  }

  #nonsense(all: readonly Message[]): string {
    const chosen = {
      ...pick(this.#random, all),
      id: pick(this.#random, [1, 2, 3, 'x', 'y', '', 1.5, -0, false, null]),
    };
    const dice = this.#random();
    if (dice < 0.2) return JSON.stringify(chosen);
    if (dice > 0.999) return deep(JSON.stringify(chosen), this.#random);
    if (dice > 0.8) return mutate(chosen, this.#random);
    // The rest is whole as far as the protocol goes, so that it comes to the objects.
    return mutatedWithin(chosen, ['params', pick(this.#random, INNER_PARAMS)], this.#random);
  }

  /** Sends them all at once. @throws Error unless each is answered in its turn */
  async #exchange(texts: readonly string[]): Promise<Answer[]> {
    this.#answers = [];
    this.#wanted = texts.length;
    const enough = new Promise<void>((resolve, reject) => {
      this.#enough = resolve;
      this.#socket.once('close', (code) =>
        reject(new Error(`the server closed the connection with ${code}`)),
      );
    });
    for (const text of texts) this.#socket.send(text);
    await enough;
    this.#socket.removeAllListeners('close');
    texts.forEach((text, index) => {
      const answer = this.#answers[index];
      if (answer.id !== idOf(text) || (answer.result === undefined) === (answer.error === undefined))
        throw new Error(`${JSON.stringify(answer)} answered ${text}`);
    });
    return this.#answers;
  }

  async #oversize(template: Message): Promise<void> {
    const closed = once(this.#socket, 'close') as Promise<[number]>;
    this.#answers = [];
    this.#socket.send(JSON.stringify({ ...template, id: 'x'.repeat(MAX_MESSAGE_BYTES) }));
    const [code] = await closed;
    if (code !== 1009 || this.#answers[0]?.error?.code !== 40_009)
      throw new Error(`a message beyond the limit: ${JSON.stringify(this.#answers)}, closed with ${code}`);
  }
}

/** Mutilates what lies at the end of the path, as far as the message has that; the rest stays whole. */
function mutatedWithin(value: object, path: readonly string[], random: () => number): string {
  const [key = '', ...rest] = path;
  const within = (value as Record<string, unknown>)[key];
  if (typeof within !== 'object' || within === null) return mutate(value, random);
  const inner = mutatedWithin(within, rest, random);
  return JSON.stringify({ ...value, [key]: null }).replace(`"${key}":null`, () => `"${key}":${inner}`);
}

/** The same message with its parameters thousands of levels deep. */
function deep(text: string, random: () => number): string {
  const levels = 2_000 + Math.floor(random() * 20_000);
  return text.replace('"params":{', `"params":{"deep":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)},`);
}

/** What a message is to be answered with: its id, when it is a request at all. */
function idOf(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof json !== 'object' || json === null || isDeeper(json, MAX_DEPTH)) return null;
  const { jsonrpc, method, id } = json as Record<string, unknown>;
  const isRequest = jsonrpc === '2.0' && typeof method === 'string' && typeof id !== 'object';
  return isRequest ? (id ?? null) : null;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}
