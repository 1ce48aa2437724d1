// Starts the parts in the order of their needs and ends them in the reverse. Signals and exit codes are main.ts's.
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { Configuration } from './configuration.ts';
import { prepareDataFolder } from './data-folder.ts';
import { StartError } from './errors.ts';
import { MediaServerProcess } from './media-server-process.ts';
import { startRelay, type Relay } from './relay.ts';
import type { Started } from './start-report.ts';

const CLIENT_DIR = fileURLToPath(new URL('../../web-client/dist/', import.meta.url));

export interface Program extends Started {
  /** Ends the calls and recordings, then the media server; idempotent. Resolves when nothing is left running. */
  close(): Promise<void>;
}

/** @throws StartError when the operator has to mend something; nothing is left running then */
export async function startProgram(configuration: Configuration): Promise<Program> {
  const { host, dataDir, tls, announcedIps, mediaServerUrl, mediaServerToken, mediaServerCa, databaseUrl } =
    configuration;
  await Promise.all([prepareDataFolder(dataDir), checkWebClient()]);
  const log = pino({ level: configuration.logLevel, base: null });

  // Both parts take most of their time to load, so they load side by side.
  const loading = import('@parley/app-server');
  const [embedded, { startAppServer, AppServerStartError }] = await Promise.all([
    mediaServerUrl === undefined
      ? MediaServerProcess.start({ ...configuration, log: log.child({ part: 'media-server' }) })
      : undefined,
    loading,
  ]);
  let relay: Relay | undefined;
  try {
    const running = await startRelay(configuration, embedded, log);
    relay = running;
    const appServer = await startAppServer({
      host,
      port: configuration.port,
      dataDir,
      databaseUrl,
      mediaServer: embedded
        ? { url: embedded.url, token: embedded.token }
        : { url: mediaServerUrl ?? '', token: mediaServerToken, caFile: mediaServerCa },
      tls: tls.kind === 'self-signed' ? { ...tls, announcedIps } : tls.kind === 'files' ? tls : undefined,
      trustedProxies: configuration.trustedProxies,
      turn: running.turn,
      clientDir: CLIENT_DIR,
      log,
    });
    let closed: Promise<void> | undefined;
    const close = async () => {
      try {
        // First, because it ends recordings, and for that it needs the media server.
        await appServer.close();
      } finally {
        await Promise.all([embedded?.close(), running.close()]);
      }
    };
    return {
      host,
      port: appServer.port,
      dataDir,
      certificate: appServer.certificate,
      media: embedded
        ? { kind: 'embedded', rtcPort: embedded.rtcPort, addresses: embedded.addresses }
        : { kind: 'remote', url: mediaServerUrl ?? '' },
      relay: running.summary,
      close: () => (closed ??= close()),
    };
  } catch (error) {
    await Promise.all([embedded?.close(), relay?.close()]);
    if (error instanceof StartError) throw error;
    if (!(error instanceof AppServerStartError)) throw error;
    throw StartError.appServer(`${host}:${configuration.port}`, error);
  }
}

async function checkWebClient(): Promise<void> {
  try {
    await access(`${CLIENT_DIR}index.html`);
  } catch {
    throw StartError.webClientNotBuilt();
  }
}
