// 200,000 broken messages at the media server: each is answered or refused, others notice nothing, and nothing is left behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from '../src/child.ts';
import { Attacker } from '../src/kurento/attacker.ts';
import { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import type { Holdings } from '../src/kurento/measured-media-server.ts';
import { seededRandom } from '../src/mutations.ts';

const SEED = 20_261_123;
const MESSAGES = 200_000;
/** Between two of them the attackers begin anew, so that what is released is not attacked for ever. */
const MESSAGES_PER_CONNECTION = 500;
const ATTACKERS = 4;
/** So many that all of the server's code has run and is compiled, and its tables have their size. */
const WARM_UP_MESSAGES = 20_000;
/** Of any class: what is lost once in a thousand messages is seen, be it a single object of JavaScript. */
const MAX_MORE_IN_USE = MESSAGES / 1_000;
/** Strings and buffers of 25 bytes per message are seen; what the compiler keeps of the code is less than a fifth of it. */
const MAX_MORE_BYTES = 5 * 1024 * 1024;

/** Half a minute of work for both sides on a quiet machine with two cores, several on a slow one that is busy. */
const TIMEOUT_MS = 600_000;

/** So many faults of others are told in a minute, and then how many were left out. */
const MAX_LOG_LINES = 500;

let folder: string;
let child: Child;
let url: string;
let bystander: KurentoConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-mutations-'));
  child = new Child('e2e/src/kurento/measured-media-server.ts', [], {}, join(folder, 'media-server.log'));
  ({ url } = (await child.told()) as { url: string });
  bystander = await KurentoConnection.open(url);
});

afterAll(async () => {
  bystander.close();
  await child.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function holdings(): Promise<Holdings> {
  const told = once(child.process, 'message');
  child.process.send('what do you hold?');
  return ((await told) as [{ holdings: Holdings }])[0].holdings;
}

/** What the server holds when everything that attackers made has been collected. */
async function settled(clients: Holdings['clients']): Promise<Holdings> {
  await expect.poll(async () => (await holdings()).clients, { timeout: 50_000 }).toEqual(clients);
  return holdings();
}

async function attack(random: () => number, messages: number): Promise<void> {
  let left = messages;
  const attackers = Array.from({ length: ATTACKERS }, async () => {
    const attacker = new Attacker(url, random);
    for (; left > 0; left -= MESSAGES_PER_CONNECTION) await attacker.attack(MESSAGES_PER_CONNECTION);
  });
  await Promise.all(attackers);
}

describe('the media server under broken messages', () => {
  it('answers the requests that end a server of the original', async () => {
    await new Attacker(url, seededRandom(SEED)).kill();
    await settled({ objects: 0, sessions: 0, subscriptions: 0, connections: 1 });
  });

  it(
    'answers each of 200,000, serves others all the while, and holds afterwards what it held before',
    { timeout: TIMEOUT_MS },
    async () => {
      const random = seededRandom(SEED);
      const pipeline = await bystander.create('MediaPipeline');
      const source = await bystander.create('WebRtcEndpoint', { mediaPipeline: pipeline });
      const sink = await bystander.create('WebRtcEndpoint', { mediaPipeline: pipeline });
      await bystander.invoke(source, 'connect', { sink });
      const alone = { objects: 3, sessions: 1, subscriptions: 0, connections: 1 };

      await attack(random, WARM_UP_MESSAGES);
      const before = await settled(alone);
      await attack(random, MESSAGES);
      expect(await bystander.invoke(pipeline, 'getName')).toBe(pipeline);
      const after = await settled(alone);

      expect(after.resources).toEqual(before.resources);
      expect(after.openFiles).toBe(before.openFiles);
      expect(after.inUse - before.inUse).toBeLessThan(MAX_MORE_IN_USE);
      expect(after.bytes - before.bytes).toBeLessThan(MAX_MORE_BYTES);
      expect(await bystander.invoke(sink, 'getSourceConnections')).toHaveLength(3);
      expect(bystander.events).toEqual([]);
      const lines = child.log.split('\n');
      const unexpected = lines.filter((line) => line.includes('failed unexpectedly'));
      expect(unexpected).toEqual([]);
      expect(lines.length, 'a log that nobody can flood').toBeLessThan(MAX_LOG_LINES);
    },
  );
});
