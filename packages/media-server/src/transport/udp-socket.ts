// Opens UDP sockets for media. What is sent and received is the owner's business.
import { createSocket, type Socket } from 'node:dgram';

/** Room for bursts of key frames of many senders; the kernel caps it at its own limit (net.core.rmem_max). */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * @param host an IP literal; `::` is IPv6 alone. Destinations are literals too: no resolver, and no tick of delay per packet.
 * @throws Error with `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL, …) when the port cannot be had
 */
export function bindUdp(host: string, port: number): Promise<Socket> {
  const family = host.includes(':') ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    lookup: (address, _options, callback) => callback(null, address, family),
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind(port, host, () => {
      socket.off('error', fail);
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
      resolve(socket);
    });
  });
}
