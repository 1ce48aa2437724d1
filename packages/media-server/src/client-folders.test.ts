import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderError, prepareClientFolders } from './client-folders.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'parley-folders-'));
});
afterEach(() => rmSync(base, { recursive: true }));

const prepare = (data: string, ...files: string[]) => prepareClientFolders(data, files, '--files');

it('makes the data folder and takes folders that are there', async () => {
  const data = join(base, 'a', 'media');
  await prepare(data, base);
  await prepare(data);
  expect(existsSync(data)).toBe(true);
});

it.each(['parley.db', 'admin-token', 'secrets.json'])(
  'refuses a folder that holds %s, which is Parley’s own, also by a link',
  async (name) => {
    writeFileSync(join(base, name), '');
    mkdirSync(join(base, 'recordings'));
    const link = join(base, 'recordings', 'link');
    symlinkSync(base, link);
    const own = (setting: string, folder: string) =>
      `${setting}: '${folder}' is Parley's own folder, with its database and secrets: name another one, such as ${folder}/recordings`;
    await expect(prepare(base)).rejects.toThrow(new FolderError(own('--data', base)));
    await expect(prepare(link)).rejects.toThrow(new FolderError(own('--data', link)));
    const recordings = join(base, 'recordings');
    await expect(prepare(recordings, base)).rejects.toThrow(new FolderError(own('--files', base)));
    await expect(prepareClientFolders(recordings, [base], 'KURENTO_FILES')).rejects.toThrow(
      /^KURENTO_FILES: /,
    );
    await prepare(recordings);
  },
);

it('makes no folder of a wrong name, but says that there is none', async () => {
  const missing = join(base, 'nosuch');
  await expect(prepare(base, missing)).rejects.toThrow(
    new FolderError(`--files: there is no folder '${missing}'`),
  );
  expect(existsSync(missing)).toBe(false);
});

it('says in a line that a file is no folder, and that a folder cannot be made', async () => {
  const file = join(base, 'file');
  writeFileSync(file, '');
  await expect(prepare(base, file)).rejects.toThrow(`--files: '${file}' is a file, not a folder`);
  await expect(prepare(file)).rejects.toThrow(
    `--data: '${file}' cannot be made: a file of that name is there`,
  );
  await expect(prepare(join(file, 'x'))).rejects.toThrow(/cannot be made: a part of its path is a file$/);
  await expect(prepare('/proc/x/y')).rejects.toThrow(
    "--data: '/proc/x/y' cannot be made: there is no such place",
  );
});
