// Joining a call while something goes wrong: each of JOINS joins (200) ends within 15 s with media confirmed both ways, or
// with a cause that says the truth. Several people join at a time, each a room where somebody waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@parley/bad-network';
import type { LegStatus } from '@parley/protocol';
import { RoomResponse } from '@parley/protocol';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child, tail } from '../src/child.ts';
import { Crowd, joinRoom } from '../src/joins/crowd.ts';
import { routeSignalling } from '../src/joins/faulty-signalling.ts';
import { JOIN_FAULTS, type JoinFault } from '../src/joins/join-faults.ts';
import type { LegLog } from '../src/joins/leg-log.ts';
import { routeMedia } from '../src/joins/media-network.ts';
import { health, openAddress, PARLEY } from '../src/parley-server.ts';
import { commandLine, treeOf } from '../src/processes.ts';

const JOINS = Number(process.env['JOINS'] ?? 200);
const AT_A_TIME = 6;
/** From pressing "Join". */
const LIMIT_MS = 15_000;
/** The lobby takes about the first of it. */
const KILL_WITHIN_MS = 2_500;

/** The moments of the kills: two runs with the same seed differ in nothing that is chosen here. */
const random = seededRandom(Number(process.env['SEED'] ?? 1));

const folder = mkdtempSync(join(tmpdir(), 'parley-joins-'));
let parley: Child;
let server: string;
let rtcPort: number;
let crowd: Crowd;
/** Of each room somebody waits in. */
const rooms: string[] = [];
let hosts: Page[];

beforeAll(async () => {
  const flags = {
    port: '0',
    host: '127.0.0.1',
    'rtc-port': '0',
    'announced-ips': '127.0.0.1',
    'data-dir': join(folder, 'data'),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  parley = new Child(PARLEY, args, {}, join(folder, 'parley.log'));
  server = await openAddress(parley);
  rtcPort = Number(/Media +UDP and TCP port (\d+)/.exec(parley.stdout)?.[1]);
  crowd = await Crowd.gather();
  hosts = await Promise.all(Array.from({ length: AT_A_TIME }, () => crowd.newPage()));
  for (const host of hosts) {
    const made = await fetch(`${server}/api/rooms`, { method: 'POST' });
    const room = `${server}/r/${RoomResponse.parse(await made.json()).id}`;
    rooms.push(room);
    await joinRoom(host, room, 'Host');
  }
});

afterAll(async () => {
  await crowd?.disperse();
  await parley?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const rounds = Math.ceil(JOINS / (JOIN_FAULTS.length * AT_A_TIME));

describe.each(JOIN_FAULTS)('when $name', (fault) => {
  for (let round = 1; round <= rounds; round++) {
    it(`${AT_A_TIME} joins end confirmed or with the right cause, round ${round}`, async () => {
      await expect.poll(async () => (await health(server)).ready, { timeout: 10_000 }).toBe(true);
      const killed = fault.kill && killLater(fault.kill);
      const outcomes = await Promise.all(rooms.map((room, slot) => joinUnder(fault, room, slot)));
      await killed;
      const wrong = outcomes.filter(({ problem }) => problem !== undefined);
      if (wrong.length > 0) console.error(tail(parley.log, 60));
      expect(wrong).toEqual([]);
    });
  }
});

interface Outcome {
  readonly slot: number;
  readonly tookMs: number;
  readonly up: LegStatus | undefined;
  readonly down: LegStatus | undefined;
  /** Undefined: it ended as it should. */
  readonly problem: string | undefined;
}

async function joinUnder(fault: JoinFault, room: string, slot: number): Promise<Outcome> {
  const page = await crowd.newPage();
  const log = await routeSignalling(page, fault.signalling ?? []);
  const proxy = await routeMedia(page, rtcPort, fault.media ?? {});
  try {
    await joinRoom(page, room, 'Joiner');
    const began = performance.now();
    const ended = () => (fault.causes ? namesTheCause(fault.causes, log) : log.confirmed);
    await expect
      .poll(ended, { timeout: LIMIT_MS, interval: 50 })
      .toBe(true)
      // What is missing is told below.
      .catch(() => undefined);
    const tookMs = Math.round(performance.now() - began);
    const { up, down } = log;
    const problem = ended()
      ? await contradiction(fault, page, slot)
      : fault.causes
        ? 'not the right cause'
        : 'not confirmed';
    return { slot, tookMs, up, down, problem };
  } finally {
    await page.close();
    await proxy.close();
  }
}

/** A leg that cannot work says why, and is never called confirmed; one that can is. */
function namesTheCause({ up, down }: NonNullable<JoinFault['causes']>, log: LegLog): boolean {
  const isRight = (status: LegStatus | undefined, right: readonly string[]) =>
    right.length === 0
      ? status?.state === 'confirmed'
      : status?.state === 'failed' && right.includes(status.cause ?? '');
  return isRight(log.up, up) && isRight(log.down, down);
}

/** Confirmed means that frames move on both screens. */
async function contradiction(fault: JoinFault, page: Page, slot: number): Promise<string | undefined> {
  const host = hosts[slot];
  if (fault.causes || !host) return undefined;
  const moves = async (page: Page, name: string) => {
    const frames = () =>
      page
        .getByRole('figure', { name, exact: true })
        .locator('video')
        .evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames);
    const before = await frames();
    await expect.poll(frames, { timeout: 3_000 }).toBeGreaterThan(before);
  };
  const [here, there] = await Promise.allSettled([moves(page, 'Host'), moves(host, 'Joiner')]);
  if (here.status === 'rejected') return `the joiner sees nothing move: ${String(here.reason)}`;
  if (there.status === 'rejected') return `the host sees nothing move: ${String(there.reason)}`;
  return undefined;
}

async function killLater(which: NonNullable<JoinFault['kill']>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, random() * KILL_WITHIN_MS));
  const entry = which === 'media server' ? 'media-server/src/main.ts' : 'parley/src/app-server-main.ts';
  const pid = treeOf(parley.process.pid ?? 0).find((pid) => commandLine(pid).includes(entry));
  if (pid === undefined) throw new Error(`no process of the ${which}`);
  process.kill(pid, 'SIGKILL');
}
