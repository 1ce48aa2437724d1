// Whatever kept the media server from starting, as one line for a person.
import type { MediaServerOptions } from './server.ts';

/**
 * @param options what it was started with, as far as that was read
 * @param embedded whether Parley started it, whose operator has settings instead of these flags
 */
export function startFailure(
  error: unknown,
  options: Pick<MediaServerOptions, 'listen' | 'rtcPort'> | undefined,
  embedded: boolean,
): string {
  const { code, message, syscall, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    const rtcPort = options?.rtcPort;
    const another = `choose another one with ${embedded ? 'RTC_PORT or --rtc-port' : '--rtc-port'}`;
    // Media is UDP and, under the same number, TCP.
    if (syscall === 'bind') return `UDP port ${rtcPort} is in use: ${another}`;
    return port === rtcPort
      ? `TCP port ${rtcPort} is in use, media needs it too: ${another}`
      : `port ${options?.listen.port} is in use: choose another one with ${embedded ? 'KURENTO_LISTEN or --kurento-listen' : '--listen'}`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${embedded ? 'KURENTO_LISTEN' : '--listen'}: ${options?.listen.host} is no address of this machine`;
  if (code === 'EACCES') return `not allowed: ${message}`;
  return message;
}
