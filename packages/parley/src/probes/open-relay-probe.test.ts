import { createServer, type AddressInfo } from 'node:net';
import { TURN_METHOD } from '@parley/rtc';
import { expect, it, onTestFinished, vi } from 'vitest';
import { laxTurnServer } from '../audit/testing/lax-turn-server.ts';
import { allocateAsStranger } from './open-relay-probe.ts';

it('gives back the allocation that an open relay has made for it', async () => {
  const asked: number[] = [];
  const port = await laxTurnServer(undefined, { onRequest: (method) => asked.push(method) });
  expect(await allocateAsStranger(`turn:127.0.0.1:${port}?transport=udp`)).toMatchObject({
    outcome: 'allocated',
  });
  await vi.waitFor(() => expect(asked).toEqual([TURN_METHOD.ALLOCATE, TURN_METHOD.REFRESH]), 5_000);
});

it.each(['turn', 'turns'])('hangs up on a server that never answers, asked by %s:', async (scheme) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  // Who is still there takes whatever comes; what is sent to somebody who has gone is refused.
  const refused = new Promise<string | undefined>((resolve) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const write = () => void socket.write('still here', (error) => error ?? setImmediate(write));
      onTestFinished(() => void socket.destroy());
      socket.resume().on('end', write);
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      // Longer than anybody waits.
      vi.advanceTimersByTime(60_000);
    });
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      void allocateAsStranger(`${scheme}:127.0.0.1:${port}?transport=tcp`);
    });
  });
  expect(await refused).toMatch(/EPIPE|ECONNRESET/);
});
