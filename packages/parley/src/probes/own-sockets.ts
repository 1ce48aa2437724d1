// Where the media servers that run on this machine listen over TCP.
import { readFile, readdir, readlink } from 'node:fs/promises';

export interface ListeningSocket {
  /** Also `0.0.0.0` or `::`: all of them. */
  readonly address: string;
  readonly port: number;
}

/** Parley's own, and the original. */
const MEDIA_SERVER = /media-server[\\/]src[\\/]main\.ts|kurento-media-server/;

/**
 * Where media servers of this machine listen, as far as this user may see it. Linux only: empty elsewhere.
 * @param folder where proc(5) is mounted
 */
export async function mediaServerSockets(folder = '/proc'): Promise<ListeningSocket[]> {
  const processes = (await readOr(readdir(folder), [])).filter((name) => /^\d+$/.test(name));
  const inodes = new Set<string>();
  for (const process of processes) {
    const commandLine = await readOr(readFile(`${folder}/${process}/cmdline`, 'utf8'), '');
    if (!MEDIA_SERVER.test(commandLine.replaceAll('\0', ' '))) continue;
    for (const descriptor of await readOr(readdir(`${folder}/${process}/fd`), [])) {
      const target = await readOr(readlink(`${folder}/${process}/fd/${descriptor}`), '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readOr(readFile(`${folder}/net/${name}`, 'utf8'), '')),
  );
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .flatMap((line) => parseLine(line, inodes)),
  );
}

/** Processes end while they are looked at, and those of other users are closed to us: both are as good as not there. */
async function readOr<Value>(reading: Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return otherwise;
    throw error;
  }
}

/** The state of a socket that listens, in proc(5)'s table. */
const LISTEN = '0A';

function parseLine(line: string, inodes: ReadonlySet<string>): ListeningSocket[] {
  const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
  const [address = '', port = ''] = local.split(':');
  if (state !== LISTEN || !inodes.has(inode)) return [];
  return [{ address: addressOf(address), port: Number.parseInt(port, 16) }];
}

/** Words of 32 bits in the machine's byte order, which is little-endian wherever Node runs on Linux but on s390x. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let start = 0; start + 4 <= bytes.length; start += 4) bytes.subarray(start, start + 4).reverse();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}
