// A media server as a child process that reports what it holds: for tests that look for what is left behind.
// Sent a message, it collects its garbage and answers with a `Holdings`.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { startMediaServer } from '@parley/media-server';
import { pino } from 'pino';

/** What a media server holds. */
export interface Holdings {
  readonly clients: Readonly<Record<'objects' | 'sessions' | 'subscriptions' | 'connections', number>>;
  /** Timers, sockets and requests that keep Node busy, by type. */
  readonly resources: Readonly<Record<string, number>>;
  readonly openFiles: number;
  /** JavaScript objects of any class that are in use. */
  readonly inUse: number;
  /** Of JavaScript and of its buffers, after a collection of garbage. */
  readonly bytes: number;
}

const CLIP = fileURLToPath(
  new URL('../../../packages/media-server/src/playing/fixtures/vp8-opus.webm', import.meta.url),
);
/** Sessions that lost their connection end within twice this. */
const COLLECTION_PERIOD_MS = 250;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const folder = mkdtempSync(join(tmpdir(), 'parley-measured-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
copyFileSync(CLIP, join(folder, 'clip.webm'));
const log = pino({ level: 'warn', base: { part: 'media-server' } });
const server = await startMediaServer({
  listen: { host: '127.0.0.1', port: 0 },
  rtcPort: 0,
  announcedIps: ['127.0.0.1'],
  token: undefined,
  dataDir: folder,
  collectionPeriodMs: COLLECTION_PERIOD_MS,
  log,
});

function holdings(): Holdings {
  collectGarbage();
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    clients: server.counts(),
    resources,
    openFiles: readdirSync('/proc/self/fd').length,
    inUse: queryObjects(Object, { format: 'count' }),
    bytes: heapUsed + arrayBuffers,
  };
}

process.on('message', () => process.send?.({ type: 'holdings', holdings: holdings() }));
process.once('SIGTERM', () => void server.close().then(() => process.exit()));
process.send?.({ type: 'ready', url: server.url });
