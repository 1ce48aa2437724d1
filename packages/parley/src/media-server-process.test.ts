import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MediaServerProcess, type MediaServerProcessOptions } from './media-server-process.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const dataDir = mkdtempSync(join(tmpdir(), 'parley-media-server-'));
afterAll(() => rmSync(dataDir, { recursive: true }));
const started: MediaServerProcess[] = [];

async function start(options: Partial<MediaServerProcessOptions> = {}): Promise<MediaServerProcess> {
  const server = await MediaServerProcess.start({
    rtcPort: 0,
    announcedIps: [],
    dataDir,
    logLevel: 'info',
    log,
    entry: fileURLToPath(new URL('./testing/stand-in-media-server.ts', import.meta.url)),
    ...options,
  });
  started.push(server);
  return server;
}

function isRunning(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? 0, 0);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
    return false;
  }
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** Each start is a process that loads TypeScript, and others run on this machine. */
const TIMEOUT = 60_000;

describe('the media server in a process of its own', { timeout: TIMEOUT }, () => {
  it('is told its ports, folder and addresses on the command line, but never the token', async () => {
    const server = await start({ announcedIps: ['192.0.2.1', '2001:db8::1'] });
    expect(server.addresses.join(' ')).toBe(
      `--listen 127.0.0.1:0 --rtc-port 0 --data ${dataDir}/recordings --files ${dataDir}/tests --log-level info --max-receive-mbits 20 --announce 192.0.2.1 --announce 2001:db8::1`,
    );
    expect(server.token).toMatch(/^[\w-]{43}$/);
    expect(server).toMatchObject({ url: 'ws://127.0.0.1:4711/kurento', rtcPort: 4712 });
  });

  it.skipIf(process.platform !== 'linux')('is given no secrets but its token', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://a:b@c/d');
    vi.stubEnv('PARLEY_MEDIA_TOKEN_FILE', '/of/another');
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await start();
    const environment = readFileSync(`/proc/${server.pid}/environ`, 'utf8').split('\0');
    expect(environment).toContain(`PARLEY_MEDIA_TOKEN=${server.token}`);
    expect(environment).toEqual(expect.arrayContaining(['DATABASE_URL=', 'PARLEY_MEDIA_TOKEN_FILE=']));
  });

  it('is opened to others where and with the token that the operator says', async () => {
    const kurento = { listen: '0.0.0.0:8888', token: 'secret', files: ['/tmp', '/srv/streams'] };
    const server = await start({ kurento });
    expect(server.addresses.join(' ')).toMatch(
      /--listen 0\.0\.0\.0:8888 .* --files \/tmp --files \/srv\/streams$/,
    );
    // Other programs have other senders than browsers.
    expect(server.addresses.join(' ')).not.toContain('--max-receive-mbits');
    expect(server).toMatchObject({ url: 'ws://127.0.0.1:8888/kurento', token: 'secret' });
    const local = await start({ kurento: { listen: '127.0.0.1:8888', token: undefined, files: [] } });
    expect(local).toMatchObject({ token: undefined, kurentoUrl: 'ws://127.0.0.1:8888/kurento' });
    expect((await start()).kurentoUrl).toBeUndefined();
  });

  it('has its folder of tests before it is started, since it takes none that is not there', async () => {
    const fresh = join(dataDir, 'fresh');
    await start({ dataDir: fresh });
    expect(existsSync(join(fresh, 'tests'))).toBe(true);
  });

  it('passes on why it could not start', async () => {
    await expect(start({ rtcPort: 1 })).rejects.toThrow(
      'the media server did not start: UDP port 1 is in use',
    );
    await expect(start({ rtcPort: 2 })).rejects.toThrow('it ended with exit code 3');
  });

  it('is started again on the same ports when it dies', async () => {
    const server = await start();
    const first = server.pid;
    process.kill(first ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(log.info).toHaveBeenCalled(), TIMEOUT);
    expect(server.pid).not.toBe(first);
    expect(server.url).toBe('ws://127.0.0.1:4711/kurento');
    expect(server.addresses.join(' ')).toContain('--listen 127.0.0.1:4711 --rtc-port 4712');
  });

  it('is ended and started again when it hangs', async () => {
    const server = await start({ logLevel: 'fatal', heartbeatMs: 10, silenceLimitMs: 50 });
    const first = server.pid;
    await vi.waitFor(() => expect(server.pid).not.toBe(first), TIMEOUT);
    expect(isRunning(first)).toBe(false);
    expect(log.error.mock.calls.flat()).toContain('media server does not answer and is ended');
  });

  it('is not taken to hang because this process stood still itself', async () => {
    const ownLog = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    await start({ log: ownLog, heartbeatMs: 100, silenceLimitMs: 1_000 });
    // Blocks all of this process.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    await new Promise((resolve) => setTimeout(resolve));
    expect(ownLog.error).not.toHaveBeenCalled();
  });

  it('leaves no process behind, even one that does not hear SIGTERM', async () => {
    const [obedient, deaf] = await Promise.all([start(), start({ logLevel: 'trace' })]);
    await Promise.all([obedient.close(), deaf.close(), deaf.close()]);
    expect([isRunning(obedient.pid), isRunning(deaf.pid)]).toEqual([false, false]);
  });

  it('is ended by force, also while it is waited for, when this process ends', async () => {
    const deaf = await start({ logLevel: 'trace' });
    const atExit = process.listeners('exit').at(-1);
    const closing = deaf.close();
    expect(process.listeners('exit')).toContain(atExit);
    atExit?.call(process, 0);
    await closing;
    expect(isRunning(deaf.pid)).toBe(false);
    expect(process.listeners('exit')).not.toContain(atExit);
  });
});
