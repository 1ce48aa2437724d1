// Sends a recording to an HTTP address while it is made: one chunked PUT. The whole of it is written to a file of the data
// folder first and read back from there, so a slow target costs disk and no memory, and one that fails costs nothing: the
// file stays. After an answer that says that the target has it all, the file is removed.
import { once } from 'node:events';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { urlToHttpOptions } from 'node:url';
import { makeFolder } from '../make-folder.ts';
import { isAllowedAddress, type HttpSourcePolicy } from '../playing/http/allowed-address.ts';
import { guardedLookup } from '../playing/http/guarded-lookup.ts';
import { causeOf, shownUrl } from '../playing/http/http-cause.ts';
import { AppendFile, createFile } from './append-file.ts';
import type { ByteSink } from './byte-sink.ts';

/** How much is read from the file and handed to the connection at once, in bytes. */
const CHUNK_BYTES = 64 * 1024;

const NOT_ALLOWED = 'is at an address that this media server is not allowed to connect to';

const STALL_MS = 10_000;

/** After the end of the recording the target has this long, in ms, to take the rest: a client waits for no more than 30 s. */
const END_MS = 25_000;

/** For the log only: what a name resolves to in here is nothing for those who may ask public addresses only. */
export interface FailureDetails {
  /** The IP address that is not allowed. */
  readonly address?: string;
}

export interface UploadOptions {
  /** `http:` or `https:` */
  readonly url: URL;
  readonly contentType: string;
  readonly policy: HttpSourcePolicy;
  /** Where the recording is kept until the target has it all. Absolute; missing folders are made, for their owner only. */
  readonly spool: string;
  /** A target that takes nothing, or does not answer, for this long, in ms, does not take the recording; 10 s unless given. */
  readonly stallMs?: number;
  /** Told at most once: the target did not get it all. `what` goes on from the target's address, as in "refuses …". */
  readonly failed: (what: string, details: FailureDetails) => void;
  /** Told at the end when the file stays. */
  readonly kept: () => Promise<void>;
}

/** Whether a recording may be sent there as far as the URL itself tells; a name is checked when it is connected to. */
export function isAllowedTarget(url: URL, policy: HttpSourcePolicy): boolean {
  const host = hostOf(url);
  return policy !== 'none' && (isIP(host) === 0 || isAllowedAddress(host, policy));
}

export class HttpUpload implements ByteSink {
  readonly #options: UploadOptions;
  readonly #file: AppendFile;
  readonly #reader: FileHandle;
  readonly #agent: HttpAgent;
  readonly #request: ClientRequest;
  readonly #abort = new AbortController();
  /** Resolves with an answer that says that the target has it all. */
  readonly #accepted: Promise<void>;
  readonly #sending: Promise<void>;
  #written = 0;
  #ended = false;
  #wake: () => void = () => undefined;
  #hasFailed = false;

  /**
   * @throws the error of the file system when the file cannot be made, Error for an address that is not allowed or malformed; a target
   * that fails is told by `failed`
   */
  static async start(options: UploadOptions): Promise<HttpUpload> {
    const { spool, url, policy } = options;
    if (!isAllowedTarget(url, policy)) throw new Error(`'${shownUrl(url)}' ${NOT_ALLOWED}`);
    // Before there is a file to be left behind: it throws where the user in the URL is badly escaped.
    const target = urlToHttpOptions(url);
    await makeFolder(dirname(spool), 0o700);
    const file = new AppendFile(await createFile(spool));
    try {
      return new HttpUpload(options, target, file, await open(spool, 'r'));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(options: UploadOptions, target: RequestOptions, file: AppendFile, reader: FileHandle) {
    this.#options = options;
    this.#file = file;
    this.#reader = reader;
    // Kept alive, so that a target that answers early does not hang up behind its answer.
    this.#agent = new (options.url.protocol === 'https:' ? HttpsAgent : HttpAgent)({ keepAlive: true });
    this.#request = put(options, target, this.#agent);
    this.#request.on('close', () => {
      if (!this.#request.writableFinished) this.#fail(new UploadError('ended the connection'));
    });
    this.#sending = this.#send().catch((error: unknown) => this.#fail(error));
    this.#accepted = this.#answer();
    // An answer that refuses need not wait for the end.
    this.#accepted.catch((error: unknown) => this.#fail(error));
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#file.write(bytes);
    this.#written += bytes.length;
    this.#wake();
  }

  /** Resolves when the target has it all, or has failed, or has not done so in time. */
  async close(complete: boolean): Promise<void> {
    const { stallMs = STALL_MS } = this.#options;
    await this.#file.close();
    // A body that breaks off is how HTTP/1.1 says that it is not whole.
    if (!complete) this.#fail(new UploadError('did not get all of it: the recording broke off'));
    this.#ended = true;
    this.#wake();
    const taken = this.#failAfter(END_MS, `did not take it within ${END_MS / 1000} s after its end`);
    await this.#sending;
    const answered = this.#failAfter(stallMs, `did not answer within ${stallMs / 1000} s after its end`);
    await Promise.allSettled([this.#accepted]);
    clearTimeout(taken);
    clearTimeout(answered);
    this.#agent.destroy();
    await this.#reader.close();
    if (this.#hasFailed) await this.#options.kept();
    else await unlink(this.#options.spool);
  }

  async #answer(): Promise<void> {
    const [response] = (await once(this.#request, 'response')) as [IncomingMessage];
    const { statusCode = 0, statusMessage = '' } = response;
    // One that comes early is left unread until all is sent: the connection would be closed behind its end.
    if (statusCode >= 200 && statusCode < 300) await this.#sending;
    response.resume();
    if (statusCode >= 200 && statusCode < 300) return;
    // Redirects are not followed: half of the body may be sent already, and its new place was not checked.
    throw new UploadError(`answers ${`${statusCode} ${statusMessage}`.trim()}`);
  }

  async #send(): Promise<void> {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let sent = 0; !this.#hasFailed;) {
      if (sent === this.#written) {
        if (this.#ended) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const { bytesRead } = await this.#reader.read(
        buffer,
        0,
        Math.min(CHUNK_BYTES, this.#written - sent),
        sent,
      );
      sent += bytesRead;
      await this.#sendChunk(Buffer.from(buffer.subarray(0, bytesRead)));
    }
    if (this.#hasFailed) return;
    const finished = once(this.#request, 'finish', { signal: this.#abort.signal });
    this.#request.end();
    await finished;
  }

  async #sendChunk(chunk: Buffer): Promise<void> {
    if (this.#hasFailed || this.#request.write(chunk)) return;
    const { stallMs = STALL_MS } = this.#options;
    const timer = this.#failAfter(stallMs, `took nothing for ${stallMs / 1000} s`);
    try {
      await once(this.#request, 'drain', { signal: this.#abort.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  #failAfter(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#fail(new UploadError(what)), ms);
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#abort.abort();
    this.#request.destroy();
    this.#wake();
    if (error instanceof UploadError) this.#options.failed(error.message, error.details);
    else this.#options.failed(causeOf(error as NodeJS.ErrnoException), {});
  }
}

/** Its message goes on from the address of the target. */
class UploadError extends Error {
  readonly details: FailureDetails;

  constructor(what: string, details: FailureDetails = {}) {
    super(what);
    this.details = details;
  }
}

function put(
  { url, contentType, policy }: UploadOptions,
  target: RequestOptions,
  agent: HttpAgent,
): ClientRequest {
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...target,
    method: 'PUT',
    agent,
    lookup: guardedLookup(policy, (address) => new UploadError(NOT_ALLOWED, { address })),
    headers: { 'Content-Type': contentType, 'Transfer-Encoding': 'chunked' },
  });
  // Those after the first, which is told by the answer that never comes, say nothing new.
  request.on('error', () => undefined);
  request.flushHeaders();
  return request;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
