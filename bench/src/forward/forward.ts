// One sender, N receivers, through the media server as a process of its own: CPU per forwarded packet, packets per
// second, memory per endpoint; then how long a participant waits in Chromium from Join to the first remote picture.
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { cpuMicroseconds, residentKibibytes } from '../process-usage.ts';
import { measureJoins } from './joins.ts';
import type { LoadAnswer, LoadCommand } from './load.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
const FLOOR = fileURLToPath(new URL('./floor.ts', import.meta.url));
const TSX = ['--import', import.meta.resolve('tsx')];

/** Lets the server's just-in-time compiler see the path before anything is counted. */
const WARM_UP_MS = 3_000;

/** Connected and served before memory is first read, so that what the runtime itself needs is not taken for theirs. */
const FIRST_RECEIVERS = 10;

export async function benchForward(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      receivers: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '12' },
      joins: { type: 'string', default: '20' },
    },
  });
  const [receivers, seconds, joins] = [values.receivers, values.seconds, values.joins].map(Number);
  if (!(receivers >= 2 && seconds >= 1 && joins >= 0)) {
    console.error('--receivers takes a number from 2 on, --seconds one from 1 on, --joins one from 0 on');
    process.exitCode = 1;
    return;
  }
  const [cpu] = cpus();
  console.log(`${cpus().length} × ${cpu?.model ?? 'unknown processor'}, Node ${process.version}, loopback`);
  await measureForwarding(receivers, seconds * 1000);
  if (joins > 0) await measureJoins(joins);
}

async function measureForwarding(receivers: number, milliseconds: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const server = fork('packages/media-server/src/main.ts', serverFlags(data), { cwd: ROOT, execArgv: TSX });
  try {
    const { url } = await message<{ url: string }>(server);
    const pid = server.pid ?? 0;
    const load = fork(LOAD, [url], { cwd: ROOT, execArgv: TSX });
    await message<LoadAnswer>(load);

    const first = Math.min(FIRST_RECEIVERS, receivers - 1);
    const rest = receivers - first;
    await command(load, { command: 'connect', receivers: first });
    await command(load, { command: 'send', milliseconds: WARM_UP_MS });
    const memoryBefore = residentKibibytes(pid);
    const setUpBefore = cpuMicroseconds(pid);
    const setUpStart = performance.now();
    await command(load, { command: 'connect', receivers: rest });
    const setUpMs = (performance.now() - setUpStart) / rest;
    const setUpCpuMs = (cpuMicroseconds(pid) - setUpBefore) / 1000 / rest;
    await command(load, { command: 'send', milliseconds: WARM_UP_MS });
    const memoryAfter = residentKibibytes(pid);

    const cpuBefore = cpuMicroseconds(pid);
    const { sent, received, broken } = await command(load, { command: 'send', milliseconds });
    const cpuUsed = cpuMicroseconds(pid) - cpuBefore;
    const memory = residentKibibytes(pid);
    await command(load, { command: 'close' });
    load.disconnect();

    const floor = await measureFloor(receivers, milliseconds / 2);
    const expected = sent * receivers;
    console.log(`\nForwarding, 1 sender to ${receivers} receivers, 1,100-byte packets, AEAD_AES_128_GCM`);
    row('CPU per forwarded packet', `${(cpuUsed / received).toFixed(1)} µs`);
    row('  Node floor in this run (one GCM, one send)', `${floor.toFixed(1)} µs`);
    row('packets forwarded', `${Math.round(received / (milliseconds / 1000))} /s`);
    row('processor used', `${(cpuUsed / milliseconds / 10).toFixed(0)} % of one core`);
    row('lost', `${expected - received} of ${expected}${broken > 0 ? `, ${broken} did not open` : ''}`);
    row('memory per endpoint', `${Math.round((memoryAfter - memoryBefore) / rest)} KiB`);
    row('memory of the server', `${Math.round(memory / 1024)} MiB`);
    row('set-up, request to DTLS connected', `${setUpMs.toFixed(1)} ms, ${setUpCpuMs.toFixed(1)} CPU ms`);
  } finally {
    server.kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
    rmSync(data, { recursive: true, force: true });
  }
}

function serverFlags(data: string): string[] {
  const flags = { listen: '127.0.0.1:0', 'rtc-port': '0', announce: '127.0.0.1', data, 'log-level': 'warn' };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The floor sends to sockets that are read, like the load's. */
async function measureFloor(receivers: number, milliseconds: number): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: receivers }, openSocket));
  const ports = sockets.map((socket) => socket.address().port).join(',');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...TSX,
      FLOOR,
      ports,
      String(milliseconds),
    ]);
    return Number(stdout);
  } finally {
    for (const socket of sockets) socket.close();
  }
}

function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', () => {});
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

function row(name: string, value: string): void {
  console.log(`  ${name.padEnd(46)} ${value}`);
}

function command(child: ChildProcess, what: LoadCommand): Promise<LoadAnswer> {
  child.send(what);
  return message<LoadAnswer>(child);
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T));
    child.once('exit', (code) => reject(new Error(`a process of the benchmark ended with code ${code}`)));
  });
}
