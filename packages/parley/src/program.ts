// Starts the parts side by side and ends them in the reverse order of their needs. Each part but the relay is a process of
// its own; this one only keeps them. Signals and exit codes are main.ts's.
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { AppServerProcess, type AppServerSettings } from './app-server-process.ts';
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
  const { host, port, dataDir, logLevel, mediaServerUrl } = configuration;
  await Promise.all([prepareDataFolder(dataDir), checkWebClient()]);
  const log = pino({ level: logLevel, base: null });

  // Each takes most of its time to load, so they load side by side; each fails with the reason of what it waits for.
  const mediaServer =
    mediaServerUrl === undefined
      ? MediaServerProcess.start({ ...configuration, log: log.child({ part: 'media-server' }) })
      : Promise.resolve(undefined);
  let listener: AppServerProcess | undefined;
  const relay = mediaServer.then((embedded) =>
    startRelay(
      configuration,
      embedded,
      ({ participant, ...event }) => {
        // What nobody proved to be theirs belongs to no session.
        if (participant !== undefined) listener?.turnEvent({ ...event, participant });
      },
      log,
    ),
  );
  const appServer = AppServerProcess.start({
    address: `${host}:${port}`,
    settings: Promise.all([mediaServer, relay]).then((parts) => settingsOf(configuration, ...parts)),
    logLevel,
    log: log.child({ part: 'app-server' }),
  });
  const parts = { mediaServer, relay, appServer };
  try {
    const [embedded, running, serving] = await Promise.all([mediaServer, relay, appServer]);
    listener = serving;
    let closed: Promise<void> | undefined;
    return {
      host,
      port: serving.port,
      dataDir,
      certificate: serving.certificate,
      admin: serving.admin,
      media: embedded
        ? {
            kind: 'embedded',
            rtcPort: embedded.rtcPort,
            addresses: embedded.addresses,
            kurentoUrl: embedded.kurentoUrl,
          }
        : { kind: 'remote', url: mediaServerUrl ?? '' },
      relay: running.summary,
      close: () => (closed ??= closeAll(parts)),
    };
  } catch (error) {
    await closeAll(parts);
    throw error;
  }
}

/** Ends what was started; what was not has ended itself. */
async function closeAll(parts: {
  mediaServer: Promise<MediaServerProcess | undefined>;
  relay: Promise<Relay>;
  appServer: Promise<AppServerProcess>;
}): Promise<void> {
  // First, because it ends recordings, and for that it needs the media server.
  const [appServer] = await Promise.allSettled([parts.appServer]);
  if (appServer.status === 'fulfilled') await appServer.value.close();
  const closeIfThere = (part: { close(): Promise<void> } | undefined) => part?.close();
  await Promise.allSettled([parts.mediaServer.then(closeIfThere), parts.relay.then(closeIfThere)]);
}

function settingsOf(
  configuration: Configuration,
  embedded: MediaServerProcess | undefined,
  { turn }: Relay,
): AppServerSettings {
  const { host, port, dataDir, tls, announcedIps, databaseUrl, trustedProxies } = configuration;
  const { mediaServerUrl, mediaServerToken, mediaServerCa } = configuration;
  return {
    host,
    port,
    dataDir,
    databaseUrl,
    mediaServer: embedded
      ? { url: embedded.url, token: embedded.token }
      : { url: mediaServerUrl ?? '', token: mediaServerToken, caFile: mediaServerCa },
    tls: tls.kind === 'self-signed' ? { ...tls, announcedIps } : tls.kind === 'files' ? tls : undefined,
    trustedProxies,
    turn,
    clientDir: CLIENT_DIR,
  };
}

async function checkWebClient(): Promise<void> {
  try {
    await access(`${CLIENT_DIR}index.html`);
  } catch {
    throw StartError.webClientNotBuilt();
  }
}
