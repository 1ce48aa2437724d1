// Behaves towards the process that forked it as the application server does, and tells what it was told in `fingerprint`.
// Port 1 is always "in use", with port 2 it fails by a fault of its own, with port 3 it dies as soon as it is ready.
import type { AppServerStart } from '../app-server-process.ts';

process.on('disconnect', () => process.exit(0));
process.on('message', (message: AppServerStart | { type: 'ping' } | { type: 'turn-event' }) => {
  if (message.type === 'turn-event') process.exit(7);
  if (message.type !== 'start') return void process.send?.({ type: 'alive' });
  const { port, carryOn } = message.options;
  if (port === 1) process.send?.({ type: 'failed', message: 'cannot listen', code: 'EADDRINUSE' });
  else if (port === 2) process.send?.({ type: 'failed', message: 'Error: a fault\n    at x', fault: true });
  else
    process.send?.(
      {
        type: 'ready',
        port: port === 0 ? 4_711 : port,
        admin: { file: '/admin-token' },
        certificate: {
          file: '/cert.pem',
          selfMade: true,
          fingerprint: JSON.stringify({ port, carryOn, level: message.logLevel }),
          validTo: new Date(0),
        },
      },
      () => {
        if (port === 3) process.kill(process.pid, 'SIGKILL');
      },
    );
});
