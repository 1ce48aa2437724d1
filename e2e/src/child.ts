// A process of the product under test: its output is kept, its end is awaited, and none survives its test.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Parley promises to end within 3 s; the rest is for a machine that is busy with browsers. */
const STOP_DEADLINE_MS = 10_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything that it printed, by channel. */
  readonly stdout: string;
  readonly stderr: string;
}

export class Child {
  readonly process: ChildProcess;
  readonly logFile: string;
  /** Settles when the process is gone and all its output was read. */
  readonly ended: Promise<Ended>;
  readonly #log: WriteStream;
  readonly #output = { stdout: '', stderr: '' };
  #hasEnded = false;

  /**
   * @param entry path of a TypeScript file below the root of the repository
   * @param within a command that becomes the process that it is given, such as `ip netns exec NAME`
   */
  constructor(
    entry: string,
    args: readonly string[],
    environment: Record<string, string>,
    logFile: string,
    within: readonly string[] = [],
  ) {
    this.logFile = logFile;
    this.#log = createWriteStream(logFile, { flags: 'a' });
    const [command, ...rest] = [...within, process.execPath, '--import', 'tsx', entry, ...args];
    this.process = spawn(command, rest, {
      cwd: ROOT,
      env: { ...inherited(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // However the tests end, nothing of them goes on.
    const end = () => void this.process.kill('SIGKILL');
    process.once('exit', end);
    for (const channel of ['stdout', 'stderr'] as const)
      this.process[channel]?.setEncoding('utf8').on('data', (text: string) => {
        this.#output[channel] += text;
        this.#log.write(text);
      });
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code, signal) => {
        this.#hasEnded = true;
        process.off('exit', end);
        this.#log.end();
        resolve({ code, signal, ...this.#output });
      });
    });
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Resolves with the match once stdout has it; rejects with the output when the process ends before. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.#output.stdout);
        if (!match) return;
        this.process.stdout?.off('data', look);
        resolve(match);
      };
      this.process.stdout?.on('data', look);
      this.ended.then(({ stdout, stderr, code }) => {
        reject(new Error(`ended with exit code ${code} before it printed ${pattern}:\n${stdout}${stderr}`));
      }, reject);
      look();
    });
  }

  /** The first message that it sends over its IPC channel. */
  async told(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.process.once('message', resolve);
      this.ended.then(
        ({ stdout, stderr }) => reject(new Error(`ended without a message:\n${stdout}${stderr}`)),
        reject,
      );
    });
  }

  /** Sends SIGTERM. @throws Error when it does not end, or not with exit code 0 */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.process.kill('SIGTERM');
    const force = setTimeout(() => this.process.kill('SIGKILL'), STOP_DEADLINE_MS);
    const { code, signal } = await this.ended;
    clearTimeout(force);
    if (code !== 0)
      throw new Error(`ended with ${signal ?? `exit code ${code}`} on SIGTERM:\n${tail(this.log)}`);
  }
}

/** The last lines of a log. */
export function tail(log: string, lines = 200): string {
  return log.split('\n').slice(-lines).join('\n');
}

/** Without this machine's own settings of Parley. */
function inherited(): NodeJS.ProcessEnv {
  const ours =
    /^(PORT|HOST|DATA_DIR|RTC_PORT|ANNOUNCED_IPS|MEDIA_SERVER_.*|TLS(_.*)?|TURN_.*|TRUST_PROXY|DATABASE_URL|LOG_LEVEL|NODE_OPTIONS|VITEST.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
