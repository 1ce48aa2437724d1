import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { found } from '../testing/found.ts';
import { subjectOf } from '../testing/subject.ts';
import { judgeDisk } from './disk.ts';

let dataDir: string;
const judge = (...flags: string[]) => judgeDisk(subjectOf({ flags: ['--data-dir', dataDir, ...flags] }));

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'data');
  await mkdir(join(dataDir, 'recordings', 'room'), { recursive: true });
  await writeFile(join(dataDir, 'recordings', 'room', 'piece.webm'), '', { mode: 0o600 });
  await chmod(join(dataDir, 'recordings', 'room'), 0o700);
  await chmod(join(dataDir, 'recordings'), 0o700);
  await writeFile(join(dataDir, 'parley.db'), '', { mode: 0o600 });
  await chmod(dataDir, 0o755);
});

describe.skipIf(process.platform === 'win32')('the data folder', () => {
  it('is in order when others find nothing in it that they may read', async () => {
    expect(await found(judge())).toEqual([]);
  });

  it.each([0o604, 0o640])('is found with a database of mode %d', async (mode) => {
    await chmod(join(dataDir, 'parley.db'), mode);
    expect(await judge()).toMatchObject({
      findings: [
        { id: 'data-readable-by-others', evidence: expect.stringContaining('parley.db (06') as string },
      ],
    });
  });

  it('is found when the names of rooms can be read, which are their keys', async () => {
    await chmod(join(dataDir, 'recordings'), 0o744);
    expect(await found(judge())).toEqual(['data-readable-by-others']);
  });

  it('is in order when nobody gets past it, whatever is inside', async () => {
    await chmod(join(dataDir, 'parley.db'), 0o644);
    await chmod(dataDir, 0o700);
    expect(await found(judge())).toEqual([]);
  });

  it('is looked at where it is, though a link leads there', async () => {
    await chmod(join(dataDir, 'parley.db'), 0o644);
    const link = join(dataDir, '..', 'link');
    await symlink(dataDir, link);
    expect(await found(judge('--data-dir', link))).toEqual(['data-readable-by-others']);
  });

  it('is found with a private key that others may read', async () => {
    const key = join(dataDir, '..', 'key.pem');
    await writeFile(key, '');
    await chmod(key, 0o644);
    const flags = ['--tls-cert', key, '--tls-key', key];
    expect(await found(judge(...flags))).toEqual(['data-readable-by-others']);
    await chmod(key, 0o600);
    expect(await found(judge(...flags))).toEqual([]);
  });

  it('is found with a secret’s file that others may read', async () => {
    const file = join(dataDir, '..', 'secret');
    await writeFile(file, 'hush', { mode: 0o644 });
    const turn = ['--turn-url', 'turn:192.0.2.1', '--turn-secret-file', file];
    expect(await found(judge(...turn))).toEqual(['data-readable-by-others']);
    await chmod(file, 0o600);
    expect(await found(judge(...turn))).toEqual([]);
  });

  it('is looked at though a secret came through a pipe, which is no file any more', async () => {
    const file = join(dataDir, '..', 'secret');
    await writeFile(file, 'hush', { mode: 0o600 });
    const flags = ['--data-dir', dataDir, '--turn-url', 'turn:192.0.2.1', '--turn-secret-file', file];
    const subject = subjectOf({ flags });
    await rm(file);
    await chmod(join(dataDir, 'parley.db'), 0o644);
    expect(await found(judgeDisk(subject))).toEqual(['data-readable-by-others']);
  });

  it('is nothing to look at before the first start, unlike a private key', async () => {
    const key = join(dataDir, '..', 'key.pem');
    await writeFile(key, '', { mode: 0o644 });
    await rm(dataDir, { recursive: true });
    expect(await found(judge())).toBe('left-out');
    expect(await found(judge('--tls-cert', key, '--tls-key', key))).toEqual(['data-readable-by-others']);
  });
});
