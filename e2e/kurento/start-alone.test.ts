// What who starts the media server from a shell reads, and which folders it takes: no other process forks it here.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MEDIA_SERVER } from '../src/parley-server.ts';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

let folder: string;
let running: ChildProcess | undefined;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'parley-alone-')));
});
afterAll(() => {
  running?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** In a working folder of the test's own. */
function start(...flags: string[]) {
  const ports = ['--listen', '127.0.0.1:0', '--rtc-port', '0', '--announce', '127.0.0.1'];
  const child = spawn(process.execPath, ['--import', TSX, resolve(MEDIA_SERVER), ...ports, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = child;
  return { child, output: text(child.stdout), errors: text(child.stderr), ended: once(child, 'exit') };
}

it('says where clients and media go, and keeps what it records in ./media', async () => {
  const { child, output, ended } = start();
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      if (data.includes('Press Ctrl-C')) resolve();
    });
  });
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  const report = await output;
  expect(report).toMatch(
    /^ {2}Kurento {2}ws:\/\/127\.0\.0\.1:\d+\/kurento {3}\(no token: programs of this machine\)$/m,
  );
  expect(report).toContain(`  Files    ${folder}/media (recordings and players)\n`);
  expect(report).toMatch(/^\{.*"media server ready"/m);
  expect([existsSync(join(folder, 'media')), existsSync(join(folder, 'data'))]).toEqual([true, false]);
});

it('does not start with the folder of Parley’s database and secrets, nor with one that is not there', async () => {
  writeFileSync(join(folder, 'admin-token'), 'secret');
  for (const [flags, line] of [
    [
      ['--data', '.'],
      `--data: '${folder}' is Parley's own folder, with its database and secrets: name another one, such as ${folder}/recordings`,
    ],
    [['--files', 'nosuch'], `--files: there is no folder '${folder}/nosuch'`],
  ] as const) {
    const { errors, ended } = start(...flags);
    expect((await ended)[0]).toBe(1);
    expect(await errors).toBe(`media server: ${line}\n`);
  }
  expect(existsSync(join(folder, 'nosuch'))).toBe(false);
});
