// Media at an http: or https: address. A server that can give parts of a file is asked for those that are needed, so that
// any place can be gone to; from any other the file is read once, from its start, as it is played.
import type { IncomingMessage } from 'node:http';
import type { ByteSource, PlacedBytes } from '../byte-source.ts';
import type { MatroskaBytes } from '../matroska-stream.ts';
import { MediaFileError } from '../media-file-error.ts';
import { streamBytes } from '../stream-bytes.ts';
import type { HttpSourcePolicy } from './allowed-address.ts';
import { HttpClient } from './http-get.ts';
import { shownUrl } from './http-cause.ts';

/** What is asked for first: the head of most files. In bytes. */
const PROBE_BYTES = 64 * 1024;

/** A part whose answer breaks off is asked for again this often without anything new. */
const MAX_BARREN_TRIES = 3;

/** A server that gives nothing for this long has gone. In ms. */
const STALL_TIMEOUT_MS = 20_000;

/**
 * Asks for the head of the file.
 * @param signal ends everything at once, also what comes of it
 * @throws MediaFileError `missing` for an address that may not be asked, or gives no file
 */
export async function httpBytes(
  uri: string,
  policy: HttpSourcePolicy,
  signal: AbortSignal,
): Promise<ByteSource | MatroskaBytes> {
  if (policy === 'none')
    throw new MediaFileError('missing', `'${uri}' cannot be played: this media server plays files only`);
  if (!URL.canParse(uri)) throw new MediaFileError('missing', `'${uri}' is not a valid address`);
  const url = new URL(uri);
  const client = new HttpClient(policy);
  signal.addEventListener('abort', () => client.close(), { once: true });
  try {
    signal.throwIfAborted();
    let response = await client.get(url, `bytes=0-${PROBE_BYTES - 1}`);
    if (response.statusCode === 206) {
      const range = contentRange(response);
      if (range?.start === 0) return rangedBytes(client, url, await readHead(response), range.size);
      // It has parts, but will not say of what: read in order, as if it had none.
      response.destroy();
      response = await client.get(url);
    }
    if (response.statusCode !== 200) throw refusedBy(url, response);
    return await streamBytes({ chunks: response, name: shownUrl(url), close: () => client.close() });
  } catch (error) {
    client.close();
    if (error instanceof MediaFileError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new MediaFileError('missing', `'${shownUrl(url)}' cannot be read (${detail})`);
  }
}

function rangedBytes(client: HttpClient, url: URL, head: Buffer, size: number): PlacedBytes {
  const parts = new RangedFile(client, url, head, size);
  return {
    name: shownUrl(url),
    isLocal: false,
    size,
    read: (start, end) => parts.read(start, end),
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}

/** A file that is read by `Range` (RFC 9110, section 14). */
class RangedFile {
  readonly #client: HttpClient;
  readonly #url: URL;
  readonly #head: Buffer;
  readonly #size: number;

  constructor(client: HttpClient, url: URL, head: Buffer, size: number) {
    this.#client = client;
    this.#url = url;
    this.#head = head;
    this.#size = size;
  }

  async *read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    let at = start;
    if (at < this.#head.length) {
      yield this.#head.subarray(at, Math.min(end, this.#head.length));
      at = Math.min(end, this.#head.length);
    }
    for (let barren = 0; at < end;) {
      const before = at;
      try {
        for await (const chunk of this.#request(at, end)) {
          at += chunk.length;
          yield chunk;
        }
      } catch (error) {
        barren = at > before ? 0 : barren + 1;
        if (error instanceof MediaFileError || barren >= MAX_BARREN_TRIES) throw error;
        continue;
      }
      if (at < end) throw new Error('its server gave less of it than it had said');
    }
  }

  async *#request(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    const response = await this.#client.get(this.#url, `bytes=${start}-${end - 1}`);
    // A server that gives the whole instead has another file by now; one that gives nothing has not.
    if (response.statusCode !== 200 && response.statusCode !== 206) throw refusedBy(this.#url, response);
    const range = response.statusCode === 206 ? contentRange(response) : undefined;
    if (range?.start !== start || range.size !== this.#size) {
      response.destroy();
      throw new MediaFileError('foreign', `'${shownUrl(this.#url)}' changed while it was played`);
    }
    response.setTimeout(STALL_TIMEOUT_MS, () =>
      response.destroy(new Error('its server gives nothing any more')),
    );
    let left = end - start;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  }
}

/** As much of the head as comes: what is missing is asked for when it is needed. */
async function readHead(response: IncomingMessage): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  response.setTimeout(STALL_TIMEOUT_MS, () =>
    response.destroy(new Error('its server gives nothing any more')),
  );
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= PROBE_BYTES) break;
    }
  } catch (error) {
    if (head.length === 0) throw error;
  }
  return head.subarray(0, PROBE_BYTES);
}

/** Leaves the answer, which is no media. */
function refusedBy(url: URL, response: IncomingMessage): MediaFileError {
  response.destroy();
  return new MediaFileError('missing', `'${shownUrl(url)}' is answered with status ${response.statusCode}`);
}

/** `Content-Range: bytes START-END/SIZE`; undefined when the size is not told. */
function contentRange(response: IncomingMessage): { start: number; size: number } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers['content-range'] ?? '');
  return match ? { start: Number(match[1]), size: Number(match[2]) } : undefined;
}
