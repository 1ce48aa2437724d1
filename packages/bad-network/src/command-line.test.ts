// The command line, and the program once from start to end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { checkProfile } from './link-profile.ts';
import { PROFILES } from './profiles.ts';
import { closeAll, closeLater, UdpPeer } from './testing/sockets.ts';

afterEach(closeAll);

const PLACES = ['--listen', '127.0.0.1:5000', '--target', '[::1]:6000'];

describe('the command line', () => {
  it('turns options into the profile of both directions', () => {
    const options =
      '--loss 5 --delay 50 --jitter 20 --rate 1000000 --burst 0.5/10 --outage 100+50/1000 --seed 42 --tcp';
    const profile = {
      lossPercent: 5,
      delayMs: 50,
      jitterMs: 20,
      rateBps: 1_000_000,
      burst: { enterPercent: 0.5, leavePercent: 10 },
      outages: [{ fromMs: 100, forMs: 50, everyMs: 1_000 }],
    };
    expect(readCommandLine([...PLACES, ...options.split(' ')])).toEqual({
      transport: 'tcp',
      listen: { host: '127.0.0.1', port: 5_000 },
      target: { host: '::1', port: 6_000 },
      up: profile,
      down: profile,
      seed: 42,
    });
  });

  it('changes one direction of a named profile', () => {
    const command = readCommandLine([...PLACES, ...'--profile 3g --direction down --loss 30'.split(' ')]);
    expect(command).toMatchObject({
      up: PROFILES['3g'].up,
      down: { ...PROFILES['3g'].down, lossPercent: 30 },
    });
  });

  it.each([
    ['--target', ['--listen', '127.0.0.1:1']],
    ['--listen', ['--listen', '127.0.0.1', '--target', '127.0.0.1:1']],
    ['--target', ['--listen', '127.0.0.1:0', '--target', '127.0.0.1:0']],
    ['lossPercent', [...PLACES, '--loss', '500']],
    ['--delay', [...PLACES, '--delay', 'long']],
    ['--burst', [...PLACES, '--burst', '5']],
    ['--outage', [...PLACES, '--outage', '5']],
    ['--direction', [...PLACES, '--direction', 'left']],
    ['toString', [...PLACES, '--profile', 'toString']],
    ['--unheard-of', [...PLACES, '--unheard-of']],
  ])('refuses what makes no sense and names it: %s', (name, args) => {
    expect(() => readCommandLine(args)).toThrow(name);
  });

  it('knows only profiles that make sense', () => {
    for (const { up, down } of Object.values(PROFILES)) {
      checkProfile(up);
      checkProfile(down);
    }
  });
});

describe('the program', () => {
  it('says where it listens, carries packets, and reports when it is stopped', async () => {
    const target = (await UdpPeer.open()).echo();
    const client = await UdpPeer.open();
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const targetText = `127.0.0.1:${target.address.port}`;
    const args = ['--import', 'tsx', main, '--listen', '127.0.0.1:0', '--target', targetText, '--delay', '2'];
    const program = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    closeLater(() => void program.kill('SIGKILL'));
    const [first] = (await once(program.stdout, 'data')) as [Buffer];
    const [, port] = /^udp 127\.0\.0\.1:(\d+) -> .*, seed 1\n$/.exec(first.toString()) ?? [];
    client.send('through the program', { host: '127.0.0.1', port: Number(port) });
    expect((await client.inbox.next()).text).toBe('through the program');
    let report = '';
    program.stdout.on('data', (chunk: Buffer) => (report += chunk.toString()));
    program.kill('SIGINT');
    expect(await once(program, 'close')).toEqual([0, null]);
    expect(JSON.parse(report)).toMatchObject({ clients: 1, up: { delivered: 1 }, down: { delivered: 1 } });
  });
});
