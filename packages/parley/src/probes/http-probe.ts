// Asks an HTTP server as a stranger would, and says what it answered and whom its certificate names. Believes any
// certificate: who asks wants to judge it.
import type { X509Certificate } from 'node:crypto';
import { request as requestInClear, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface HttpQuestion {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole answer, in ms. */
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of repeated headers all values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly certificate: SeenCertificate | undefined;
}

export interface SeenCertificate {
  readonly x509: X509Certificate;
  /** Why this machine does not trust it, in OpenSSL's words, such as `DEPTH_ZERO_SELF_SIGNED_CERT`; undefined: it does. */
  readonly distrusted: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** Nothing that is asked for here is longer; what comes behind is not read. */
const MAX_BODY_BYTES = 65_536;

/** @throws Error of the system (`code` ECONNREFUSED …), of OpenSSL, or a TimeoutError */
export async function askHttp(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const request = openRequest(url, question);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
    // A server that upgrades unasked has answered as well, though with nothing to read.
    request.once('upgrade', (message: IncomingMessage, socket) => {
      socket.destroy();
      resolve(message);
    });
    request.end(question.body);
  });
  const certificate = certificateOf(response);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) break;
    }
  } finally {
    request.destroy();
  }
  return {
    status: response.statusCode ?? 0,
    headers: new Map(
      Object.entries(response.headersDistinct).map(([name, values]) => [name, values ?? []] as const),
    ),
    body: Buffer.concat(chunks).toString('utf8'),
    certificate,
  };
}

/**
 * Asks for a WebSocket and lets it go at once.
 * @returns the status; 101: it was granted
 * @throws as `askHttp`
 */
export async function upgradeStatus(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const answer = await askHttp(url.replace(/^ws/i, 'http'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'cGFybGV5IGFza3MgbWUhIQ==',
      ...headers,
    },
  });
  return answer.status;
}

function openRequest(url: string, question: HttpQuestion): ClientRequest {
  const signal = AbortSignal.timeout(question.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const { method = 'GET', headers = {} } = question;
  const options = { method, headers, signal, agent: false as const };
  return /^https:/i.test(url)
    ? requestOverTls(url, { ...options, rejectUnauthorized: false })
    : requestInClear(url, options);
}

function certificateOf(response: IncomingMessage): SeenCertificate | undefined {
  const socket = response.socket as Partial<TLSSocket>;
  const x509 = socket.getPeerX509Certificate?.();
  if (x509 === undefined) return undefined;
  const error: unknown = socket.authorizationError;
  return { x509, distrusted: socket.authorized === true ? undefined : wordsOf(error) };
}

function wordsOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return String(error);
}
