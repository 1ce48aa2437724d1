// Puts the parts of the application server together, starts them and ends them. What they do is theirs.
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { carryOn, heldRooms, pipelinesOf } from './continuity/carry-on.ts';
import { LiveStateFile } from './continuity/live-state-file.ts';
import { readOrMakeAdminToken } from './admin/admin-token.ts';
import { openDataFolder, type DataFolder } from './data-folder.ts';
import { answers, openDatabase, type Database } from './database/database.ts';
import { RecordingRepository } from './database/recording-repository.ts';
import { RoomRepository } from './database/room-repository.ts';
import { ProxyTrust } from './http/proxy-trust.ts';
import { createHttpServer } from './http/server.ts';
import { KurentoClient } from './kurento/kurento-client.ts';
import { IceServers, type TurnOptions } from './media/ice-servers.ts';
import { MAX_PATH_CHECKS, MAX_PATH_CHECKS_OF_ADDRESS, PathChecks } from './media/path-checks.ts';
import { StreamProcessor } from './media/stream-processor.ts';
import { TestSlots } from './media/test-slots.ts';
import { TestStreamProcessor } from './media/test-stream-processor.ts';
import { RecordingFiles } from './recordings/recording-files.ts';
import { RecordingService } from './recordings/recording-service.ts';
import { Attendance, type Patience } from './rooms/attendance.ts';
import { RoomRegistry } from './rooms/room-registry.ts';
import { createHandlers } from './signalling/handlers.ts';
import { SignallingServer } from './signalling/signalling-server.ts';
import { BrowserTracer } from './trace/browser-tracer.ts';
import { SessionInspector } from './trace/session-inspector.ts';
import { Tracing } from './trace/tracing.ts';
import type { TurnEvents } from './trace/turn-events.ts';
import { AppServerStartError } from './start-error.ts';
import { readAuthority } from './tls/certificate-files.ts';
import { ServerCertificate, type CertificateSummary, type TlsOptions } from './tls/server-certificate.ts';

export interface AppServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  dataDir: string;
  /** `postgres://…`; without it a file in the data folder. */
  databaseUrl?: string | undefined;
  /**
   * `url`: `ws://HOST:PORT/kurento` or `wss://…`; it writes into the same data folder. `caFile`: PEM file of the
   * authority to trust instead of the public ones.
   */
  mediaServer: { url: string; token?: string | undefined; caFile?: string | undefined };
  /** The built web client. */
  clientDir: string;
  /** Origins besides the server's own from which the page may come, such as `https://meet.example.org`. */
  publicOrigins?: readonly string[] | undefined;
  /** HTTPS and WSS; without it both in clear. */
  tls?: TlsOptions | undefined;
  /** Addresses and subnets of proxies that may say for whom they speak. */
  trustedProxies?: readonly string[] | undefined;
  /** With those who are cut off; without it `PATIENCE`. */
  patience?: Patience | undefined;
  /** Told to browsers, with credentials for each. */
  turn?: TurnOptions | undefined;
  /** What a TURN server that runs beside this server does, for the traces. */
  turnEvents?: TurnEvents | undefined;
  /** Get every span of every session's trace, such as a `BatchSpanProcessor` of OpenTelemetry with an exporter. */
  spanProcessors?: readonly SpanProcessor[] | undefined;
  /** Whether what a former life of this server left running is carried on; it is if not told otherwise. */
  carryOn?: boolean | undefined;
  log: Logger;
}

export interface RunningAppServer {
  readonly url: string;
  readonly port: number;
  /** As it was at start. */
  readonly certificate: CertificateSummary | undefined;
  /** Opens /api/admin: `file` has the token; `token` is told when it was made just now, and is for the operator alone. */
  readonly admin: { readonly file: string; readonly token: string | undefined };
  /** Ends calls and recordings, then everything else; idempotent. */
  close(): Promise<void>;
}

/**
 * Starts to listen, and resolves when the first attempt to reach the media server has ended, either way: without a media
 * server the application server runs, says so in `/api/health`, and refuses what needs one.
 * @throws AppServerStartError; nothing is left running then
 */
export async function startAppServer(options: AppServerOptions): Promise<RunningAppServer> {
  const log = options.log.child({ part: 'app-server' });
  const dataDir = resolve(options.dataDir);
  const folder = await openDataFolder(dataDir);
  let database: Database | undefined;
  try {
    const certificate = options.tls && (await ServerCertificate.open(options.tls, { dataDir, log }));
    const { caFile, ...mediaServer } = options.mediaServer;
    const authority = caFile === undefined ? undefined : await readAuthority(caFile);
    const address = options.databaseUrl ? { url: options.databaseUrl } : { file: folder.databaseFile };
    database = await openDatabase(address, log);
    const parts = { folder, certificate, mediaServer: { ...mediaServer, authority } };
    return await assemble({ ...options, log, dataDir }, parts, database);
  } catch (error) {
    await database?.destroy();
    folder.release();
    throw error;
  }
}

/** What was found out before anything runs. */
interface Prepared {
  readonly folder: DataFolder;
  readonly certificate: ServerCertificate | undefined;
  /** `authority`: PEM. */
  readonly mediaServer: { url: string; token?: string | undefined; authority: string | undefined };
}

async function assemble(
  options: AppServerOptions,
  parts: Prepared,
  database: Database,
): Promise<RunningAppServer> {
  const { log } = options;
  const { certificate } = parts;
  const { installation, tests: folder } = parts.folder;
  const proxies = new ProxyTrust(options.trustedProxies ?? []);
  const roomRepository = new RoomRepository(database);
  const recordingRepository = new RecordingRepository(database);
  const recordingFiles = new RecordingFiles(options.dataDir);

  const live: LiveStateFile = new LiveStateFile({
    file: parts.folder.liveStateFile,
    rooms: () => heldRooms(rooms.all()),
    log,
  });
  const former = options.carryOn === false ? undefined : await live.read();

  const mediaServer = new KurentoClient({
    ...parts.mediaServer,
    installation,
    carriedOn: pipelinesOf(former),
    log,
    onAvailable: () => tellAll(true),
    onLost: () => {
      tellAll(false);
      endMedia().catch((err: unknown) => log.error({ err }, 'the end of the streams was not recorded'));
    },
  });
  const { spanProcessors, turnEvents } = options;
  const tracing = new Tracing({ spanProcessors, turnEvents });
  const iceServers = new IceServers(options.turn);
  const rooms: RoomRegistry = new RoomRegistry(roomRepository, live.changed);
  const recordings = new RecordingService({
    mediaServer,
    repository: recordingRepository,
    files: recordingFiles,
    installation,
    onChange: live.changed,
    log,
  });
  const streams = new StreamProcessor({
    mediaServer,
    tracing,
    rooms,
    recordings,
    iceServers,
    installation,
    onChange: live.changed,
    log,
  });
  const attendance = new Attendance({
    rooms,
    streams,
    recordings,
    iceServers,
    patience: options.patience,
    log,
  });
  const slots = new TestSlots();
  const pathCheckSlots = new TestSlots(MAX_PATH_CHECKS, MAX_PATH_CHECKS_OF_ADDRESS);
  const signalling = new SignallingServer({
    publicOrigins: options.publicOrigins ?? [],
    outside: (request) => proxies.outside(request),
    clientOf: (request) => proxies.client(request),
    log,
    mediaServerAvailable: () => mediaServer.available,
    createTests: (notify, browser, address) =>
      new TestStreamProcessor({
        mediaServer,
        tracing,
        installation,
        folder,
        browser,
        slots,
        address,
        notify,
        log,
      }),
    createPathChecks: (browser, address) =>
      new PathChecks({ mediaServer, installation, browser, slots: pathCheckSlots, address, log }),
    createHandlers: (browser) => createHandlers({ attendance, streams, recordings, iceServers }, browser),
    createTracer: (browser, way) => new BrowserTracer({ tracing, browser, way }),
    disconnected: (...what) => attendance.disconnected(...what),
  });

  const tellAll = (available: boolean) => {
    for (const connection of signalling.connections) connection.notify('mediaServer', { available });
  };
  const endMedia = async () => {
    await Promise.all([
      streams.mediaServerLost(),
      ...[...signalling.connections].map(({ tests }) => tests.mediaServerLost()),
      ...[...signalling.connections].map(({ pathChecks }) => pathChecks.stop()),
    ]);
    await Promise.all(rooms.all().map((room) => recordings.stopIfRunning(room, 'lost')));
  };

  const admin = await readOrMakeAdminToken(options.dataDir);
  const http = await createHttpServer({
    clientDir: options.clientDir,
    adminToken: admin.token,
    inspector: new SessionInspector({ store: tracing.store, mediaServer, log }),
    publicOrigins: options.publicOrigins ?? [],
    proxies,
    certificate,
    log,
    rooms,
    roomRepository,
    recordings,
    recordingRepository,
    recordingFiles,
    health: async () => ({
      mediaServer: mediaServer.available ? 'connected' : 'unreachable',
      database: (await answers(database, log)) ? 'connected' : 'unreachable',
    }),
  });
  const port = await listen(http, options.host, options.port);
  // What listens is an HTTPS server exactly when there is a certificate.
  certificate?.follow(http.server as HttpsServer);
  try {
    if (former) {
      await mediaServer.start();
      await carryOn(former, { rooms, streams, recordings, attendance, mediaServer, log });
    }
    await recordings.finaliseInterrupted(rooms.all().flatMap(({ recording }) => recording ?? []));
  } catch (error) {
    certificate?.close();
    await http.close();
    // First, so that what runs there stays for the next start.
    await mediaServer.close();
    await attendance.close();
    await tracing.close();
    throw error;
  }
  // Not before: whoever comes back is to find what still runs.
  signalling.attach(http.server);
  live.open();
  if (!former) await mediaServer.start();

  const close = async () => {
    certificate?.close();
    await live.close();
    await signalling.close();
    await attendance.close();
    await http.close();
    await mediaServer.close();
    await tracing.close();
    await database.destroy();
    parts.folder.release();
  };
  let closed: Promise<void> | undefined;
  return {
    url: urlOf(certificate ? 'https' : 'http', options.host, port),
    port,
    certificate: certificate?.summary,
    admin: { file: admin.file, token: admin.isNew ? admin.token : undefined },
    close: () => (closed ??= close()),
  };
}

/** Gives the port that was taken. @throws AppServerStartError ('cannot-listen') */
async function listen(http: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await http.listen({ host, port });
    return (http.server.address() as AddressInfo).port;
  } catch (error) {
    await http.close();
    throw AppServerStartError.cannotListen(host, port, error);
  }
}

/** An address that listens everywhere is not one that a browser can open. */
function urlOf(scheme: string, host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}
