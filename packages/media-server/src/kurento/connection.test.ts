import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { KurentoConnection } from './connection.ts';
import type { Dispatcher } from './dispatcher.ts';
import { FaultLog } from './fault-log.ts';
import { success, type Request, type Response } from './messages.ts';

const ping = (id: number): string => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' });

/** A dispatcher that answers when it is told to. */
function stalling() {
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const handle = ({ id }: Request): Promise<Response> => {
    started.push(id as number);
    return new Promise((resolve) => finish.push(() => resolve(success(id, {}))));
  };
  const left: unknown[] = [];
  const dispatcher = { handle, leave: (caller: unknown) => left.push(caller) } as unknown as Dispatcher;
  return { dispatcher, started, left, finishNext: () => finish.shift()!() };
}

function connected(dispatcher: Dispatcher) {
  const wire: string[] = [];
  const note = (what: string) => () => void wire.push(what);
  const logged: unknown[] = [];
  const faults = new FaultLog(pino({}, { write: (line) => logged.push(JSON.parse(line)) }));
  const connection = new KurentoConnection(
    {
      client: '192.0.2.1:5000',
      send: (text) => wire.push(text),
      pause: note('pause'),
      resume: note('resume'),
    },
    dispatcher,
    faults,
  );
  return { connection, wire, logged };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('KurentoConnection', () => {
  it('says in the log whose message was no request', async () => {
    const { connection, logged } = connected(stalling().dispatcher);
    connection.receive('GET / HTTP/1.1');
    await settled();
    const line = { msg: 'a message was no Kurento request', client: '192.0.2.1:5000', code: -32700 };
    expect(logged).toEqual([expect.objectContaining(line)]);
  });

  it('looks at a message only when the one before is answered', async () => {
    const { dispatcher, started, finishNext } = stalling();
    const { connection } = connected(dispatcher);
    connection.receive(ping(1));
    connection.receive(ping(2));
    await settled();
    expect(started).toEqual([1]);
    finishNext();
    await settled();
    expect(started).toEqual([1, 2]);
  });

  it('does not read from a client with many requests waiting, until few are left', async () => {
    const { dispatcher, finishNext } = stalling();
    const { connection, wire } = connected(dispatcher);
    for (let id = 0; id < 70; id++) connection.receive(ping(id));
    expect(wire).toEqual(['pause']);
    for (let answered = 0; answered < 53; answered++) {
      finishNext();
      await settled();
    }
    expect(wire).not.toContain('resume');
    finishNext();
    await settled();
    expect(wire).toContain('resume');
  });

  it('does not read from a client whose waiting requests are long, until they are short', async () => {
    const { dispatcher, finishNext } = stalling();
    const { connection, wire } = connected(dispatcher);
    const long = ping(1).replace('"ping"', `"${'x'.repeat(1024 * 1024)}"`);
    connection.receive(long);
    connection.receive(long);
    expect(wire).toEqual([]);
    connection.receive(long);
    expect(wire).toEqual(['pause']);
    finishNext();
    await settled();
    expect(wire).not.toContain('resume');
    finishNext();
    await settled();
    expect(wire).toContain('resume');
  });

  it('carries out what is waiting when the client goes, then leaves, and sends nothing more', async () => {
    const { dispatcher, started, left, finishNext } = stalling();
    const { connection, wire } = connected(dispatcher);
    connection.receive(ping(1));
    connection.receive(ping(2));
    connection.close();
    connection.close();
    connection.receive(ping(3));
    expect(left).toEqual([]);
    finishNext();
    await settled();
    finishNext();
    await settled();
    expect([started, left, wire]).toEqual([[1, 2], [connection], []]);
  });
});
