import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppServerProcess, type AppServerSettings } from './app-server-process.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const started: AppServerProcess[] = [];

const settings = (port: number): AppServerSettings => ({
  host: '127.0.0.1',
  port,
  dataDir: '/nowhere',
  mediaServer: { url: 'ws://127.0.0.1:1/kurento' },
  clientDir: '/nowhere',
});

async function start(port: number, told: Promise<AppServerSettings> = Promise.resolve(settings(port))) {
  const server = await AppServerProcess.start({
    address: `127.0.0.1:${port}`,
    settings: told,
    logLevel: 'warn',
    log,
    entry: fileURLToPath(new URL('./testing/stand-in-app-server.ts', import.meta.url)),
  });
  started.push(server);
  return server;
}

/** What the present process was told. */
const toldTo = (server: AppServerProcess): unknown => JSON.parse(server.certificate?.fingerprint ?? '');

beforeEach(() => {
  vi.clearAllMocks();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** Each start is a process that loads TypeScript, and others run on this machine. */
const TIMEOUT = 60_000;

describe('the application server in a process of its own', { timeout: TIMEOUT }, () => {
  it('is told its settings, and tells what it found', async () => {
    const server = await start(0);
    expect(server.port).toBe(4_711);
    expect(server.certificate).toMatchObject({ file: '/cert.pem', validTo: new Date(0) });
    expect(toldTo(server)).toEqual({ port: 0, carryOn: true, level: 'warn' });
  });

  it('passes on what the operator can mend in one line, and a fault as it is', async () => {
    await expect(start(1)).rejects.toThrow(
      /^127\.0\.0\.1:1 is in use: stop what uses it, or choose another port/,
    );
    await expect(start(2)).rejects.toThrow(/^the application server failed: Error: a fault\n +at x/);
  });

  it('is not waited for when what it needs is not going to be there', async () => {
    await expect(start(0, Promise.reject(new Error('no media server')))).rejects.toThrow('no media server');
  });

  it('is started again on the port it had when it dies, to carry on', async () => {
    const server = await start(0);
    const first = server.pid;
    server.turnEvent({ at: 0, kind: 'allocated', participant: 'somebody' });
    await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), TIMEOUT);
    expect(log.error.mock.calls[0]?.[0]).toMatchObject({ exitCode: 7, restartInMs: 50 });
    expect(server.pid).not.toBe(first);
    expect(server.port).toBe(4_711);
    expect(toldTo(server)).toEqual({ port: 4_711, carryOn: true, level: 'warn' });
  });

  it('begins with nothing after it has died again and again, and is never given up', async () => {
    const server = await start(3);
    await vi.waitFor(() => expect(log.info.mock.calls.length).toBeGreaterThanOrEqual(3), TIMEOUT);
    expect(toldTo(server)).toEqual({ port: 3, carryOn: false, level: 'warn' });
    const pauses = log.error.mock.calls.map(([facts]) => (facts as { restartInMs: number }).restartInMs);
    expect(pauses.slice(0, 3)).toEqual([50, 100, 200]);
  });
});
