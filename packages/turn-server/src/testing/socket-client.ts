// A TURN client on real sockets, for tests: the requests of `RequestWriter` over UDP, TCP or TLS.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  STUN_ATTRIBUTE,
  StreamFramer,
  TURN_METHOD,
  parseChannelData,
  parseStun,
  type StunMessage,
} from '@parley/rtc';
import type { ClientTransport } from '../protocol/five-tuple.ts';
import { RequestWriter, UDP_TRANSPORT, outcome, type Attribute } from './request-writer.ts';

export class SocketClient {
  readonly writer: RequestWriter;
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>;
  readonly #write: (bytes: Buffer) => void;
  readonly #close: () => void;
  readonly #waiting = new Map<string, (message: StunMessage) => void>();
  readonly #data: Buffer[] = [];
  #dataWaiting: ((data: Buffer) => void) | undefined;

  private constructor(participant: string, socket: UdpSocket | Socket, port: number) {
    this.writer = new RequestWriter({ participant, wallNow: Date.now() });
    if ('bind' in socket) {
      socket.on('message', (bytes) => this.#receive(bytes));
      this.#write = (bytes) => socket.send(bytes, port, '127.0.0.1');
      this.#close = () => socket.close();
      this.ended = new Promise((resolve) => socket.once('close', resolve));
      return;
    }
    const framer = new StreamFramer();
    socket.on('data', (chunk) => {
      for (const message of framer.push(chunk)) this.#receive(message);
    });
    this.#write = (bytes) => socket.write(bytes);
    this.#close = () => socket.destroy();
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(transport: ClientTransport, port: number, participant = 'ann'): Promise<SocketClient> {
    if (transport === 'udp') {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      return new SocketClient(participant, socket, port);
    }
    const socket = await connected(transport, port);
    return new SocketClient(participant, socket, port);
  }

  write(bytes: Buffer): void {
    this.#write(bytes);
  }

  ask(request: Buffer): Promise<StunMessage> {
    const answer = new Promise<StunMessage>((resolve) =>
      this.#waiting.set(request.toString('hex', 8, 20), resolve),
    );
    this.#write(request);
    return answer;
  }

  async outcome(method: number, ...attributes: Attribute[]): Promise<number | 'success'> {
    return outcome(await this.ask(this.writer.request(method, attributes)));
  }

  async allocate(...attributes: Attribute[]): Promise<number | 'success'> {
    const challenge = await this.ask(this.writer.plainRequest(TURN_METHOD.ALLOCATE));
    this.writer.nonce = challenge.attribute(STUN_ATTRIBUTE.NONCE)?.toString() ?? '';
    return this.outcome(TURN_METHOD.ALLOCATE, UDP_TRANSPORT, ...attributes);
  }

  /** The next payload that arrives on a channel. */
  data(): Promise<Buffer> {
    const [first] = this.#data.splice(0, 1);
    return first === undefined
      ? new Promise((resolve) => (this.#dataWaiting = resolve))
      : Promise.resolve(first);
  }

  close(): void {
    this.#close();
  }

  #receive(bytes: Buffer): void {
    const channelData = parseChannelData(bytes);
    if (channelData !== undefined) {
      if (this.#dataWaiting === undefined) this.#data.push(channelData.data);
      else this.#dataWaiting(channelData.data);
      this.#dataWaiting = undefined;
      return;
    }
    const message = parseStun(bytes);
    if (message !== undefined) this.#waiting.get(message.transactionId.toString('hex'))?.(message);
  }
}

/** A connected TCP or TLS socket whose errors end it. */
export function connected(transport: 'tcp' | 'tls', port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = '127.0.0.1';
    const socket: Socket =
      transport === 'tcp'
        ? connect({ host, port }, () => resolve(socket))
        : connectTls({ host, port, rejectUnauthorized: false }, () => resolve(socket));
    socket.on('error', reject);
  });
}
