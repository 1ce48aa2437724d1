import { expect, it } from 'vitest';
import { startReport, type StartedMediaServer } from './start-report.ts';

const started: StartedMediaServer = {
  url: 'ws://127.0.0.1:8888/kurento',
  access: 'this machine',
  rtcPort: 40_000,
  addresses: ['192.0.2.1', '2001:db8::1'],
  rtpPorts: { first: 41_000, last: 41_999 },
  httpPort: 9091,
  dataDir: '/srv/media',
  filesDirs: ['/tmp', '/srv/streams'],
};

it('says where clients and media go, and which folders clients have', () => {
  expect(startReport(started).split('\n')).toEqual([
    'Media server is ready.',
    '  Kurento  ws://127.0.0.1:8888/kurento   (no token: programs of this machine)',
    '  Media    UDP and TCP 40000, announced as 192.0.2.1, 2001:db8::1',
    '  RTP      UDP 41000-41999        HTTP posts 9091, when an endpoint asks for one',
    '  Files    /srv/media (recordings and players), /tmp, /srv/streams',
    'Press Ctrl-C to stop.',
    '',
  ]);
});

it('says who is let in', () => {
  expect(startReport({ ...started, access: 'token' })).toContain('(token: asked for)');
  expect(startReport({ ...started, access: 'any page' })).toContain('(OPEN TO ANY PAGE that ');
  expect(startReport({ ...started, access: 'anybody', httpPort: 0 })).toMatch(
    /\(OPEN TO ANYBODY\)[^]*HTTP posts any free port,/,
  );
});
