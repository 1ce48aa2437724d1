import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { helpText, readConfiguration } from './configuration.ts';
import { StartError } from './errors.ts';

const configured = (args: string[], environment: Record<string, string> = {}) => {
  const configuration = readConfiguration(args, environment);
  if (configuration === 'help') throw new Error('asked for help');
  return configuration;
};

describe('configuration', () => {
  it('has a default for everything that is needed', () => {
    expect(configured([])).toMatchObject({
      port: 8080,
      host: '0.0.0.0',
      rtcPort: 40_000,
      announcedIps: [],
      tls: { kind: 'off' },
      trustedProxies: [],
      mediaServerUrl: undefined,
      databaseUrl: undefined,
      logLevel: 'info',
    });
    expect(configured([]).dataDir).toBe(`${process.cwd()}/data`);
  });

  it('prefers a flag to the environment, and takes both spellings of a flag', () => {
    const environment = { PORT: '1', RTC_PORT: '2', ANNOUNCED_IPS: '192.0.2.1, 198.51.100.7' };
    expect(configured(['--port', '3', '--rtc-port=0'], environment)).toMatchObject({
      port: 3,
      rtcPort: 0,
      announcedIps: ['192.0.2.1', '198.51.100.7'],
    });
  });

  it('takes a certificate by its files, or makes one, and the proxies that are trusted', () => {
    const files = { kind: 'files', certFile: `${process.cwd()}/a.pem`, keyFile: '/k.pem' };
    expect(configured(['--tls-cert', 'a.pem', '--tls-key', '/k.pem']).tls).toEqual(files);
    expect(configured([], { TLS: 'self-signed' }).tls).toEqual({ kind: 'self-signed' });
    expect(configured([], { TRUST_PROXY: '127.0.0.1, ::1,10.0.0.0/8' }).trustedProxies).toEqual([
      '127.0.0.1',
      '::1',
      '10.0.0.0/8',
    ]);
  });

  it('opens the embedded media server to other clients, on this machine without a token', () => {
    expect(configured([]).kurento).toBeUndefined();
    const local = { listen: '127.0.0.1:8888', token: undefined, files: [] };
    expect(configured(['--kurento-listen', '127.0.0.1:8888']).kurento).toEqual(local);
    const open = { KURENTO_LISTEN: '[::]:8888', KURENTO_TOKEN: 'secret' };
    expect(configured([], open).kurento).toEqual({ listen: '[::]:8888', token: 'secret', files: [] });
    expect(configured([], { ...open, KURENTO_FILES: '/tmp, ./streams' }).kurento?.files).toEqual([
      '/tmp',
      `${process.cwd()}/streams`,
    ]);
  });

  it('counts an empty variable as unset', () => {
    expect(configured([], { PORT: '', MEDIA_SERVER_URL: '' })).toMatchObject({
      port: 8080,
      mediaServerUrl: undefined,
    });
  });

  it('counts an empty flag as unset, so that no folder is taken for the data folder by mistake', () => {
    expect(configured(['--data-dir', '']).dataDir).toBe(`${process.cwd()}/data`);
    expect(configured(['--data-dir='], { DATA_DIR: '/srv/parley' }).dataDir).toBe('/srv/parley');
  });

  it.each([
    [['--port', '65536'], {}, '--port must be a port from 0 (any free one) to 65535, not "65536"'],
    [[], { PORT: '8080x' }, 'PORT must be a port from 0 (any free one) to 65535, not "8080x"'],
    [[], { PORT: '-1' }, 'PORT must be a port from 0 (any free one) to 65535, not "-1"'],
    [['--host', 'a b'], {}, '--host must be an address or host name of this machine, not "a b"'],
    [
      [],
      { ANNOUNCED_IPS: '192.0.2.1,' },
      'ANNOUNCED_IPS must be IP addresses with commas between them, not "192.0.2.1,"',
    ],
    [
      [],
      { MEDIA_SERVER_URL: 'http://a' },
      'MEDIA_SERVER_URL must be a URL that begins with ws:// or wss://, not "http://a"',
    ],
    [[], { LOG_LEVEL: 'loud' }, /^LOG_LEVEL must be one of fatal, .*, not "loud"$/],
    [[], { KURENTO_LISTEN: '8888' }, 'KURENTO_LISTEN must be HOST:PORT, not "8888"'],
    [[], { KURENTO_LISTEN: 'a:65536' }, 'KURENTO_LISTEN must be HOST:PORT, not "a:65536"'],
    [[], { KURENTO_LISTEN: '0.0.0.0:8888' }, /is reachable from other machines: set KURENTO_TOKEN as well$/],
    [[], { KURENTO_FILES: '/tmp' }, /^KURENTO_FILES is of use only with KURENTO_LISTEN/],
    [
      ['--kurento-listen', '127.0.0.1:1'],
      { KURENTO_FILES: '/tmp,' },
      'KURENTO_FILES must be folders with commas between them, not "/tmp,"',
    ],
    [[], { KURENTO_TOKEN: 'secret' }, /^KURENTO_TOKEN is of use only with KURENTO_LISTEN/],
    [
      ['--kurento-listen', 'localhost:8888'],
      { MEDIA_SERVER_URL: 'ws://a/kurento' },
      /^KURENTO_LISTEN is for the embedded media server/,
    ],
    [[], { MEDIA_SERVER_TOKEN: 'secret' }, /^MEDIA_SERVER_TOKEN is of use only with MEDIA_SERVER_URL/],
    [
      [],
      { MEDIA_SERVER_URL: 'ws://a/kurento?token=secret' },
      /^MEDIA_SERVER_URL is told by reports(?!.*secret)/,
    ],
    [
      [],
      { MEDIA_SERVER_URL: 'wss://a:secret@b/kurento' },
      /^MEDIA_SERVER_URL is told by reports(?!.*secret)/,
    ],
    [['--tls', 'on'], {}, '--tls must be off or self-signed, not "on"'],
    [['--tls-cert', 'a.pem'], {}, /^TLS_CERT and TLS_KEY belong together/],
    [['--tls=self-signed', '--tls-cert=a', '--tls-key=b'], {}, /^TLS=self-signed makes a certificate/],
    [[], { TRUST_PROXY: '10.0.0.0/33' }, /^TRUST_PROXY must be addresses or subnets .*, not "10.0.0.0\/33"$/],
    [[], { TRUST_PROXY: 'true' }, /^TRUST_PROXY must be addresses or subnets/],
    [
      [],
      { MEDIA_SERVER_URL: 'ws://a/kurento', MEDIA_SERVER_CA: 'ca.pem' },
      /^MEDIA_SERVER_CA is of use only with a MEDIA_SERVER_URL that begins with wss:/,
    ],
    [['--colour', 'red'], {}, /^unknown flag --colour/],
    [['--port'], {}, '--port needs a value'],
    [['--port', '--host'], {}, '--port must be a port from 0 (any free one) to 65535, not "--host"'],
    [['start'], {}, /^"start" is not understood/],
  ])('refuses %j with %j in one line', (args, environment, message) => {
    expect(() => readConfiguration(args, environment)).toThrow(StartError);
    expect(() => readConfiguration(args, environment)).toThrow(message);
  });

  it('never repeats a secret', () => {
    expect(() => readConfiguration([], { DATABASE_URL: 'mysql://user:hunter2@host' })).toThrow(
      /^DATABASE_URL must be a URL that begins with postgres:\/\/$/,
    );
  });

  it('explains each setting with its variable, flag and default', () => {
    expect(readConfiguration(['--help'], {})).toBe('help');
    expect(helpText()).toMatch(/RTC_PORT +--rtc-port .* \[40000\]/);
  });

  it('relays by itself, by another TURN server with its secret, or not at all', () => {
    const turn = (environment: Record<string, string>) => {
      const configuration = readConfiguration([], environment);
      return configuration === 'help' ? undefined : configuration.turn;
    };
    expect(turn({})).toEqual({ kind: 'embedded', port: 3478 });
    const files = { TLS_CERT: '/c.pem', TLS_KEY: '/k.pem' };
    expect(turn(files)).toEqual({ kind: 'embedded', port: 3478, tls: { port: 5349, name: undefined } });
    expect(turn({ ...files, TURN_TLS_PORT: '443', TURN_TLS_NAME: 'turn.example.org:443' })).toEqual({
      kind: 'embedded',
      port: 3478,
      tls: { port: 443, name: 'turn.example.org:443' },
    });
    expect(turn({ ...files, TURN_TLS_PORT: 'off' })).toEqual({ kind: 'embedded', port: 3478 });
    // Browsers would not take it: only who says so has it.
    expect(turn({ TLS: 'self-signed' })).toEqual({ kind: 'embedded', port: 3478 });
    expect(turn({ TLS: 'self-signed', TURN_TLS_PORT: '5349' })).toMatchObject({ tls: { port: 5349 } });
    expect(() => turn({ TURN_TLS_PORT: '5349' })).toThrow('needs a certificate');
    expect(() => turn({ ...files, TURN_TLS_PORT: '3478' })).toThrow('must differ');
    expect(() => turn({ ...files, TURN_TLS_NAME: 'https://turn' })).toThrow('TURN_TLS_NAME must be');
    expect(turn({ TURN_PORT: 'off' })).toEqual({ kind: 'off' });
    expect(turn({ TURN_URL: 'turn:relay.example:3478, turns:relay.example:5349', TURN_SECRET: 's' })).toEqual(
      {
        kind: 'external',
        server: { urls: ['turn:relay.example:3478', 'turns:relay.example:5349'], secret: 's' },
      },
    );
    expect(() => turn({ TURN_URL: 'turn:relay.example' })).toThrow('TURN_SECRET');
    expect(() => turn({ TURN_URL: 'https://relay.example', TURN_SECRET: 's' })).toThrow('TURN_URL must be');
    expect(() => turn({ TURN_PORT: 'on' })).toThrow('TURN_PORT must be off or a port');
  });
});

describe('secrets', () => {
  const TURN = { TURN_URL: 'turn:192.0.2.1' };

  /** Gives the file's path; it goes with the test. */
  function fileWith(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'parley-secret-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'secret'), text, { mode: 0o600 });
    return join(folder, 'secret');
  }

  it('come by environment or file, named there or by a flag, without the line’s end', () => {
    const file = fileWith('of-the-file\n');
    const external = { kind: 'external', server: { urls: ['turn:192.0.2.1'], secret: 'of-the-file' } };
    const byVariable = configured([], { ...TURN, TURN_SECRET_FILE: file });
    expect(byVariable).toMatchObject({ turn: external, secretFiles: [file], warnings: [] });
    expect(byVariable.secrets).toEqual(new Map([['TURN_SECRET', 'of-the-file']]));
    expect(configured(['--turn-secret-file', file], TURN)).toMatchObject({ turn: external, warnings: [] });
    expect(configured(['--turn-secret-file', file], { ...TURN, TURN_SECRET: 'other' }).turn).toEqual(
      external,
    );
    expect(configured([], { DATABASE_URL_FILE: fileWith('postgres://a:b@c/d') }).databaseUrl).toBe(
      'postgres://a:b@c/d',
    );
  });

  it('given as flags draw a warning that does not tell them; a database without a password is none', () => {
    const given = configured(['--turn-secret=hush', '--database-url', 'postgres://a:b@c/d'], TURN);
    expect(given.warnings).toEqual([
      expect.stringContaining('reads TURN_SECRET in the list of processes') as string,
      expect.stringContaining('reads DATABASE_URL ') as string,
    ]);
    expect(given.warnings.join()).not.toMatch(/hush|a:b/);
    const local = configured(['--database-url', 'postgres://localhost/parley'], {
      ...TURN,
      TURN_SECRET: 'x',
    });
    expect(local.warnings).toEqual([]);
    expect([...local.secrets.keys()]).toEqual(['TURN_SECRET']);
  });

  it('are refused when they are given twice, or their file is not there, empty, or makes no sense', () => {
    const [secret, nothing, two] = [fileWith('x'), fileWith('\n'), fileWith('two words')];
    for (const [settings, message] of [
      [{ TURN_SECRET: 'x', TURN_SECRET_FILE: secret }, 'TURN_SECRET and TURN_SECRET_FILE say the same'],
      [{ TURN_SECRET_FILE: `${secret}x` }, `TURN_SECRET_FILE: ${secret}x is not read: ENOENT`],
      [{ TURN_SECRET_FILE: nothing }, `TURN_SECRET_FILE: ${nothing} is empty`],
      [{ TURN_SECRET_FILE: two }, 'TURN_SECRET_FILE must be printable characters without spaces'],
    ] as const)
      expect(() => configured([], { ...TURN, ...settings })).toThrow(
        StartError.configuration(message).message,
      );
    expect(() => configured(['--port-file', secret])).toThrow('unknown flag --port-file');
  });
});
