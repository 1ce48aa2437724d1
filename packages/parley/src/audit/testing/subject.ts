// What is audited in tests: settings as on a command line, and a web server that stands in for a running installation.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { readConfiguration } from '../../configuration.ts';
import { AuditSubject, type SubjectOptions } from '../subject.ts';

export interface SubjectSettings extends Partial<Omit<SubjectOptions, 'configuration'>> {
  /** Flags of the command line. */
  readonly flags?: readonly string[];
  /** Where it runs; it does not, when left out. */
  readonly url?: string;
}

export function subjectOf({ flags = [], url, ...rest }: SubjectSettings = {}): AuditSubject {
  const configuration = readConfiguration(flags, {});
  if (configuration === 'help') throw new Error('the flags ask for help');
  const health = { ready: true, mediaServer: 'connected', database: 'connected' } as const;
  return new AuditSubject({
    configuration,
    installation:
      url === undefined ? { state: 'not-running', why: 'a test' } : { state: 'running', url, health },
    ownAddresses: [],
    now: new Date(),
    ...rest,
  });
}

export interface WebServerOptions {
  /** Of each answer. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  /** The status of the answer to whoever wants a WebSocket with this origin; 101 lets them in. */
  readonly upgrade?: (origin: string | undefined) => number;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @returns its address, such as `http://127.0.0.1:1234`. It ends with the test. */
export async function serve({
  headers = {},
  body = '',
  onRequest,
  upgrade,
  tls,
}: WebServerOptions): Promise<string> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (onRequest) onRequest(request, response);
    else response.end(body);
  };
  const server = tls ? createSecureServer(tls, answer) : createServer(answer);
  if (upgrade)
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      const status = upgrade(request.headers.origin);
      const switching =
        status === 101 ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : 'Connection: close\r\n';
      socket.end(`HTTP/1.1 ${status} Said\r\n${switching}\r\n`);
    });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
