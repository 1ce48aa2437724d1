import { expect, it } from 'vitest';
import { startFailure } from './start-failure.ts';

const options = { listen: { host: '192.0.2.1', port: 8888 }, rtcPort: 40_000 };
const inUse = (syscall: string, port: number) =>
  Object.assign(new Error('in use'), { code: 'EADDRINUSE', syscall, port });
const elsewhere = Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' });

it('names only flags that are there to who started it alone', () => {
  const said = [
    inUse('bind', 40_000),
    inUse('listen', 40_000),
    inUse('listen', 8888),
    elsewhere,
    new Error('a broken flag'),
  ].map((error) => startFailure(error, options, false));
  expect(said).toEqual([
    'UDP port 40000 is in use: choose another one with --rtc-port',
    'TCP port 40000 is in use, media needs it too: choose another one with --rtc-port',
    'port 8888 is in use: choose another one with --listen',
    '--listen: 192.0.2.1 is no address of this machine',
    'a broken flag',
  ]);
});

it('names Parley’s settings to who started Parley', () => {
  const said = [inUse('bind', 40_000), inUse('listen', 8888), elsewhere].map((error) =>
    startFailure(error, options, true),
  );
  expect(said).toEqual([
    'UDP port 40000 is in use: choose another one with RTC_PORT or --rtc-port',
    'port 8888 is in use: choose another one with KURENTO_LISTEN or --kurento-listen',
    'KURENTO_LISTEN: 192.0.2.1 is no address of this machine',
  ]);
});
