// Doctor and audit look at a running Parley: they find it by its settings, try it for real, and leave it as it was.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Admin } from './src/admin.ts';
import { Child } from './src/child.ts';
import { health, openAddress, PARLEY } from './src/parley-server.ts';

const PROGRAM = fileURLToPath(new URL('../packages/parley/bin/parley.cjs', import.meta.url));

interface Inspected {
  readonly code: number;
  readonly report: {
    readonly running: boolean;
    readonly findings?: { readonly id: string }[];
    readonly checks: { readonly name: string; readonly outcome?: string; readonly level?: string }[];
  };
}

let folder: string;
let parley: Child;
let url: string;
let settings: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-inspection-'));
  settings = { HOST: '127.0.0.1', RTC_PORT: '0', DATA_DIR: join(folder, 'data'), ANNOUNCED_IPS: '127.0.0.1' };
  parley = new Child(PARLEY, [], { ...settings, PORT: '0' }, join(folder, 'parley.log'));
  url = await openAddress(parley);
  settings['PORT'] = new URL(url).port;
});

afterAll(async () => {
  parley.process.kill('SIGTERM');
  await parley.ended;
  rmSync(folder, { recursive: true, force: true });
});

async function parleyCommand(command: string, more: Record<string, string> = {}): Promise<Inspected> {
  const env = { ...process.env, ...settings, ...more };
  const run = promisify(execFile)(process.execPath, [PROGRAM, command, '--json'], { env });
  const { code, stdout } = await run.then(
    (ended) => ({ code: 0, ...ended }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  return { code, report: JSON.parse(stdout) as Inspected['report'] };
}

it('the audit finds nothing wrong with what is served on loopback, and could judge all there is', async () => {
  const { code, report } = await parleyCommand('audit');
  expect(report).toMatchObject({ running: true, findings: [] });
  expect(report.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  const judged = report.checks.filter(({ outcome }) => outcome === 'judged').map(({ name }) => name);
  expect(judged).toEqual(
    expect.arrayContaining(['foreign pages refused', 'cookies', 'content policy', 'media protected']),
  );
  expect(code).toBe(0);
});

it('the doctor reaches the media port over UDP and TCP, and finds all in order', async () => {
  const { code, report } = await parleyCommand('doctor');
  expect(report.running).toBe(true);
  expect(report.checks).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'media over UDP', level: 'ok' }),
      expect.objectContaining({ name: 'media over TCP', level: 'ok' }),
      expect.objectContaining({ name: 'media server', level: 'ok' }),
    ]),
  );
  expect(report.checks.filter(({ level }) => level === 'problem')).toEqual([]);
  expect(code).toBe(0);
});

it('the audit of a page that would be served in clear to the network ends with exit code 1', async () => {
  const { code, report } = await parleyCommand('audit', { HOST: '0.0.0.0', PORT: '0' });
  expect(report).toMatchObject({ running: false, findings: [{ id: 'signalling-without-tls' }] });
  expect(code).toBe(1);
});

it('both name their tests in the list of sessions, which would be somebody else’s', async () => {
  const admin = await Admin.signIn(url, readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim());
  const names = (await admin.sessions()).map(({ participantName }) => participantName);
  expect([...new Set(names)].sort()).toEqual(['parley audit', 'parley doctor']);
});

it('leaves Parley as it was', async () => {
  expect(await health(url)).toEqual({ ready: true, mediaServer: 'connected', database: 'connected' });
});
