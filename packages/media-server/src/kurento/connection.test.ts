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
  const faults = new FaultLog(pino({ enabled: false }));
  const connection = new KurentoConnection(
    { send: (text) => wire.push(text), pause: note('pause'), resume: note('resume') },
    dispatcher,
    faults,
  );
  return { connection, wire };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('KurentoConnection', () => {
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
