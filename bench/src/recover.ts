// How long two people miss each other's picture when a process of the server is killed with SIGKILL in mid-call: the
// longest time without a new frame, at the one who waits longer. Nobody presses anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Child, commandLine, Participant, treeOf } from '@parley/e2e';
import { RoomResponse } from '@parley/protocol';

const PROCESSES = {
  'media server': 'media-server/src/main.ts',
  'application server': 'parley/src/app-server-main.ts',
} as const;

/** Longer than any recovery that is worth a figure, and than the pause in which a frozen picture is told from a slow one. */
const OBSERVED_MS = 12_000;

/** `npm run bench -- recover [--times 5]` */
export async function benchRecover(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { times: { type: 'string', default: '5' } } });
  const times = Number(values.times);
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const program = new Child(
    'packages/parley/src/main.ts',
    ['--port', '0', '--host', '127.0.0.1', '--rtc-port', '0', '--data-dir', join(folder, 'data')],
    { LOG_LEVEL: 'warn' },
    join(folder, 'parley.log'),
  );
  const people: Participant[] = [];
  try {
    const [, server = ''] = await program.printed(/Open +(\S+)[\s\S]*Ctrl-C/);
    const room = RoomResponse.parse(await (await fetch(`${server}/api/rooms`, { method: 'POST' })).json());
    people.push(
      await Participant.arrive({ name: 'Ada', server, colour: 'red', hz: 440 }),
      await Participant.arrive({ name: 'Bob', server, colour: 'blue', hz: 880 }),
    );
    for (const person of people) await person.join(`/r/${room.id}`);
    for (const [name, entry] of Object.entries(PROCESSES)) {
      const gaps: number[] = [];
      for (let index = 0; index < times; index++) {
        await longestGap(people, 3_000);
        const pid = treeOf(program.process.pid ?? 0).find((pid) => commandLine(pid).includes(entry));
        if (pid === undefined) throw new Error(`no process of the ${name}`);
        const gap = longestGap(people, OBSERVED_MS);
        process.kill(pid, 'SIGKILL');
        gaps.push(await gap);
      }
      gaps.sort((a, b) => a - b);
      console.log(`Longest time without a frame around kill -9 of the ${name}, ${times} times, in ms:`);
      console.log(`  ${gaps.map((gap) => gap.toFixed(0)).join(', ')}`);
    }
  } finally {
    await Promise.all(people.map((person) => person.goHome()));
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In ms, within the next `observedMs`, of whoever has the longer one; the picture counts that is shown, whichever it is. */
async function longestGap(people: readonly Participant[], observedMs: number): Promise<number> {
  const gaps = await Promise.all(
    people.map((viewer, index) =>
      viewer.page.evaluate(
        async ({ name, observedMs }) => {
          // The count begins anew with a new leg, and goes on with the same one.
          const frames = () =>
            document
              .querySelector<HTMLVideoElement>(`figure[aria-label="${name}"] video`)
              ?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
          const began = performance.now();
          let [last, lastAt, longest] = [frames(), began, 0];
          while (performance.now() - began < observedMs) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            const now = frames();
            if (now === last || now === 0) continue;
            longest = Math.max(longest, performance.now() - lastAt);
            [last, lastAt] = [now, performance.now()];
          }
          return Math.max(longest, performance.now() - lastAt);
        },
        { name: people[1 - index]?.name ?? '', observedMs },
      ),
    ),
  );
  return Math.max(...gaps);
}
