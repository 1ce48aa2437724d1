// Tries whether a port can be had, by having it for a moment.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, createServer } from 'node:net';

export interface Place {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** @returns undefined when it is free, else the system's reason, such as `EADDRINUSE` */
export async function bindError(place: Place): Promise<string | undefined> {
  try {
    if (place.protocol === 'udp') await bindUdp(place);
    else await bindTcp(place);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}

async function bindUdp({ host, port }: Place): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}

async function bindTcp({ host, port }: Place): Promise<void> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}
