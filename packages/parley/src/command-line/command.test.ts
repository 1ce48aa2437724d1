import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readCommand } from './command.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/parley.cjs', import.meta.url));

/** What the program prints and how it ends. */
async function parley(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [PROGRAM, ...args])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('the command parley', () => {
  it('starts without a command, and takes flags alone for those of start', () => {
    expect(readCommand([])).toEqual({ command: 'start', args: [] });
    expect(readCommand(['--port', '1'])).toEqual({ command: 'start', args: ['--port', '1'] });
    expect(readCommand(['start', '--port', '1'])).toEqual({ command: 'start', args: ['--port', '1'] });
  });

  it('takes no name that every object has for a command', () => {
    expect(readCommand(['constructor'])).toEqual({ command: 'unknown', args: ['constructor'] });
  });

  it('says in one line which command there is not', async () => {
    expect(await parley('audti')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'parley: there is no command "audti": "parley --help" shows those there are\n',
    });
  }, 30_000);

  it('names its commands and the settings that they share', async () => {
    const { code, stdout } = await parley('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Usage: parley \[command\][^]*\n {2}start [^]*\n {2}PORT +--port /);
  }, 30_000);

  it('hands the flags on to start, which refuses wrong ones as under npm start', async () => {
    expect(await parley('start', '--port', 'x')).toMatchObject({
      code: 1,
      stderr: 'parley: --port must be a port from 0 (any free one) to 65535, not "x"\n',
    });
  }, 30_000);
});
