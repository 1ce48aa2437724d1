// The process that reads media, as the media server starts it, without the media server.
import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FromReader, ToReader } from './reader-protocol.ts';

/** More than any start on a machine that is busy with other tests. In ms. */
const TEST_TIMEOUT_MS = 60_000;

let reader: ChildProcess;

beforeEach(() => {
  reader = fork(fileURLToPath(new URL('./reader-main.cjs', import.meta.url)), [], {
    execArgv: ['--require', createRequire(import.meta.url).resolve('tsx/cjs')],
    serialization: 'advanced',
  });
});

afterEach(() => {
  reader.kill('SIGKILL');
});

/** Has something opened; gives what it then asks for the bytes of. */
async function asked(media: number): Promise<number> {
  const question = { type: 'open', name: 'file', isLocal: true, size: 1_000 } as const;
  const message: ToReader = { type: 'ask', media, request: 1, question };
  reader.send(message);
  for await (const [answer] of on(reader, 'message', { close: ['close'] }) as AsyncIterable<[FromReader]>)
    if (answer.type === 'pull') return answer.media;
  throw new Error('it has ended');
}

describe('the process that reads media', { timeout: TEST_TIMEOUT_MS }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'goes on when a terminal or a service manager tells all processes to end (%s): the media server ends it',
    async (signal) => {
      await asked(1);
      reader.kill(signal);
      expect(await asked(2)).toBe(2);
      reader.disconnect();
      expect(await once(reader, 'exit')).toEqual([0, null]);
    },
  );
});
