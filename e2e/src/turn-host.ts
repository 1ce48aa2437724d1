// The TURN server of this repository as a program, for tests that want it on a host of its own: options by environment,
// `ready` by IPC. The product runs it inside of its program.
import { readFileSync } from 'node:fs';
import { startTurnServer } from '@parley/turn-server';
import { pino } from 'pino';

function setting(name: string): string {
  const text = process.env[name];
  if (text === undefined) throw new Error(`${name} is not set`);
  return text;
}

const listen = { host: setting('TURN_HOST_ADDRESSES').split(','), port: 3478 };
const server = await startTurnServer({
  udp: listen,
  tcp: listen,
  tls: {
    ...listen,
    port: 5349,
    cert: readFileSync(setting('TURN_HOST_CERT')),
    key: readFileSync(setting('TURN_HOST_KEY')),
  },
  relayAddress: setting('TURN_HOST_RELAY'),
  permittedPeers: [{ address: setting('TURN_HOST_PEER'), port: Number(setting('TURN_HOST_PEER_PORT')) }],
  secret: setting('TURN_HOST_SECRET'),
  realm: 'parley',
  log: pino({ base: null }),
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
process.send?.({ type: 'ready' });
