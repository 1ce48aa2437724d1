import { expect, it } from 'vitest';
import { startReport } from './start-report.ts';

it('names every address of the machine when served on all of them, localhost first', () => {
  const report = startReport(
    {
      host: '0.0.0.0',
      port: 8080,
      dataDir: '/srv/parley',
      certificate: undefined,
      media: { kind: 'embedded', rtcPort: 40_000, addresses: ['192.0.2.1'] },
    },
    ['192.0.2.1', '198.51.100.7'],
  );
  expect(report.split('\n')).toEqual([
    'Parley is ready.',
    '  Open   http://localhost:8080',
    '         http://192.0.2.1:8080  http://198.51.100.7:8080  (browsers give cameras to other machines over HTTPS only)',
    '  Media  UDP port 40000, announced as 192.0.2.1',
    '  Data   /srv/parley',
    'Press Ctrl-C to stop.',
    '',
  ]);
});

it('names the one address it is served on, and the media server that is not its own', () => {
  const report = startReport(
    { host: '::1', port: 1, dataDir: '/d', certificate: undefined, media: { kind: 'remote', url: 'wss://media.example/kurento' } },
    ['192.0.2.1'],
  );
  expect(report).toContain('  Open   http://[::1]:1\n');
  expect(report).toContain('  Media  media server at wss://media.example/kurento\n');
});
