// What becomes of sockets that are not let in.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { silent } from '../testing/harness.ts';
import { SignallingServer } from './signalling-server.ts';

test('a refused socket is given up, even by a client that never closes its side', async () => {
  const http = createServer();
  const unused = (): never => {
    throw new Error('nobody was let in');
  };
  const signalling = new SignallingServer({
    publicOrigins: [],
    outside: () => ({ host: undefined, encrypted: undefined }),
    clientOf: () => '192.0.2.1',
    log: silent,
    mediaServerAvailable: () => true,
    createTests: unused,
    createPathChecks: unused,
    createHandlers: unused,
    createTracer: unused,
    disconnected: unused,
  });
  signalling.attach(http);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.write('GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const [reply] = (await once(client, 'data')) as [Buffer];
  expect(reply.toString()).toContain('404');
  const closed = once(http, 'close');
  http.close();
  await closed;
  client.destroy();
});
