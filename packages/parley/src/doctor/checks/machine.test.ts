import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patientOf } from '../testing.ts';
import {
  checkClock,
  checkDataFolder,
  checkDisk,
  checkNode,
  checkOpenFiles,
  checkWebClient,
  diskDiagnosis,
} from './machine.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'parley-doctor-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('the machine', () => {
  it.each([
    ['20.18.3', 'problem'],
    ['18.20.0', 'problem'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('with Node %s: %s', (nodeVersion, level) => {
    expect(checkNode(patientOf({ machine: { nodeVersion } })).level).toBe(level);
  });

  it('needs the page to be built', async () => {
    const clientDir = await folder();
    expect((await checkWebClient(patientOf({ machine: { clientDir } }))).level).toBe('problem');
    await writeFile(join(clientDir, 'index.html'), '');
    expect((await checkWebClient(patientOf({ machine: { clientDir } }))).level).toBe('ok');
  });

  it.each([
    [256, 'problem'],
    [1_024, 'warning'],
    [65_536, 'ok'],
    [Infinity, 'ok'],
    [undefined, 'skipped'],
  ])('with %s open files: %s', (openFiles, level) => {
    expect(checkOpenFiles(patientOf({ machine: { openFiles } })).level).toBe(level);
  });

  it('needs room for recordings', async () => {
    expect(diskDiagnosis(2 ** 30 - 1).level).toBe('problem');
    expect(diskDiagnosis(2 ** 30).level).toBe('warning');
    expect(diskDiagnosis(10 * 2 ** 30)).toMatchObject({
      level: 'ok',
      text: expect.stringContaining('15 hours') as string,
    });
    const flags = ['--data-dir', join(await folder(), 'not', 'yet')];
    expect((await checkDisk(patientOf({ flags }))).text).toMatch(/GiB free/);
  });
});

describe('the data folder', () => {
  const check = (dataDir: string) => checkDataFolder(patientOf({ flags: ['--data-dir', dataDir] }));

  it('is in order when it can be written, or made', async () => {
    const path = await folder();
    expect((await check(path)).level).toBe('ok');
    expect(await check(join(path, 'new'))).toMatchObject({
      level: 'ok',
      text: expect.stringContaining('can be made') as string,
    });
  });

  it('is a problem when it is no folder', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    expect((await check(file)).level).toBe('problem');
  });
});

describe('the clock', () => {
  it('is plausible', async () => {
    const flags = ['--data-dir', await folder()];
    expect((await checkClock(patientOf({ flags }))).level).toBe('ok');
  });

  it('is wrong in a year that is over, or far ahead', async () => {
    for (const now of [new Date('1970-01-02'), new Date('2025-12-31'), new Date('2100-01-02')])
      expect((await checkClock(patientOf({ now }))).level).toBe('problem');
  });

  it('is wrong when Parley has written something later than now', async () => {
    const dataDir = await folder();
    const file = join(dataDir, 'parley.db');
    await writeFile(file, '');
    const later = new Date(Date.now() + 3_600_000);
    await utimes(file, later, later);
    expect(await checkClock(patientOf({ flags: ['--data-dir', dataDir] }))).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/is (59|60) minutes before/) as string,
    });
  });

  it('is worth a warning when it was set meanwhile', async () => {
    const elapsedMs = { monotonic: 1_000, wall: 61_000 };
    const flags = ['--data-dir', await folder()];
    expect((await checkClock(patientOf({ flags, machine: { elapsedMs } }))).text).toContain('by 60 s');
  });
});
