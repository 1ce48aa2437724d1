import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readFlags, usage, type Flags } from './flags.ts';
import { DEFAULT_LIMITS } from './kurento/limits.ts';

function read(line: string, environment: Record<string, string> = {}): Flags {
  const flags = readFlags(line === '' ? [] : line.split(' '), environment);
  if (flags === 'help') throw new Error('asked for help');
  return flags;
}

describe('the command line of the media server', () => {
  it('without a word listens where the original does, for this machine only', () => {
    const { options, logLevel, warnings } = read('');
    expect(options).toMatchObject({
      listen: { host: '127.0.0.1', port: 8888 },
      token: undefined,
      tls: undefined,
      rtcPort: 40_000,
      rtpPorts: { first: 41_000, last: 41_999 },
      httpSources: 'any',
      httpPort: 9091,
      // Parley keeps its database and secrets in ./data.
      dataDir: `${process.cwd()}/media`,
      limits: DEFAULT_LIMITS,
    });
    expect([logLevel, warnings]).toEqual(['info', []]);
  });

  it('takes a token from the environment, and rather from the flag', () => {
    expect(read('', { PARLEY_MEDIA_TOKEN: 'a' }).options.token).toBe('a');
    expect(read('--token b', { PARLEY_MEDIA_TOKEN: 'a' }).options.token).toBe('b');
    expect(read('--listen 0.0.0.0:8888', { PARLEY_MEDIA_TOKEN: 'a' }).warnings).toEqual([
      expect.stringMatching(/^the token is sent in clear to 0\.0\.0\.0:8888: give --tls-cert/),
    ]);
    expect(read('--listen 127.0.0.1:8888', { PARLEY_MEDIA_TOKEN: 'a' }).warnings).toEqual([]);
  });

  it('takes a token from a file rather than showing it to every user of the machine', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-token-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [file, empty] = [join(folder, 'token'), join(folder, 'empty')];
    writeFileSync(file, 'of-the-file\n');
    writeFileSync(empty, '\n');
    const byFlag = read(`--token-file ${file}`, { PARLEY_MEDIA_TOKEN: 'a' });
    expect([byFlag.options.token, byFlag.warnings]).toEqual(['of-the-file', []]);
    expect(read('', { PARLEY_MEDIA_TOKEN_FILE: file }).options.token).toBe('of-the-file');
    expect(read('--token b', { PARLEY_MEDIA_TOKEN_FILE: file }).warnings).toEqual([
      expect.stringMatching(/^every user of this machine reads the --token /),
    ]);
    expect(() => read(`--token a --token-file ${file}`)).toThrow('--token and a file of it say the same');
    expect(() => read(`--token-file ${empty}`)).toThrow('is empty');
    expect(() => read(`--token-file ${file}x`)).toThrow('is not read: ENOENT');
  });

  it('lets everybody in from other machines only when told so, and says what that means', () => {
    const { options, warnings } = read('--listen 0.0.0.0:8888 --allow-anonymous');
    expect(options.token).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^ANYONE who reaches 0\.0\.0\.0:8888 /)]);
    for (const local of ['localhost:1', '[::1]:1', '127.9.9.9:1'])
      expect(read(`--listen ${local} --allow-anonymous`).warnings).toEqual([
        expect.stringMatching(/^ANY PAGE that a browser of this machine opens can record/),
      ]);
    expect(read('').options.allowAnonymous).toBe(false);
    expect(options.allowAnonymous).toBe(true);
  });

  it('reads addresses, folders and limits', () => {
    const { options } = read(
      '--announce 192.0.2.1,2001:db8::1 --announce=192.0.2.2 --files /a --files /b --rtp-ports 5001-5003 --http-sources public --http-port 0 --max-objects 7 --max-message-bytes 8 --max-sessions 9 --max-connections 10 --max-receive-mbits 11',
    );
    expect(options).toMatchObject({
      announcedIps: ['192.0.2.1', '2001:db8::1', '192.0.2.2'],
      filesDirs: ['/a', '/b'],
      rtpPorts: { first: 5001, last: 5003 },
      httpSources: 'public',
      httpPort: 0,
      limits: { maxObjectsPerSession: 7, maxMessageBytes: 8, maxSessions: 9, maxConnections: 10 },
      maxReceiveBitrate: 11_000_000,
    });
  });

  it.each([
    ['--listen 0.0.0.0:8888', /^--listen 0\.0\.0\.0:8888 is reachable from other machines: give a --token/],
    ['--listen [::]:8888', /reachable from other machines/],
    ['--listen 127.evil.example:8888', /reachable from other machines/],
    ['--listen 8888', /^--listen: "8888" is not HOST:PORT$/],
    ['--listen a:65536', /^--listen: "65536" is not a port/],
    ['--token', /^--token needs a value: TOKEN$/],
    ['--token= --help', /^--token needs a value/],
    ['--listen --allow-anonymous', /^--listen needs a value: HOST:PORT$/],
    ['--token a --allow-anonymous', /^--allow-anonymous and a token contradict each other/],
    ['--allow-anonymous=no', /^--allow-anonymous takes no value$/],
    ['--token ä', /^--token must be printable characters without spaces$/],
    ['--tls-cert a.pem', /^--tls-cert and --tls-key belong together/],
    ['--tls-cert nowhere.pem --tls-key nowhere.pem', /^--tls-cert: nowhere\.pem cannot be read$/],
    ['--rtc-port x', /^--rtc-port: "x" is not a port/],
    ['--rtp-ports 41000', /^--rtp-ports: "41000" is not FROM-TO with a pair of ports between them$/],
    ['--rtp-ports 5001-5002', /is not FROM-TO with a pair of ports/],
    ['--rtp-ports 0-10', /is not FROM-TO/],
    ['--rtp-ports 65535-65537', /is not FROM-TO/],
    ['--http-sources all', /^--http-sources: "all" is none of any, public, none$/],
    ['--http-port -1', /^--http-port: "-1" is not a port/],
    ['--announce example.org', /^--announce: "example\.org" is not an IP address$/],
    ['--max-objects 0', /^--max-objects: "0" is not a number from 1 to 2147483647$/],
    ['--max-message-bytes 1e6', /^--max-message-bytes: "1e6" is not a number/],
    ['--log-level loud', /^--log-level: "loud" is none of trace, /],
    ['--nonsense 5', /^unknown flag --nonsense: --help shows those there are$/],
    ['-x', /^unknown flag -x:/],
    ['start', /^"start" is not understood: --help shows what is$/],
  ])('refuses %s in one line', (line, message) => {
    expect(() => read(line)).toThrow(message);
    expect(() => read(line)).not.toThrow(/\n/);
  });

  it('explains every flag in its help', () => {
    expect(readFlags(['-h'], {})).toBe('help');
    expect(readFlags(['--help', '--listen', '0.0.0.0:1'], {})).toBe('help');
    for (const flag of ['--listen HOST:PORT', '--allow-anonymous', '--max-objects N'])
      expect(usage()).toContain(flag);
    expect(
      usage()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });
});
