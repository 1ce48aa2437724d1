// The first command: what it says, how it refuses, and that nothing is left running however it ends.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Child, tail } from './src/child.ts';
import { health, MEDIA_SERVER, openAddress, PARLEY } from './src/parley-server.ts';
import { commandLine, isRunning, treeOf } from './src/processes.ts';

let folder: string;
let children: Child[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-start-'));
});

afterEach(async ({ task }) => {
  for (const child of children) {
    if (task.result?.state === 'fail') console.error(tail(child.log));
    child.process.kill('SIGKILL');
    await child.ended;
  }
  children = [];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(environment: Record<string, string> = {}, args: string[] = []): Child {
  const anywhere = { PORT: '0', HOST: '127.0.0.1', RTC_PORT: '0', DATA_DIR: join(folder, 'data') };
  const child = new Child(
    PARLEY,
    args,
    { ...anywhere, ...environment },
    join(folder, `${children.length}.log`),
  );
  children.push(child);
  return child;
}

async function startedTree(child: Child): Promise<number[]> {
  await openAddress(child);
  const tree = treeOf(child.process.pid ?? 0);
  expect(tree.length, 'the program and the media server').toBeGreaterThanOrEqual(2);
  return tree;
}

describe('starting', () => {
  it('reports where to open it, the media port, the data folder and how to stop, and is healthy then', async () => {
    const dataDir = join(folder, 'new', 'data');
    const parley = start({ ANNOUNCED_IPS: '192.0.2.7', DATA_DIR: dataDir });
    const url = await openAddress(parley);
    expect(parley.stdout).toMatch(/Media +UDP and TCP port \d+, announced as 192\.0\.2\.7\n/);
    expect(parley.stdout).toContain(`Data   ${dataDir}\n`);
    expect(parley.stdout).toContain('Press Ctrl-C to stop.\n');
    expect(await health(url)).toEqual({ ready: true, mediaServer: 'connected', database: 'connected' });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    // Read by nobody else, whatever the folder's own mode will be.
    for (const name of ['parley.db', 'recordings'])
      expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0);
    expect((await fetch(url)).headers.get('content-type')).toContain('text/html');
    const commandLines = treeOf(parley.process.pid ?? 0).map(commandLine);
    expect(commandLines.join('\n')).not.toMatch(/token/i);
  });

  it('makes a certificate when told to, serves it, and says how to tell it from another', async () => {
    const parley = start({ TLS: 'self-signed', ANNOUNCED_IPS: '192.0.2.7' });
    const url = new URL(await openAddress(parley));
    expect(url.protocol).toBe('https:');
    const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256, subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    expect(parley.stdout).toMatch(/WARNING: nobody vouches/);
    expect(parley.stdout).toContain(fingerprint256);
    expect(subjectaltname).toContain('192.0.2.7');
  });

  it('explains its settings on --help', async () => {
    const { code, stdout } = await start({}, ['--help']).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/RTC_PORT +--rtc-port/);
  });
});

describe('refusing to start', () => {
  it.each([
    ['a wrong value', { PORT: 'http' }, [], /^parley: PORT must be a port .*, not "http"$/],
    ['an unknown flag', {}, ['--prot', '8080'], /^parley: unknown flag --prot/],
    [
      'a data folder below a file',
      { DATA_DIR: '/dev/null/data' },
      [],
      /^parley: cannot write to the data folder/,
    ],
    [
      'a certificate that is not there',
      { TLS_CERT: '/dev/null/cert.pem', TLS_KEY: '/dev/null/key.pem' },
      [],
      /^parley: cannot use \/dev\/null\/\S+\.pem for TLS/,
    ],
    ['an address that is not its own', { HOST: '192.0.2.1' }, [], /^parley: .*192\.0\.2\.1/],
  ])('says in one line what is wrong with %s', async (_what, environment, args, line) => {
    expect(await refusal(start(environment, args))).toMatch(line);
  });

  it('says in one line that the port of the page is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await refusal(start({ PORT: String(port) }))).toMatch(
      new RegExp(`^parley: .*127\\.0\\.0\\.1:${port}.* in use`),
    );
    other.close();
  });

  it('says in one line that the media port is in use', async () => {
    const other = createSocket('udp4').bind(0);
    await once(other, 'listening');
    const { port } = other.address();
    expect(await refusal(start({ RTC_PORT: String(port) }))).toMatch(
      new RegExp(`^parley: .*\\b${port}\\b.* in use`),
    );
    other.close();
  });

  it('says in one line that another program keeps the data as a file', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await refusal(start({ DATA_DIR: file }))).toBe(
      `parley: cannot write to the data folder ${file}: it is not a folder`,
    );
  });

  async function refusal(child: Child): Promise<string> {
    const { code, stderr } = await child.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    return stderr.trimEnd();
  }
});

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGHUP'] as const)('ends in order on %s and leaves no process', async (signal) => {
    const parley = start();
    const tree = await startedTree(parley);
    parley.process.kill(signal);
    expect(await parley.ended).toMatchObject({ code: 0, stderr: '' });
    expect(tree.filter(isRunning)).toEqual([]);
  });

  it('ends in order when npm repeats the Ctrl-C that the terminal has sent', async () => {
    const parley = start();
    const tree = await startedTree(parley);
    parley.process.kill('SIGINT');
    parley.process.kill('SIGINT');
    expect(await parley.ended).toMatchObject({ code: 0, stderr: '' });
    expect(tree.filter(isRunning)).toEqual([]);
  });

  it('takes the media server with it when it is killed', async () => {
    const parley = start();
    const tree = await startedTree(parley);
    parley.process.kill('SIGKILL');
    await parley.ended;
    await expect.poll(() => tree.filter(isRunning), { timeout: 20_000 }).toEqual([]);
  });

  it('starts the application server again at the same address when that dies, and leaves the media server', async () => {
    const parley = start();
    const tree = await startedTree(parley);
    const url = await openAddress(parley);
    const appServer = tree.find((pid) => commandLine(pid).includes('app-server')) ?? 0;
    const mediaServer = tree.find((pid) => commandLine(pid).includes(MEDIA_SERVER)) ?? 0;
    process.kill(appServer, 'SIGKILL');
    await expect
      .poll(() => health(url).catch(String), { timeout: 20_000 })
      .toEqual({ ready: true, mediaServer: 'connected', database: 'connected' });
    const after = treeOf(parley.process.pid ?? 0);
    expect(after).not.toContain(appServer);
    expect(after).toContain(mediaServer);
    parley.process.kill('SIGTERM');
    expect(await parley.ended).toMatchObject({ code: 0, stderr: '' });
    expect(after.filter(isRunning)).toEqual([]);
  });

  it('starts the media server again when that dies, and is healthy again', async () => {
    const parley = start();
    await startedTree(parley);
    const mediaServer = () =>
      treeOf(parley.process.pid ?? 0).find((pid) => commandLine(pid).includes(MEDIA_SERVER)) ?? 0;
    const url = await openAddress(parley);
    const killed = mediaServer();
    process.kill(killed, 'SIGKILL');
    // Long after the application server has lost its connection; nobody can say how long it is not ready.
    await expect.poll(mediaServer, { timeout: 20_000 }).not.toBeOneOf([0, killed]);
    await expect.poll(async () => (await health(url)).ready, { timeout: 20_000 }).toBe(true);
    expect(treeOf(parley.process.pid ?? 0)).not.toContain(killed);
  });
});
