// One GET of a player: follows redirects, and connects to allowed addresses only, which it checks where the connection
// is made. A name that is asked for twice may have two addresses, so checking the name beforehand would check nothing.
import {
  Agent as HttpAgent,
  get as httpGet,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { isIP } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { MediaFileError } from '../media-file-error.ts';
import { isAllowedAddress, type HttpSourcePolicy } from './allowed-address.ts';
import { guardedLookup } from './guarded-lookup.ts';
import { causeOf, shownUrl } from './http-cause.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Until the head of an answer is there, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Keeps connections for the requests of one source. To be closed. */
export class HttpClient {
  readonly #policy: HttpSourcePolicy;
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  readonly #requests = new Set<ClientRequest>();
  #closed = false;

  constructor(policy: HttpSourcePolicy) {
    this.#policy = policy;
  }

  /**
   * The answer to a GET, whatever its status, redirects followed; its body is to be read or destroyed. Nothing is
   * decoded: what was stored compressed by a `Content-Encoding` is refused.
   * @throws MediaFileError `missing`: no answer, an address that is not allowed, too many redirects
   */
  async get(url: URL, range?: string): Promise<IncomingMessage> {
    let target = url;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#getOnce(target, range);
      if (!REDIRECTS.has(response.statusCode ?? 0)) return response;
      response.destroy();
      const { location } = response.headers;
      if (location === undefined || !URL.canParse(location, target))
        throw unreachable(target, 'answers with a redirect to nowhere');
      target = new URL(location, target);
    }
    throw unreachable(url, `redirects more than ${MAX_REDIRECTS} times`);
  }

  /** Ends what is under way: requests are rejected, bodies end with an error. Idempotent. */
  close(): void {
    this.#closed = true;
    // Without an error: nobody listens on the connection of a request that is just done.
    for (const request of this.#requests) request.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #getOnce(url: URL, range: string | undefined): Promise<IncomingMessage> {
    const isSecure = url.protocol === 'https:';
    if (!isSecure && url.protocol !== 'http:')
      throw unreachable(url, 'is no address that media can be fetched from');
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Nobody asks `lookup` about what is an address already.
    if (isIP(host) !== 0 && !isAllowedAddress(host, this.#policy)) throw forbidden(url, host);
    const options: RequestOptions = {
      ...urlToHttpOptions(url),
      agent: isSecure ? this.#agents.https : this.#agents.http,
      lookup: guardedLookup(this.#policy, (address) => forbidden(url, address)),
      headers: { Accept: '*/*', 'Accept-Encoding': 'identity', ...(range && { Range: range }) },
    };
    return new Promise((resolve, reject) => {
      if (this.#closed) throw unreachable(url, 'is no longer wanted');
      const request = (isSecure ? httpsGet : httpGet)(options);
      this.#requests.add(request);
      request.once('close', () => this.#requests.delete(request));
      const timer = setTimeout(
        () => request.destroy(unreachable(url, `does not answer within ${ANSWER_TIMEOUT_MS / 1000} s`)),
        ANSWER_TIMEOUT_MS,
      );
      request.once('response', (response) => {
        clearTimeout(timer);
        // Who reads the body is told of its end; who has left it is not to bring the process down.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(error instanceof MediaFileError ? error : unreachable(url, causeOf(error)));
      });
    });
  }
}

function unreachable(url: URL, what: string): MediaFileError {
  return new MediaFileError('missing', `'${shownUrl(url)}' ${what}`);
}

/** `address` goes to the log only: what a name resolves to in here is nothing for those who may ask public addresses only. */
function forbidden(url: URL, address: string): MediaFileError {
  const refusal = unreachable(url, 'is at an address that this media server is not allowed to fetch from');
  return Object.assign(refusal, { address });
}
