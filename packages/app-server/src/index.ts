export { startAppServer, type AppServerOptions, type RunningAppServer } from './app-server.ts';
export { AppServerStartError, type StartFailure } from './start-error.ts';
