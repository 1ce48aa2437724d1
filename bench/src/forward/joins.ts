// From pressing "Join" to the first decoded picture of somebody else, in Chromium, against the whole program.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RoomResponse } from '@parley/protocol';
import { Participant } from '@parley/e2e';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const READY_DEADLINE_MS = 20_000;

/** `count` participants join one after the other, see the one who is there, and leave again. */
export async function measureJoins(count: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const program = fork(
    'packages/parley/src/main.ts',
    ['--port', '0', '--host', '127.0.0.1', '--rtc-port', '0'],
    {
      cwd: ROOT,
      execArgv: ['--import', import.meta.resolve('tsx')],
      env: { ...process.env, DATA_DIR: data, LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  const server = await address(program.stdout);
  const people: Participant[] = [];
  try {
    const room = RoomResponse.parse(await (await fetch(`${server}/api/rooms`, { method: 'POST' })).json());
    const host = await Participant.arrive({ name: 'Host', server, colour: 'red', hz: 440 });
    const guest = await Participant.arrive({ name: 'Guest', server, colour: 'blue', hz: 880 });
    people.push(host, guest);
    await host.join(`/r/${room.id}`);
    const times: number[] = [];
    for (let index = 0; index < count; index++) times.push(await joinOnce(guest, `/r/${room.id}`));
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)];
    console.log(`\nFrom Join to the first decoded remote frame, Chromium, ${count} joins`);
    console.log(`  median ${at(0.5)?.toFixed(0)} ms, p95 ${at(0.95)?.toFixed(0)} ms`);
  } finally {
    for (const person of people) await person.goHome();
    program.kill('SIGTERM');
    await new Promise((resolve) => program.once('exit', resolve));
    rmSync(data, { recursive: true, force: true });
  }
}

async function joinOnce(guest: Participant, room: string): Promise<number> {
  await guest.join(room);
  const tile = guest.page.locator('figure[aria-label="Host"][data-first-frame-ms]');
  await tile.waitFor();
  const time = Number(await tile.getAttribute('data-first-frame-ms'));
  await guest.press('Leave');
  return time;
}

/** The first address of the program's start-up report. */
function address(stdout: NodeJS.ReadableStream | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('the program did not start')), READY_DEADLINE_MS);
    let text = '';
    stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /Open +(\S+)[\s\S]*Ctrl-C/.exec(text)?.[1];
      if (url === undefined) return;
      clearTimeout(deadline);
      resolve(url);
    });
  });
}
