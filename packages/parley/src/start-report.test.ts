import { expect, it } from 'vitest';
import { startReport } from './start-report.ts';

it('names every address of the machine when served on all of them, localhost first', () => {
  const report = startReport(
    {
      host: '0.0.0.0',
      port: 8080,
      dataDir: '/srv/parley',
      certificate: undefined,
      admin: { file: '/d/admin-token' },
      media: {
        kind: 'embedded',
        rtcPort: 40_000,
        addresses: ['192.0.2.1'],
        kurentoUrl: 'ws://127.0.0.1:8888/kurento',
      },
      relay: 'TURN port 3478 (UDP and TCP)',
    },
    ['192.0.2.1', '198.51.100.7'],
  );
  expect(report.split('\n')).toEqual([
    'Parley is ready.',
    '  Open   http://localhost:8080',
    '         http://192.0.2.1:8080  http://198.51.100.7:8080  (other machines get their cameras over HTTPS only: see --tls)',
    '  Media  UDP and TCP port 40000, announced as 192.0.2.1',
    '         other clients of the Kurento Protocol reach it at ws://127.0.0.1:8888/kurento',
    '  Relay  TURN port 3478 (UDP and TCP)',
    '  Data   /srv/parley',
    '  Admin  http://localhost:8080/admin, with the token in /d/admin-token',
    'Press Ctrl-C to stop.',
    '',
  ]);
});

it('names the one address it is served on, and the media server that is not its own', () => {
  const report = startReport(
    {
      host: '::1',
      port: 1,
      dataDir: '/d',
      certificate: undefined,
      admin: { file: '/d/admin-token' },
      media: { kind: 'remote', url: 'wss://media.example/kurento' },
      relay: 'none',
    },
    ['192.0.2.1'],
  );
  expect(report).toContain('  Open   http://[::1]:1\n');
  expect(report).toContain('  Media  media server at wss://media.example/kurento\n');
});

it('warns of a self-signed certificate, says what to compare, and names HTTPS addresses', () => {
  const report = startReport(
    {
      host: '0.0.0.0',
      port: 8443,
      dataDir: '/d',
      certificate: {
        file: '/d/tls/certificate.pem',
        selfMade: true,
        fingerprint: 'AB:CD',
        validTo: new Date('2031-04-02T12:00:00Z'),
      },
      media: { kind: 'remote', url: 'ws://m' },
      admin: { file: '/d/admin-token', token: 'made-just-now' },
      relay: 'none',
    },
    ['192.0.2.1'],
  );
  expect(report).toContain('  Open   https://localhost:8443\n         https://192.0.2.1:8443\n');
  expect(report).toContain(
    '  TLS    self-signed certificate /d/tls/certificate.pem, valid until 2031-04-02\n',
  );
  expect(report).toContain(
    '  Admin  https://localhost:8443/admin, with this token (shown this once; kept in /d/admin-token):\n         made-just-now\n',
  );
  expect(report).toMatch(/ {9}WARNING: nobody vouches for it[^]*SHA-256 fingerprint[^]*\n {9}AB:CD\n/);
});

it('names a given certificate and its end, without a warning', () => {
  const validTo = new Date('2031-04-02T12:00:00Z');
  const certificate = { file: '/etc/cert.pem', selfMade: false, fingerprint: 'AB:CD', validTo };
  const media = { kind: 'remote', url: 'ws://m' } as const;
  const rest = { dataDir: '/d', relay: 'none', admin: { file: '/d/admin-token' } };
  const report = startReport({ host: 'meet.example', port: 443, certificate, media, ...rest }, []);
  expect(report).toContain('  TLS    certificate /etc/cert.pem, valid until 2031-04-02\n');
  expect(report).not.toContain('WARNING');
});
