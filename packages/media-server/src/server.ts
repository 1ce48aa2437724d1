// The media server as a whole: media port, certificate, files and the Kurento Protocol, put together and closed in order.
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';
import { prepareClientFolders } from './client-folders.ts';
import { FileStore, type FilesSetting } from './file-store.ts';
import { HttpIntake } from './intake/http-intake.ts';
import type { Limits } from './kurento/limits.ts';
import { startKurentoServer, type Counts } from './kurento/websocket-server.ts';
import type { HttpSourcePolicy } from './playing/http/allowed-address.ts';
import { MediaReaders } from './playing/reading/media-readers.ts';
import { UNSENT_FOLDER, warnOfUnsent } from './recording/unsent.ts';
import { RefusedFolders } from './refused-folders.ts';
import { Ticker } from './ticker.ts';
import { createDtlsCertificate } from './transport/certificate.ts';
import { MediaPort } from './transport/media-port.ts';
import type { RtpPortRange } from './transport/rtp-ports.ts';
import { DEFAULT_RTP_PORTS, RtpTransportFactory } from './transport/rtp-transport-factory.ts';
import { WebRtcTransportFactory } from './transport/webrtc-transport.ts';

export interface MediaServerOptions {
  /** Where the Kurento Protocol is spoken; port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** UDP and TCP; 0: any that is free in both. */
  readonly rtcPort: number;
  /** UDP ports of plain RTP, two for each m-line; 41000 to 41999 unless given. */
  readonly rtpPorts?: RtpPortRange;
  /** What browsers are told to send media to; empty: the addresses of this machine. */
  readonly announcedIps: readonly string[];
  /** Asked of every client when given. */
  readonly token: string | undefined;
  /** Without a token: pages of other hosts are let in as well as programs. */
  readonly allowAnonymous?: boolean;
  /** PEM; the Kurento Protocol is spoken over `wss` with it, over `ws` without. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly dataDir: string;
  /** Folders besides `dataDir` that recorders and players may use. */
  readonly filesDirs?: readonly string[];
  /** What the operator names them by; `--files` unless given. */
  readonly filesSetting?: FilesSetting;
  /** Those that are left out are the defaults. */
  readonly limits?: Partial<Limits>;
  /** A session without a connection ends one to two of these periods after its last use, in ms. */
  readonly collectionPeriodMs?: number | undefined;
  /** Where players may fetch from, and recorders send to, over HTTP; `any` unless given. */
  readonly httpSources?: HttpSourcePolicy;
  /** Where media is posted to, on the host of `listen`; 9091, the original's, unless given; 0: any free one. */
  readonly httpPort?: number;
  /** Of RTP that is taken from one peer, in bit/s; what is above is dropped (transport/flood-gate.ts). */
  readonly maxReceiveBitrate?: number | undefined;
  readonly log: Logger;
}

export interface RunningMediaServer {
  /** `ws://…/kurento` or `wss://…/kurento` */
  readonly url: string;
  readonly rtcPort: number;
  readonly addresses: readonly string[];
  /** What clients have made here. */
  counts(): Counts;
  /** Ends recordings in order, then everything else. Idempotent. */
  close(): Promise<void>;
}

export const DEFAULT_HTTP_PORT = 9091;

/** Every address of this machine, none of which a client could connect to. */
const WILDCARD_HOSTS = ['0.0.0.0', '::'];

/** @throws FolderError; Error with `code` (EADDRINUSE, EACCES, …) when a port cannot be had. */
export async function startMediaServer(options: MediaServerOptions): Promise<RunningMediaServer> {
  const { filesDirs = [], limits, listen, log, token, tls, collectionPeriodMs, allowAnonymous } = options;
  const { dataDir, filesSetting = '--files', maxReceiveBitrate } = options;
  await prepareClientFolders(dataDir, filesDirs, filesSetting);
  await warnOfUnsent(join(dataDir, UNSENT_FOLDER), log);
  const addresses = options.announcedIps.length > 0 ? options.announcedIps : ownAddresses();
  const mediaPort = await MediaPort.open({ host: '0.0.0.0', port: options.rtcPort, log });
  const refused = new RefusedFolders();
  const readers = new MediaReaders();
  const environment: Environment = {
    log,
    ticker: new Ticker({ onFault: (err) => log.error({ err }, 'a periodic task of an endpoint failed') }),
    files: new FileStore(dataDir, filesDirs, {
      setting: filesSetting,
      onRefused: (folder, sentence) => {
        if (refused.isNews(folder, performance.now())) log.warn({ folder }, sentence);
      },
    }),
    httpSources: options.httpSources ?? 'any',
    readers,
    intake: new HttpIntake({
      host: listen.host,
      port: options.httpPort ?? DEFAULT_HTTP_PORT,
      announcedHost: WILDCARD_HOSTS.includes(listen.host) ? addresses[0] : listen.host,
      tls,
      log,
    }),
    transports: new WebRtcTransportFactory(
      mediaPort,
      addresses,
      createDtlsCertificate(),
      log,
      maxReceiveBitrate,
    ),
    rtp: new RtpTransportFactory({
      ports: options.rtpPorts ?? DEFAULT_RTP_PORTS,
      announcedIps: addresses,
      maxReceiveBitrate,
      log,
    }),
  };
  const kurento = await startKurentoServer({
    ...listen,
    token,
    allowAnonymous,
    tls,
    limits,
    environment,
    collectionPeriodMs,
  }).catch(async (error: unknown) => {
    await mediaPort.close();
    throw error;
  });
  const rtcPort = mediaPort.port;
  const url = `${tls ? 'wss' : 'ws'}://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${kurento.port}/kurento`;
  log.info({ url, rtcPort, addresses }, 'media server ready');
  let closing: Promise<void> | undefined;
  const close = async () => {
    await kurento.close();
    await environment.intake.close();
    readers.close();
    environment.ticker.close();
    await mediaPort.close();
    log.info('media server closed');
  };
  return { url, rtcPort, addresses, counts: () => kurento.counts(), close: () => (closing ??= close()) };
}

/** Every address by which others may reach this machine, IPv4 first; loopback alone when there is no other. */
function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    // A link-local address means nothing without its link, which a candidate cannot name (RFC 8445, section 5.1.1.1).
    .filter(({ address, internal }) => !internal && !address.startsWith('fe80:'))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
  return addresses.length > 0 ? addresses : ['127.0.0.1'];
}
