import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mediaServerSockets } from './own-sockets.ts';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000 100 0 0 10 0`;

it('knows where media servers listen, and leaves other programs and connections alone', async () => {
  const proc = await mkdtemp(join(tmpdir(), 'parley-proc-'));
  onTestFinished(() => rm(proc, { recursive: true }));
  const process = async (id: number, commandLine: string[], inodes: number[]) => {
    await mkdir(join(proc, String(id), 'fd'), { recursive: true });
    await writeFile(join(proc, String(id), 'cmdline'), commandLine.join('\0'));
    await Promise.all(
      inodes.map((inode) => symlink(`socket:[${inode}]`, join(proc, String(id), 'fd', String(inode)))),
    );
  };
  await process(7, ['node', '/srv/parley/packages/media-server/src/main.ts', '--listen'], [101, 102, 103]);
  await process(8, ['sshd'], [104]);
  await process(9, ['/usr/bin/kurento-media-server'], [105]);
  // It ends while we look.
  await mkdir(join(proc, '10'));
  await mkdir(join(proc, 'net'));
  const tcp = [HEADER, line('0100007F:22B8', '0A', 101), line('0100007F:22B8', '01', 102)];
  await writeFile(join(proc, 'net', 'tcp'), [...tcp, line('00000000:0016', '0A', 104)].join('\n'));
  const tcp6 = [
    HEADER,
    line('00000000000000000000000000000000:9C40', '0A', 103),
    line('B80D0120000000000000000001000000:22B8', '0A', 105),
  ];
  await writeFile(join(proc, 'net', 'tcp6'), tcp6.join('\n'));

  expect(await mediaServerSockets(proc)).toEqual([
    { address: '127.0.0.1', port: 8888 },
    { address: '::', port: 40_000 },
    { address: '2001:db8::1', port: 8888 },
  ]);
});

it('knows nothing where the system does not tell', async () => {
  expect(await mediaServerSockets('/nowhere')).toEqual([]);
});
