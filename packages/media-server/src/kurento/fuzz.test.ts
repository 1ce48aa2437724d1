// Ten thousand broken messages: the server stays, other clients notice nothing, and the log is not flooded.
import { describe, expect, it } from 'vitest';
import { startTestServer, TestClient } from './testing.ts';

const MESSAGES = 10_000;
const SEED = 20_260_721;

/** mulberry32: numbers in [0, 1), the same ones for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seededRandom(SEED);
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)];

/** Well-formed messages around a pipeline and an endpoint of the attacker's own; {P} and {E} stand for their ids. */
const TEMPLATES = [
  '{"jsonrpc":"2.0","id":ID,"method":"ping","params":{"interval":240000}}',
  '{"jsonrpc":"2.0","id":ID,"method":"connect","params":{"sessionId":"abc"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"create","params":{"type":"MediaPipeline","constructorParams":{}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"create","params":{"type":"WebRtcEndpoint","constructorParams":{"mediaPipeline":"{P}","recvonly":true}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"describe","params":{"object":"{E}"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"invoke","params":{"object":"{E}","operation":"processOffer","operationParams":{"offer":"v=0"}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"invoke","params":{"object":"{E}","operation":"connect","operationParams":{"sink":"{E}","mediaType":"VIDEO"}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"invoke","params":{"object":"{E}","operation":"addIceCandidate","operationParams":{"candidate":{"__module__":"kurento","__type__":"IceCandidate","candidate":"c","sdpMid":"0","sdpMLineIndex":0}}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"invoke","params":{"object":"{P}","operation":"setName","operationParams":{"name":"n"}}}',
  '{"jsonrpc":"2.0","id":ID,"method":"subscribe","params":{"object":"{E}","type":"IceCandidateFound"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"unsubscribe","params":{"object":"{E}","subscription":"x"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"release","params":{"object":"{E}/x"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"closeSession","params":{"sessionId":"nobody"}}',
  '{"jsonrpc":"2.0","id":ID,"method":"transaction","params":{"operations":[{"id":0,"jsonrpc":"2.0","method":"create","params":{"type":"MediaPipeline"}},{"id":1,"jsonrpc":"2.0","method":"release","params":{"object":"newref:0"}}]}}',
];
const SCRAPS = [
  'null',
  '[]',
  '{}',
  '1e999',
  '-1',
  '"newref:0"',
  '"__proto__"',
  '{"__proto__":1}',
  'true',
  '"\\u0000"',
];

function mutate(text: string): string {
  const at = Math.floor(random() * text.length);
  switch (Math.floor(random() * 8)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 0xffff)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 8));
    case 3:
      return text.replace(
        pick(['"params"', '"object"', '"operation"', '"id"', '"jsonrpc"', '"type"']),
        '"other"',
      );
    case 4:
      return text.replace(/:("[^"]*"|\d+|\{\})/, `:${pick(SCRAPS)}`);
    case 5:
      return text.replace(/:("[^"]*"|\d+|true)(?=[^:]*$)/, `:${pick(SCRAPS)}`);
    case 6:
      return text.replace('"params":{', `"params":{"sessionId":${pick(SCRAPS)},`);
    default:
      return text + pick(TEMPLATES);
  }
}

/** The same object once more, thousands of levels deep. */
function deep(): string {
  const levels = 2_000 + Math.floor(random() * 20_000);
  const params = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  return `{"jsonrpc":"2.0","id":ID,"method":"transaction","params":{"operations":[{"id":0,"method":"create","params":${params}}]}}`;
}

/** An attacker that reconnects whenever it was cut off, and keeps one pipeline and one endpoint in its session. */
class Attacker {
  readonly #port: number;
  #client!: TestClient;
  #ids!: { pipeline: string; endpoint: string };

  constructor(port: number) {
    this.#port = port;
  }

  async attack(messages: number): Promise<void> {
    await this.#connect();
    for (let sent = 0; sent < messages; sent++) {
      const text = sent % 500 === 499 ? deep() : mutate(pick(TEMPLATES));
      this.#send(text.replace('ID', pick([String(sent), '"x"', '1.5', '-0', 'null'])));
      if (sent % 1_000 === 999) await this.#settle();
      if (sent % 2_500 === 2_499) await this.#oversize();
    }
    await this.#settle();
    await this.#client.drop();
  }

  #send(text: string): void {
    const { pipeline, endpoint } = this.#ids;
    this.#client.send(text.replaceAll('{P}', pipeline).replaceAll('{E}', endpoint));
  }

  async #connect(): Promise<void> {
    this.#client = await TestClient.open(this.#port);
    const pipeline = await this.#client.pipeline();
    this.#ids = { pipeline, endpoint: await this.#client.endpoint(pipeline) };
  }

  /** Waits until everything sent so far was looked at. */
  async #settle(): Promise<void> {
    this.#client.send('{"jsonrpc":"2.0","id":"settled","method":"ping"}');
    await this.#client.answer((answer) => answer.id === 'settled');
  }

  async #oversize(): Promise<void> {
    const closed = new Promise<number>((resolve) => this.#client.socket.on('close', resolve));
    this.#client.send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(1024 * 1024)}"}}`);
    expect(await closed).toBe(1009);
    await this.#connect();
  }
}

describe('the Kurento server under broken messages', () => {
  it('keeps serving others, collects what the attacker made, and logs a few lines', async () => {
    const server = await startTestServer({ collectionPeriodMs: 50 });
    const bystander = await TestClient.open(server.port);
    await bystander.endpoint(await bystander.pipeline());
    const objectsBefore = server.counts().objects;
    await bystander.value('subscribe', { object: 'manager_ServerManager', type: 'ObjectDestroyed' });

    await new Attacker(server.port).attack(MESSAGES);

    while (server.counts().objects > objectsBefore) {
      const seen = bystander.events.length;
      await bystander.event((event) => bystander.events.indexOf(event) >= seen);
    }
    expect(server.counts().objects).toBe(objectsBefore);
    const newcomer = await TestClient.open(server.port);
    const endpoint = await newcomer.endpoint(await newcomer.pipeline());
    expect((await newcomer.invoke(endpoint, 'processOffer', { offer: 'v=0' })).result.value).toBe(
      'v=0 answer',
    );
    expect((await bystander.call('ping')).result.value).toBe('pong');
    expect(server.logged.filter((line) => line.msg === 'a Kurento request failed unexpectedly')).toEqual([]);
    expect(server.logged.length).toBeLessThan(100);
    await server.close();
  }, 20_000);
});
