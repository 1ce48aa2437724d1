// A way to the media port, over UDP or TCP: whole STUN and DTLS messages out and in. Knows nothing of what they mean.
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

export interface MediaSocket {
  send(bytes: Buffer): void;
  close(): void;
}

export interface MediaSocketOptions {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly onMessage: (bytes: Buffer) => void;
  /** Cannot be reached this way; told once at most. */
  readonly onBroken: (why: string) => void;
}

/** RFC 4571: two bytes of length before each message. */
const LENGTH_BYTES = 2;

export function openMediaSocket(options: MediaSocketOptions): MediaSocket {
  return options.protocol === 'udp' ? openUdp(options) : openTcp(options);
}

function openUdp({ address, port, onMessage, onBroken }: MediaSocketOptions): MediaSocket {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let closed = false;
  const broken = (error: Error) => {
    if (!closed) onBroken(wordsFor(error));
  };
  socket.on('message', onMessage);
  socket.on('error', broken);
  return {
    send: (bytes) => {
      if (closed) return;
      socket.send(bytes, port, address, (error) => {
        if (error) broken(error);
      });
    },
    close: () => {
      if (!closed) socket.close();
      closed = true;
    },
  };
}

function openTcp({ address, port, onMessage, onBroken }: MediaSocketOptions): MediaSocket {
  const socket = connect({ host: address, port });
  let closed = false;
  let received = Buffer.alloc(0);
  const broken = (why: string) => {
    if (!closed) onBroken(why);
    closed = true;
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + received.readUInt16BE(0);
      if (received.length < end) return;
      onMessage(Buffer.from(received.subarray(LENGTH_BYTES, end)));
      received = received.subarray(end);
    }
  });
  socket.on('error', (error) => broken(wordsFor(error)));
  socket.on('close', () => broken('the connection was closed'));
  return {
    send: (bytes) => {
      const frame = Buffer.alloc(LENGTH_BYTES + bytes.length);
      frame.writeUInt16BE(bytes.length);
      bytes.copy(frame, LENGTH_BYTES);
      socket.write(frame);
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

function wordsFor(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'nobody listens there';
  if (error.code === 'ENETUNREACH' || error.code === 'EHOSTUNREACH') return 'there is no way to it from here';
  return error.message;
}
