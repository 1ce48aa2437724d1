import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'parley-folder-'));
afterEach(() => rmSync(base, { recursive: true, force: true }));

it('makes a folder for two at the same time', async () => {
  const folder = join(base, 'x', 'y', 'z');
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700), makeFolder(folder, 0o700)]);
  expect(statSync(folder).isDirectory()).toBe(true);
});

it('makes what is missing above it, for its owner only, and leaves what is there', async () => {
  const folder = join(base, 'a', 'b', 'c');
  await makeFolder(folder, 0o700);
  await makeFolder(folder, 0o755);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(existsSync(folder)).toBe(true);
});

it('says that a file is no folder', async () => {
  const file = join(base, 'file');
  await makeFolder(base, 0o700);
  writeFileSync(file, '');
  await expect(makeFolder(file, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
});

it('says no where nothing can be made, instead of trying for ever', async () => {
  await expect(makeFolder('/proc/x/y', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});
