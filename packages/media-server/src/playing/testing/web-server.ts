// For tests: a web server of this machine that gives one file, well or badly.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  /** Whether parts are given (RFC 9110, section 14). */
  readonly ranges?: boolean;
  /** After how many bytes of an answer the connection breaks off. */
  readonly cutAfter?: number;
  /** Says that parts belong to something of unknown size. */
  readonly unknownSize?: boolean;
  /** Answers before, or instead of, the file; true: it did. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export class WebServer {
  readonly requests: IncomingMessage[] = [];
  behaviour: Behaviour = {};
  readonly #file: Buffer;
  readonly #server: Server;

  private constructor(file: Buffer, server: Server) {
    this.#file = file;
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      if (!this.behaviour.before?.(request, response)) this.#give(request, response);
    });
  }

  static async start(file: Buffer, behaviour: Behaviour = {}): Promise<WebServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const webServer = new WebServer(file, server);
    webServer.behaviour = behaviour;
    return webServer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/clip`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many clients are connected. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #give(request: IncomingMessage, response: ServerResponse): void {
    const { ranges = false, cutAfter = Infinity, unknownSize = false } = this.behaviour;
    const range = ranges ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') : null;
    const start = range ? Number(range[1]) : 0;
    const end = range ? Math.min(this.#file.length, Number(range[2]) + 1) : this.#file.length;
    const body = this.#file.subarray(start, end);
    response.writeHead(range ? 206 : 200, {
      'Content-Length': body.length,
      ...(range && {
        'Content-Range': `bytes ${start}-${end - 1}/${unknownSize ? '*' : this.#file.length}`,
      }),
    });
    if (body.length <= cutAfter) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => request.socket.destroySoon());
  }
}
