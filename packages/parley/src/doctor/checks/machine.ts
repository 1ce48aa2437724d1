// Is the machine fit: Node, the built page, the data folder, disk, open files, clock?
import { constants } from 'node:fs';
import { access, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ok, problem, skipped, warning, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

/** What package.json asks for. */
const MIN_NODE = [20, 19] as const;

export function checkNode({ machine }: Patient): Diagnosis {
  const [major = 0, minor = 0] = machine.nodeVersion.split('.').map(Number);
  const enough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  if (enough) return ok('Node', `version ${machine.nodeVersion}`);
  return problem(
    'Node',
    `version ${machine.nodeVersion} is too old`,
    `install ${MIN_NODE.join('.')} or newer`,
  );
}

export async function checkWebClient({ machine }: Patient): Promise<Diagnosis> {
  try {
    await access(join(machine.clientDir, 'index.html'));
    return ok('web client', 'the page is built');
  } catch {
    return problem(
      'web client',
      'the page is not built, so there is nothing to open',
      'type "npm run build"',
    );
  }
}

/** Tried for real: permission bits say nothing about read-only mounts or full disks. */
export async function checkDataFolder({ configuration: { dataDir } }: Patient): Promise<Diagnosis> {
  const name = 'data folder';
  const folder = await existing(dataDir);
  try {
    if (folder !== dataDir) {
      await access(folder, constants.W_OK);
      return ok(name, `${dataDir} is not there yet and can be made`);
    }
    await rm(await mkdtemp(join(dataDir, '.doctor-')), { recursive: true });
    return ok(name, `${dataDir} can be written`);
  } catch (error) {
    const fix = 'give it to the user that runs Parley (chown), or name another one in DATA_DIR';
    return problem(name, `${dataDir} cannot be written: ${(error as Error).message}`, fix);
  }
}

const GIB = 2 ** 30;
/** A database, its journal and a short recording. */
const MIN_DISK_BYTES = GIB;
const LOW_DISK_BYTES = 10 * GIB;
/** Of one recorded camera with sound at 1.5 Mbit/s. */
const RECORDED_BYTES_PER_HOUR = (1_500_000 / 8) * 3_600;

export async function checkDisk({ configuration: { dataDir } }: Patient): Promise<Diagnosis> {
  const { bavail, bsize } = await statfs(await existing(dataDir));
  return diskDiagnosis(bavail * bsize);
}

/** @param free bytes that this user may fill */
export function diskDiagnosis(free: number): Diagnosis {
  const name = 'disk';
  const hours = Math.floor(free / RECORDED_BYTES_PER_HOUR);
  const text = `${(free / GIB).toFixed(1)} GiB free for the data folder, ${hours} hours of one recorded camera`;
  const fix = 'make room, or name a folder on another disk in DATA_DIR';
  if (free < MIN_DISK_BYTES) return problem(name, text, fix);
  return free < LOW_DISK_BYTES ? warning(name, text, fix) : ok(name, text);
}

/** A participant needs about ten: page, signalling, relayed and recorded legs. */
const DESCRIPTORS_PER_PARTICIPANT = 10;
const MIN_DESCRIPTORS = 1_024;
const GOOD_DESCRIPTORS = 4_096;

export function checkOpenFiles({ machine: { openFiles } }: Patient): Diagnosis {
  const name = 'open files';
  if (openFiles === undefined) return skipped(name, 'this system does not tell how many may be open');
  if (openFiles === Infinity) return ok(name, 'any number of files and sockets may be open at once');
  const people = Math.floor(openFiles / DESCRIPTORS_PER_PARTICIPANT);
  const text = `${openFiles} files and sockets may be open at once, enough for about ${people} participants`;
  const fix = 'raise it: "ulimit -n 65536" before the start, or LimitNOFILE=65536 in the systemd unit';
  if (openFiles < MIN_DESCRIPTORS) return problem(name, text, fix);
  return openFiles < GOOD_DESCRIPTORS ? warning(name, text, fix) : ok(name, text);
}

/** When this was written: no clock that is right can be before. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Without asking anybody outside: against the year, the monotonic clock, the file system's clock, and the files that Parley
 * wrote, which cannot be from the future.
 */
export async function checkClock({ now, machine, configuration }: Patient): Promise<Diagnosis> {
  const began = performance.now();
  const name = 'clock';
  const fix =
    'set the clock and keep it set (timedatectl set-ntp true): certificates and relay credentials end by it';
  const text = now.toISOString();
  if (now.getTime() < EARLIEST || now.getTime() > LATEST)
    return problem(name, `${text} cannot be right`, fix);
  const { monotonic, wall } = machine.elapsedMs;
  if (Math.abs(monotonic - wall) > CLOCK_TOLERANCE_MS)
    return warning(
      name,
      `${text}; it was set while this ran, by ${Math.round((wall - monotonic) / 1_000)} s`,
      fix,
    );
  const newest = await newestWriting(configuration.dataDir);
  // A busy machine may have taken its time for that.
  const ahead = newest - now.getTime() - (performance.now() - began);
  if (ahead > CLOCK_TOLERANCE_MS)
    return problem(
      name,
      `${text} is ${Math.round(ahead / 60_000)} minutes before what was written last to the data folder`,
      fix,
    );
  return ok(name, `${text}; plausible, but compared with no other machine`);
}

const WRITTEN_BY_PARLEY = ['parley.db', 'parley.db-wal', 'installation', 'lock', 'admin-token'];

/** Of the files that Parley keeps, and of one written just now; ms since 1970. */
async function newestWriting(dataDir: string): Promise<number> {
  const folder = await existing(dataDir);
  const times = await Promise.all(
    WRITTEN_BY_PARLEY.map((file) =>
      stat(join(folder, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times, await fileSystemTime(folder));
}

/** A file system on another machine has a clock of its own. 0 where nothing can be written: that is told elsewhere. */
async function fileSystemTime(folder: string): Promise<number> {
  const file = join(folder, `.clock-${process.pid}`);
  try {
    await writeFile(file, '');
    const { mtimeMs } = await stat(file);
    await rm(file);
    return mtimeMs;
  } catch {
    return 0;
  }
}

/** The folder itself, or the nearest around it that is there. */
async function existing(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch (error) {
    const around = dirname(path);
    if (around === path) throw error;
    return existing(around);
  }
}
