export { startAppServer, type AppServerOptions, type RunningAppServer } from './app-server.ts';
export { AppServerStartError, type StartFailure } from './start-error.ts';
export { makeCertificate, type MadeCertificate } from './tls/make-certificate.ts';
export type { CertificateSummary, TlsOptions } from './tls/server-certificate.ts';
export type { TurnOptions } from './media/ice-servers.ts';
export type { TurnEvent, TurnEvents } from './trace/turn-events.ts';
