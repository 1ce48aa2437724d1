// Who reaches the media server's Kurento Protocol, as the operator starts it: alone, and within Parley.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Child } from '../src/child.ts';
import { health, MEDIA_SERVER, openAddress, PARLEY } from '../src/parley-server.ts';
import { KurentoConnection } from '../src/kurento/kurento-connection.ts';

let folder: string;
let children: Child[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-access-'));
});
afterEach(async () => {
  for (const child of children) {
    child.process.kill('SIGKILL');
    await child.ended;
  }
  children = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(entry: string, args: string[], environment: Record<string, string> = {}): Child {
  const child = new Child(entry, args, environment, join(folder, `${children.length}.log`));
  children.push(child);
  return child;
}

async function mediaServer(...args: string[]): Promise<{ child: Child; told: unknown }> {
  const child = start(MEDIA_SERVER, ['--rtc-port', '0', '--data', join(folder, 'data'), ...args]);
  return { child, told: await child.told() };
}

/** What an upgrade is answered with. */
function statusAt(url: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0));
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
  });
}

describe('the media server alone', () => {
  it('does not start where others reach it without a token, and says what to do', async () => {
    const { child, told } = await mediaServer('--listen', '0.0.0.0:0');
    expect(told).toEqual({
      type: 'failed',
      message:
        '--listen 0.0.0.0:0 is reachable from other machines: give a --token as well, or --allow-anonymous to let in everybody',
    });
    expect((await child.ended).code).toBe(1);
  });

  it('lets everybody in when told so in so many words, and warns', async () => {
    const { child, told } = await mediaServer('--listen', '0.0.0.0:0', '--allow-anonymous');
    const { port } = new URL((told as { url: string }).url);
    expect(await statusAt(`ws://127.0.0.1:${port}/kurento`)).toBe(101);
    await child.printed(/ANYONE who reaches 0\.0\.0\.0:0 can record, play and end every call/);
    await child.stop();
  });
});

describe('Parley', () => {
  it('uses its own media server beside other clients, who need the token of KURENTO_TOKEN', async () => {
    const parley = start(PARLEY, [], {
      PORT: '0',
      HOST: '127.0.0.1',
      RTC_PORT: '0',
      TURN_PORT: 'off',
      DATA_DIR: join(folder, 'parley'),
      KURENTO_LISTEN: '0.0.0.0:0',
      KURENTO_TOKEN: 'open-sesame',
    });
    const page = await openAddress(parley);
    const [, port] = await parley.printed(/Kurento Protocol reach it at ws:\/\/0\.0\.0\.0:(\d+)\/kurento/);
    const url = `ws://127.0.0.1:${port}/kurento`;
    expect(await statusAt(url)).toBe(401);
    const client = await KurentoConnection.open(`${url}?token=open-sesame`);
    expect(await client.create('MediaPipeline')).toMatch(/_kurento\.MediaPipeline$/);
    client.close();
    expect(await health(page)).toMatchObject({ ready: true, mediaServer: 'connected' });
    await parley.stop();
  });
});
