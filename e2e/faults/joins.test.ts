// Joining a call while something goes wrong: each of JOINS joins (200) ends within 15 s with media confirmed both ways, or
// with a cause that says the truth. Several people join at a time, each a room where somebody waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@parley/bad-network';
import { RoomResponse } from '@parley/protocol';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Child, tail } from '../src/child.ts';
import { Crowd, goToLobby, joinRoom } from '../src/joins/crowd.ts';
import { routeSignalling } from '../src/joins/faulty-signalling.ts';
import { JOIN_FAULTS, type JoinFault } from '../src/joins/join-faults.ts';
import { routeMedia } from '../src/joins/media-network.ts';
import { OutcomeWatch, type LegOutcome, type Outcome } from '../src/joins/outcome.ts';
import { health, openAddress, PARLEY } from '../src/parley-server.ts';
import { commandLine, treeOf } from '../src/processes.ts';

const JOINS = Number(process.env['JOINS'] ?? 200);
/** More of them would measure how two cores carry a dozen browsers' pages. */
const AT_A_TIME = 3;
/** From pressing "Join". */
const LIMIT_MS = 15_000;
const KILL_WITHIN_MS = 1_000;

/** The moments of the kills: two runs with the same seed differ in nothing that is chosen here. */
const random = seededRandom(Number(process.env['SEED'] ?? 1));

const folder = mkdtempSync(join(tmpdir(), 'parley-joins-'));
let parley: Child;
let server: string;
let rtcPort: number;
let crowd: Crowd;
/** Of those who joined so far: whoever left a moment ago may still have a tile. */
let joinersSoFar = 0;
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
      const joiners = await Promise.all(rooms.map((room, slot) => prepare(fault, room, slot)));
      try {
        const killed = fault.kill && killLater(fault.kill);
        const ends = await Promise.all(joiners.map((joiner) => joinAndWatch(fault, joiner)));
        await killed;
        const wrong = ends.filter(({ right }) => !right);
        if (wrong.length > 0) console.error(tail(parley.log, 60));
        expect(wrong).toEqual([]);
      } finally {
        await Promise.all(joiners.map(({ end }) => end()));
      }
    });
  }
});

interface Joiner {
  readonly slot: number;
  readonly watch: OutcomeWatch;
  readonly pressJoin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Somebody in the lobby of a room, behind a network in which the fault waits. */
async function prepare(fault: JoinFault, room: string, slot: number): Promise<Joiner> {
  const page = await crowd.newPage();
  const log = await routeSignalling(page, fault.signalling ?? []);
  const proxy = await routeMedia(page, rtcPort, fault.media ?? {});
  const host = hosts[slot];
  if (!host) throw new Error('nobody waits in this room');
  const name = `Joiner ${++joinersSoFar}`;
  return {
    slot,
    watch: new OutcomeWatch({ page, name }, { page: host, name: 'Host' }, log),
    pressJoin: await goToLobby(page, room, name),
    end: async () => {
      await page.close();
      await proxy.close();
    },
  };
}

interface End extends Outcome {
  readonly slot: number;
  readonly tookMs: number;
  readonly right: boolean;
}

async function joinAndWatch(fault: JoinFault, { slot, watch, pressJoin }: Joiner): Promise<End> {
  await pressJoin();
  const began = performance.now();
  let outcome: Outcome = { up: 'unknown', down: 'unknown' };
  const isRight = async () => isExpected(fault, (outcome = await watch.look()));
  const right = await vi.waitUntil(isRight, { timeout: LIMIT_MS, interval: 300 }).catch(() => false);
  return { slot, tookMs: Math.round(performance.now() - began), right, ...outcome };
}

/** A leg that cannot work says why, and is never called confirmed; one that can is. */
function isExpected({ causes = { up: [], down: [] } }: JoinFault, { up, down }: Outcome): boolean {
  const isRight = (leg: LegOutcome, right: readonly LegOutcome[]) =>
    right.length === 0 ? leg === 'confirmed' : right.includes(leg);
  return isRight(up, causes.up) && isRight(down, causes.down);
}

async function killLater(which: NonNullable<JoinFault['kill']>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, random() * KILL_WITHIN_MS));
  const entry = which === 'media server' ? 'media-server/src/main.ts' : 'parley/src/app-server-main.ts';
  const pid = treeOf(parley.process.pid ?? 0).find((pid) => commandLine(pid).includes(entry));
  if (pid === undefined) throw new Error(`no process of the ${which}`);
  process.kill(pid, 'SIGKILL');
}
