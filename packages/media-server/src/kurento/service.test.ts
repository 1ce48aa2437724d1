// How long sessions live by the server's own clock, which the test moves on.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MediaPipeline } from '../elements/media-pipeline.ts';
import type { Environment } from '../environment.ts';
import { KurentoService } from './service.ts';

const MINUTE_MS = 60_000;

let service: KurentoService;

beforeEach(() => {
  vi.useFakeTimers();
  const environment = { log: pino({ level: 'silent' }) } as unknown as Environment;
  service = new KurentoService({ environment, factory: { MediaPipeline } });
});

afterEach(async () => {
  await service.close();
  vi.useRealTimers();
});

/** A connection, and what was sent over it. */
function connected() {
  const sent: string[] = [];
  const send = (text: string) => void sent.push(text);
  const wire = { client: '192.0.2.1:5000', send, pause: () => {}, resume: () => {} };
  return { connection: service.connect(wire), sent };
}

const CREATE = '{"jsonrpc":"2.0","id":1,"method":"create","params":{"type":"MediaPipeline"}}';

/** A connection whose session has one pipeline. */
async function withPipeline() {
  const client = connected();
  client.connection.receive(CREATE);
  await vi.waitFor(() => expect(client.sent).toHaveLength(1));
  const { sessionId } = (JSON.parse(client.sent[0]) as { result: { sessionId: string } }).result;
  return { ...client, sessionId };
}

describe('a session', () => {
  it('is kept while its connection is open, though nothing is heard', async () => {
    await withPipeline();
    await vi.advanceTimersByTimeAsync(24 * 60 * MINUTE_MS);
    expect(service.counts()).toMatchObject({ sessions: 1, objects: 1 });
  });

  it('ends with its objects four to eight minutes after its connection has', async () => {
    const { connection } = await withPipeline();
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
    service.disconnect(connection);
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    expect(service.counts()).toMatchObject({ sessions: 1, objects: 1 });
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(service.counts()).toMatchObject({ sessions: 0, objects: 0 });
  });

  it('is kept alive by a client that comes back to it in time', async () => {
    const { connection, sessionId } = await withPipeline();
    service.disconnect(connection);
    await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
    const params = { sessionId };
    connected().connection.receive(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'connect', params }));
    await vi.advanceTimersByTimeAsync(60 * MINUTE_MS);
    expect(service.counts()).toMatchObject({ sessions: 1, objects: 1 });
  });
});
