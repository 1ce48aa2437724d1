// Behaves towards the process that forked it as the media server does, and tells it the command line in `addresses`.
// UDP port 1 is always "in use", with port 2 it ends at once; a log level of `trace` makes it deaf to SIGTERM,
// one of `fatal` makes it hang: it lives and answers nothing.
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '' },
    'rtc-port': { type: 'string', default: '' },
    data: { type: 'string' },
    files: { type: 'string', multiple: true },
    'log-level': { type: 'string' },
    'max-receive-mbits': { type: 'string' },
    announce: { type: 'string', multiple: true },
  },
});
const rtcPort = Number(values['rtc-port']);
if (rtcPort === 2) process.exit(3);
if (values['log-level'] === 'trace') process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
if (values['log-level'] !== 'fatal') process.on('message', () => process.send?.({ type: 'alive' }));
process.send?.(
  rtcPort === 1
    ? { type: 'failed', message: 'UDP port 1 is in use' }
    : {
        type: 'ready',
        url: `ws://${values.listen.replace(/:0$/, ':4711')}/kurento`,
        rtcPort: rtcPort === 0 ? 4712 : rtcPort,
        addresses: process.argv.slice(2),
      },
);
