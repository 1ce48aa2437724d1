import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startMediaServer } from '../server.ts';
import { UNSENT_FOLDER, warnOfUnsent } from './unsent.ts';

let folder: string;
const log = { warn: vi.fn(), error: vi.fn() };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-unsent-'));
  vi.resetAllMocks();
});
afterEach(() => rmSync(folder, { recursive: true }));

it('tells how many recordings are kept and how large they are, without those that go while it counts', async () => {
  writeFileSync(join(folder, 'a.webm'), Buffer.alloc(1024 * 1024));
  writeFileSync(join(folder, 'b.mp4'), 'x');
  mkdirSync(join(folder, 'no-recording'));
  symlinkSync(join(folder, 'gone'), join(folder, 'c.webm'));
  await warnOfUnsent(folder, log);
  expect(log.warn.mock.calls).toEqual([
    [{ folder, files: 2, mib: 2 }, expect.stringMatching(/never removed by the server/)],
  ]);
});

it('is silent where there are none', async () => {
  await warnOfUnsent(folder, log);
  await warnOfUnsent(join(folder, 'missing'), log);
  expect(log.warn).not.toHaveBeenCalled();
  expect(log.error).not.toHaveBeenCalled();
});

it('tells of a folder that cannot be read, and goes on', async () => {
  writeFileSync(join(folder, 'file'), '');
  await warnOfUnsent(join(folder, 'file'), log);
  expect(log.error).toHaveBeenCalledOnce();
});

it('is told of when the server starts', async () => {
  mkdirSync(join(folder, UNSENT_FOLDER));
  writeFileSync(join(folder, UNSENT_FOLDER, 'a.webm'), 'x');
  const lines: string[] = [];
  const server = await startMediaServer({
    listen: { host: '127.0.0.1', port: 0 },
    rtcPort: 0,
    announcedIps: ['127.0.0.1'],
    token: undefined,
    dataDir: folder,
    httpPort: 0,
    log: pino({}, { write: (line: string) => lines.push(line) }),
  });
  await server.close();
  const told = lines.map((line) => JSON.parse(line) as unknown);
  expect(told).toContainEqual(
    expect.objectContaining({ level: 40, folder: join(folder, UNSENT_FOLDER), files: 1, mib: 1 }),
  );
});
