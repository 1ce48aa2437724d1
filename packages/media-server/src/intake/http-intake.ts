// The door for media that is posted to this server: one HTTP server for all HttpPostEndpoints, there as long as there is
// one of them. Knows who a post is for; what becomes of its bytes is the endpoint's.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { KurentoError } from '@parley/protocol';
import type { Logger } from 'pino';
import { Post } from './post.ts';
import { Strangers } from '../strangers.ts';
import { TLS_HANDSHAKE_MS } from '../tls-files.ts';

export interface HttpIntakeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The host that URLs name, an IPv6 address without brackets. */
  readonly announcedHost: string;
  /** PEM; https with it, http without. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly log: Logger;
}

/** Takes a post, or answers it with a refusal. */
export type PostReceiver = (post: Post) => void;

/** One address of the intake, which nobody can guess. */
export interface IntakeAddress {
  /** @throws KurentoError HTTP_END_POINT_REGISTRATION_ERROR when the server cannot listen */
  url(): Promise<string>;
  /** Idempotent. Posts that are under way are the receiver's to end. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;
/** Connections without the head of a request: it has to come soon, a post itself lasts as long as what is played. */
const STRANGERS = { max: 256, deadlineMs: 10_000 };

/** Pages of any origin may post: whoever was given the address may use it, and there is no cookie to misuse. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'POST, PUT, OPTIONS',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
};

export class HttpIntake {
  readonly #options: HttpIntakeOptions;
  readonly #receivers = new Map<string, PostReceiver>();
  #server: Promise<Server> | undefined;
  /** The former server lets the port go. */
  #closing: Promise<void> = Promise.resolve();

  constructor(options: HttpIntakeOptions) {
    this.#options = options;
  }

  /** A new address; the server begins to listen with the first one, and ends with the last. */
  open(receiver: PostReceiver): IntakeAddress {
    const name = randomUUID();
    this.#receivers.set(name, receiver);
    this.#listen().catch((err: unknown) =>
      this.#options.log.error({ err }, 'media cannot be posted to this server'),
    );
    return {
      url: async () => `${await this.#origin()}/${name}`,
      close: async () => {
        this.#receivers.delete(name);
        if (this.#receivers.size === 0) await this.close();
      },
    };
  }

  /** Every post ends. The next `open` begins anew. Idempotent. */
  close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) this.#closing = server.then(closeServer, () => undefined);
    return this.#closing;
  }

  async #origin(): Promise<string> {
    const { announcedHost, tls, port } = this.#options;
    try {
      const { port: actual } = (await this.#listen()).address() as AddressInfo;
      const host = announcedHost.includes(':') ? `[${announcedHost}]` : announcedHost;
      return `${tls ? 'https' : 'http'}://${host}:${actual}`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new KurentoError(
        'HTTP_END_POINT_REGISTRATION_ERROR',
        `Media cannot be posted to port ${port} of this server (${code ?? String(error)}): choose another one with --http-port`,
      );
    }
  }

  #listen(): Promise<Server> {
    const listening = (this.#server ??= this.#closing.then(() => this.#start()));
    // A port that is taken may be free when somebody asks again.
    listening.catch(() => {
      if (this.#server === listening) this.#server = undefined;
    });
    return listening;
  }

  #start(): Promise<Server> {
    const { host, port, tls, log } = this.#options;
    const limits = { requestTimeout: 0, headersTimeout: 20_000 };
    const strangers = new Strangers(STRANGERS);
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      strangers.leave(request.socket);
      this.#take(request, response);
    };
    const server = tls
      ? createSecureServer(
          { ...tls, ...limits, minVersion: 'TLSv1.2', handshakeTimeout: TLS_HANDSHAKE_MS },
          take,
        )
      : createServer(limits, take);
    server.maxConnections = MAX_CONNECTIONS + STRANGERS.max;
    server.on('connection', (socket: Socket) => strangers.add(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        server.on('error', (err) => log.error({ err }, 'a post was not accepted'));
        resolve(server);
      });
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    for (const [header, value] of Object.entries(CORS)) response.setHeader(header, value);
    const post = new Post(request, response);
    const receiver = this.#receivers.get((request.url ?? '').slice(1).split('?')[0]);
    if (!receiver) post.answer(404, 'There is nobody to take media at this address');
    else if (request.method === 'OPTIONS') post.answer(204);
    else if (request.method !== 'POST' && request.method !== 'PUT') {
      response.setHeader('Allow', 'POST, PUT, OPTIONS');
      post.answer(405, 'Media is sent here by POST or PUT');
    } else receiver(post);
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
