// Real connections over loopback, from more than one of its addresses.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Strangers } from './strangers.ts';

const DEADLINE_MS = 10_000;

let server: Server;
let strangers: Strangers;
/** Ends of the server's, in the order of their coming. */
let accepted: Socket[];
let clients: Socket[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  strangers = new Strangers({ max: 4, deadlineMs: DEADLINE_MS });
  [accepted, clients] = [[], []];
  server = createServer();
  server.on('connection', (socket) => {
    accepted.push(socket);
    strangers.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of [...clients, ...accepted]) socket.destroy();
  server.close();
  await once(server, 'close');
  vi.useRealTimers();
});

/** Every address of 127.0.0.0/8 is this machine. Gives the server's end. */
async function connectFrom(localAddress: string): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', localAddress });
  clients.push(client);
  const before = accepted.length;
  await once(client, 'connect');
  while (accepted.length === before) await once(server, 'connection');
  return accepted[before];
}

describe('strangers', () => {
  it('are hung up on at their deadline, and whoever has shown what it wants is not', async () => {
    const [silent, talking] = [await connectFrom('127.0.0.1'), await connectFrom('127.0.0.1')];
    strangers.leave(talking);
    vi.advanceTimersByTime(DEADLINE_MS - 1);
    expect([silent.destroyed, talking.destroyed]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    expect([silent.destroyed, talking.destroyed]).toEqual([true, false]);
  });

  it('make room, the oldest of the address that has most first', async () => {
    const lone = await connectFrom('127.0.0.2');
    const crowd: Socket[] = [];
    for (let count = 0; count < 5; count++) crowd.push(await connectFrom('127.0.0.3'));
    expect(crowd.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false, false]);
    expect(lone.destroyed).toBe(false);
    expect(strangers.size).toBe(4);
  });

  it('are as many as they like when each says at once what it wants', async () => {
    for (let count = 0; count < 20; count++) strangers.leave(await connectFrom('127.0.0.1'));
    expect(accepted.filter(({ destroyed }) => destroyed)).toEqual([]);
    expect(strangers.size).toBe(0);
  });

  it('leave by themselves when they go', async () => {
    const socket = await connectFrom('127.0.0.1');
    const closed = once(socket, 'close');
    clients[0]?.destroy();
    socket.resume();
    await closed;
    expect(strangers.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of one /64 of IPv6 are one address', () => {
    const made = (remoteAddress: string, remotePort: number): Socket => {
      const socket = { remoteAddress, remotePort, localAddress: '::', destroyed: false, once: () => socket };
      return Object.assign(socket, { destroy: () => (socket.destroyed = true) }) as unknown as Socket;
    };
    const crowd = [1, 2, 3].map((n) => made(`2001:db8:1:2:${n}::${n}`, n));
    const others = [made('2001:db8:1:3::1', 4), made('::ffff:192.0.2.1', 5)];
    for (const socket of [...others.slice(0, 1), ...crowd, ...others.slice(1)]) strangers.add(socket);
    expect(crowd.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect(others.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  });
});
