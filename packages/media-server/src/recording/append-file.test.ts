import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, checkCreatable, createFile } from './append-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-append-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function written(text: string): Promise<void> {
  const file = new AppendFile(await createFile(join(folder, 'out')));
  await file.write(Buffer.from(text));
  await file.close();
}

describe('createFile', () => {
  it('gives a file of its own, and leaves the old one to those who read it', async () => {
    await written('old');
    const reader = await open(join(folder, 'out'), 'r');
    await written('new');
    expect((await reader.readFile()).toString()).toBe('old');
    await reader.close();
    expect((await readFile(join(folder, 'out'))).toString()).toBe('new');
  });
});

describe('checkCreatable', () => {
  it('makes nothing, and lets pass what can be made', async () => {
    await written('old');
    await checkCreatable(join(folder, 'out'));
    await checkCreatable(join(folder, 'not', 'yet', 'there'));
    expect(await readdir(folder)).toEqual(['out']);
    expect((await readFile(join(folder, 'out'))).toString()).toBe('old');
  });

  it.each([
    ['', 'EISDIR'],
    ['out/a.webm', 'ENOTDIR'],
    ['out/not/yet/there/a.webm', 'ENOTDIR'],
  ])('says why %j cannot be made: %s', async (name, code) => {
    await written('old');
    await expect(checkCreatable(join(folder, name))).rejects.toMatchObject({ code });
  });
});
