// What other packages may use of the media server.
export { startMediaServer, type MediaServerOptions, type RunningMediaServer } from './server.ts';
