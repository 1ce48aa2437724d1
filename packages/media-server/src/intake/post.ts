// One post of media: its body as a stream of bytes that never fails, and its answer, which is given once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { formBoundary, multipartFile } from './multipart-file.ts';

export class Post {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    // Told to whoever reads the body; a client that has gone is no fault of this server.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
  }

  /**
   * The media: the body itself, or the file of a form. Ends where the client ends it, also in the middle: a page that
   * records live and is closed has no other way. To be read once.
   * @throws Error for a form without a file
   */
  async *media(): AsyncGenerator<Buffer, void, undefined> {
    const boundary = formBoundary(this.#request.headers['content-type']);
    yield* boundary === undefined ? this.#body() : multipartFile(this.#body(), boundary);
  }

  /** The first answer counts. Not all of the body has to be there. */
  answer(status: number, sentence = ''): void {
    const response = this.#response;
    if (response.headersSent || response.destroyed) return;
    response.statusCode = status;
    // What is refused in the middle may be endless.
    if (!this.#request.complete) response.setHeader('Connection', 'close');
    if (sentence === '') response.end();
    else response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(`${sentence}\n`);
  }

  /** Ends the connection, unless it has been answered. Idempotent. */
  close(): void {
    if (!this.#response.headersSent) this.#request.destroy();
  }

  async *#body(): AsyncGenerator<Buffer, void, undefined> {
    try {
      // The end of the media is not the end of the connection: its answer is to come.
      const chunks = this.#request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of chunks) yield chunk;
    } catch (error) {
      // ECONNRESET: gone in the middle. Nothing else ends the body of a request.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    }
  }
}
