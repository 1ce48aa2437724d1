// Who may come through the Kurento Protocol's door, and what is said to those who may not. Touches no socket.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { FaultLog } from './fault-log.ts';

export const PATH = '/kurento';

export interface Access {
  /** Asked of everybody when given. */
  readonly token?: string | undefined;
  /** Without a token: pages of other hosts are let in as well, since the operator said so. */
  readonly allowAnonymous?: boolean | undefined;
}

export interface Refusal {
  /** Of HTTP. */
  readonly status: string;
  /** For whoever looks for the fault, at either end. */
  readonly sentence: string;
  /** Health checks come all the time, and are none of the log's business. */
  readonly isRoutine?: true;
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Of what a stranger sent, in characters, as far as it is repeated. */
const MAX_QUOTED = 200;

const REFUSALS = {
  noKey: {
    status: '500 Internal Server Error',
    sentence: 'an upgrade without the header Sec-WebSocket-Key was refused (500)',
    isRoutine: true,
  },
  token: {
    status: '401 Unauthorized',
    sentence:
      'a client was refused (401): no token, or another one. Give ?token=… in the address, or "Authorization: Bearer …"',
  },
  plain: {
    status: '426 Upgrade Required',
    sentence: `a client was refused (426): a plain HTTP request, where the protocol is spoken over WebSocket at ${PATH}`,
  },
} satisfies Record<string, Refusal>;

/** For whoever asks for something else than a WebSocket. */
export const PLAIN_REQUEST_REFUSAL: Refusal = REFUSALS.plain;

/** Why this upgrade is refused, if it is. The original's health check is an upgrade without a key, and expects 500. */
export function refusalOf(
  request: IncomingMessage,
  { token, allowAnonymous }: Access,
  full: { readonly maxConnections: number } | undefined,
): Refusal | undefined {
  const { origin } = request.headers;
  if (request.headers['sec-websocket-key'] === undefined) return REFUSALS.noKey;
  if (token !== undefined && !carriesToken(request, token)) return REFUSALS.token;
  if (token === undefined && !allowAnonymous && isForeignPage(origin))
    return {
      status: '403 Forbidden',
      sentence: `a page of ${origin?.slice(0, MAX_QUOTED)} was refused (403): pages of other hosts need --token or --allow-anonymous`,
    };
  if (full)
    return {
      status: '503 Service Unavailable',
      sentence: `a client was refused (503): there are ${full.maxConnections} connections already (--max-connections)`,
    };
  return undefined;
}

/** What is wrong with the path of the request, if anything is. */
export function wrongPath(request: IncomingMessage): string | undefined {
  const path = splitUrl(request).path;
  if (path === PATH) return undefined;
  return `a client was refused: path '${path.slice(0, MAX_QUOTED)}', the protocol is spoken at ${PATH}`;
}

/** Tells the operator of refusals, of each kind a few times a minute: strangers knock for ever. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #kinds = new Map<string, FaultLog>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `kind`: one of few, not what a stranger chose. `now`: ms of the monotonic clock. */
  warn(now: number, kind: string, request: IncomingMessage, sentence: string): void {
    let lines = this.#kinds.get(kind);
    if (!lines) this.#kinds.set(kind, (lines = new FaultLog(this.#log, { lines: 3, periodMs: 60_000 })));
    lines.warn(now, { client: clientOf(request) }, sentence);
  }
}

/** Address and port, for the log. */
export function clientOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

/**
 * Whether a browser asks on behalf of a page that is not of this machine. A server with neither token nor permission for
 * everybody listens for programs of this machine only, but any page that somebody opens here can reach it as well
 * (RFC 6455, section 10.2).
 */
function isForeignPage(origin: string | undefined): boolean {
  if (origin === undefined) return false;
  const host = URL.canParse(origin) ? new URL(origin).hostname : undefined;
  return host === undefined || !LOOPBACK_HOSTS.has(host);
}

function carriesToken(request: IncomingMessage, token: string): boolean {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  // The second is what kurento-client makes of its option of that name (RFC 6750, section 2.3).
  const { query } = splitUrl(request);
  const given = bearer === undefined ? (inQuery(query, 'token') ?? inQuery(query, 'access_token')) : [bearer];
  const wanted = digest(token);
  // Each is compared, whatever came of the one before: the time tells nothing.
  return (given ?? []).filter((text) => timingSafeEqual(digest(text), wanted)).length > 0;
}

/**
 * What the query has under this name, in the ways it can be meant: tokens are pasted into addresses as they are, so a +
 * is no space (no token has one), and a % need not be an escape.
 */
function inQuery(query: string, name: string): string[] | undefined {
  const decoded = new URLSearchParams(query.replaceAll('+', '%2B')).get(name);
  const raw = query.split('&').find((pair) => pair.startsWith(`${name}=`));
  return decoded === null ? undefined : [decoded, raw?.slice(name.length + 1) ?? decoded];
}

function splitUrl({ url = '' }: IncomingMessage): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Makes the comparison's length, and so its time, independent of what was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
