import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpUpload, isAllowedTarget, type FailureDetails, type UploadOptions } from './http-upload.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let spool: string;
let server: Server;
let failures: string[];
let addresses: (string | undefined)[];
/** Of the file, when it was told that it stays. */
let keptSize: number | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-upload-'));
  spool = join(folder, 'unsent', 'a.webm');
  failures = [];
  addresses = [];
  keptSize = undefined;
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function target(handler: Handler): Promise<URL> {
  server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a.webm`);
}

function start(url: URL, options: Partial<UploadOptions> = {}): Promise<HttpUpload> {
  const failed = (what: string, { address }: FailureDetails): void => {
    failures.push(what);
    addresses.push(address);
  };
  const kept = (): Promise<void> => {
    keptSize = statSync(spool).size;
    return Promise.resolve();
  };
  return HttpUpload.start({ url, contentType: 'video/webm', policy: 'any', spool, failed, kept, ...options });
}

/** `bytes` grows as they come in. */
function receiver(): { handler: Handler; got: { bytes: Buffer; request?: IncomingMessage; ended: boolean } } {
  const got: { bytes: Buffer; request?: IncomingMessage; ended: boolean } = {
    bytes: Buffer.alloc(0),
    ended: false,
  };
  const handler: Handler = (request, response) => {
    got.request = request;
    request.on('data', (chunk: Buffer) => (got.bytes = Buffer.concat([got.bytes, chunk])));
    request.on('end', () => {
      got.ended = true;
      response.writeHead(201).end();
    });
  };
  return { handler, got };
}

function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}

const PIECE = Buffer.from('a piece of a recording;');

describe('HttpUpload', () => {
  it('sends a recording while it is made, in one PUT, and keeps no file when the target has it all', async () => {
    const { handler, got } = receiver();
    const upload = await start(await target(handler));
    await upload.write(PIECE);
    await eventually(() => expect(got.bytes).toEqual(PIECE));
    expect(got.request?.method).toBe('PUT');
    expect(got.request?.url).toBe('/a.webm');
    expect(got.request?.headers).toMatchObject({
      'content-type': 'video/webm',
      'transfer-encoding': 'chunked',
    });
    expect(existsSync(spool)).toBe(true);
    const large = Buffer.alloc(300_000, 7);
    await upload.write(large);
    await upload.close(true);
    expect(got.ended).toBe(true);
    expect(got.bytes).toEqual(Buffer.concat([PIECE, large]));
    expect([failures, existsSync(spool)]).toEqual([[], false]);
  });

  it.each([
    ['refuses', 403, /answers 403 Forbidden/],
    ['leads elsewhere', 307, /answers 307/],
  ])('says so at once when the target %s, and has all of it in the file', async (_, status, sentence) => {
    const requests: string[] = [];
    const url = await target((request, response) => {
      requests.push(request.url ?? '');
      response.writeHead(status, { Location: '/elsewhere' }).end();
    });
    const upload = await start(url);
    await upload.write(PIECE);
    await eventually(() => expect(failures).toEqual([expect.stringMatching(sentence)]));
    await upload.write(PIECE);
    await upload.close(true);
    expect(readFileSync(spool)).toEqual(Buffer.concat([PIECE, PIECE]));
    expect(failures.length).toBe(1);
    expect(requests).toEqual(['/a.webm']);
  });

  it('has all of it in the file when the target breaks off in the middle', async () => {
    const url = await target((request) => request.once('data', () => request.socket.destroy()));
    const upload = await start(url);
    await upload.write(PIECE);
    await eventually(() => expect(failures).toEqual([expect.stringMatching(/ended the connection/)]));
    await upload.write(PIECE);
    await upload.close(true);
    expect(readFileSync(spool)).toEqual(Buffer.concat([PIECE, PIECE]));
  });

  it('has all of it in the file when nobody listens there', async () => {
    const url = await target(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const upload = await start(url);
    await upload.write(PIECE);
    await eventually(() => expect(failures).toEqual(['refuses the connection']));
    await upload.close(true);
    expect(readFileSync(spool)).toEqual(PIECE);
  });

  it('has all of it in the file when the target refuses it at the end', async () => {
    const url = await target((request, response) => {
      request.resume().once('end', () => response.writeHead(507).end());
    });
    const upload = await start(url);
    await upload.write(PIECE);
    await upload.close(true);
    expect(failures).toEqual([expect.stringMatching(/answers 507/)]);
    expect(readFileSync(spool)).toEqual(PIECE);
  });

  it('lets the recording go on at its own pace when the target takes nothing', async () => {
    const url = await target(() => undefined);
    const upload = await start(url);
    const large = Buffer.alloc(1_000_000, 7);
    for (let round = 0; round < 30; round++) await upload.write(large);
    expect(failures).toEqual([]);
    await upload.close(false);
    expect(failures).toEqual([expect.stringContaining('broke off')]);
    expect(readFileSync(spool).length).toBe(30_000_000);
  });

  it('waits a bounded time for a target that does not answer', async () => {
    const upload = await start(await target((request) => void request.resume()), { stallMs: 50 });
    await upload.write(PIECE);
    await upload.close(true);
    expect(failures).toEqual(['did not answer within 0.05 s after its end']);
    expect(readFileSync(spool)).toEqual(PIECE);
  });

  it('gives up a target that takes nothing, while the recording goes on', async () => {
    const upload = await start(await target(() => undefined), { stallMs: 50 });
    for (let round = 0; round < 30; round++) await upload.write(Buffer.alloc(1_000_000, 7));
    await eventually(() => expect(failures).toEqual(['took nothing for 0.05 s']));
    await upload.write(PIECE);
    await upload.close(true);
    expect(readFileSync(spool).length).toBe(30_000_000 + PIECE.length);
  });

  it('never ends a body in order that is not whole', async () => {
    const { handler, got } = receiver();
    const upload = await start(await target(handler));
    await upload.write(PIECE);
    await eventually(() => expect(got.bytes).toEqual(PIECE));
    const aborted = new Promise((resolve) => got.request?.once('aborted', resolve));
    await upload.close(false);
    await aborted;
    expect(got.ended).toBe(false);
  });

  it('connects to no address that is not allowed, neither a literal one nor one that a name has', async () => {
    const { port } = await target(() => undefined);
    const connections = vi.fn();
    server.on('connection', connections);
    await expect(start(new URL(`http://127.0.0.1:${port}/`), { policy: 'public' })).rejects.toThrow(
      /not allowed/,
    );
    const upload = await start(new URL(`http://localhost:${port}/`), { policy: 'public' });
    await upload.write(PIECE);
    await eventually(() =>
      expect(failures).toEqual([
        expect.stringMatching(/^is at an address that .* not allowed to connect to$/),
      ]),
    );
    await upload.close(true);
    // A name's address is told to the log alone.
    expect(addresses).toEqual([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]);
    expect(statSync(dirname(spool)).mode & 0o777).toBe(0o700);
    expect(readFileSync(spool)).toEqual(PIECE);
    expect(keptSize).toBe(PIECE.length);
    expect(connections).not.toHaveBeenCalled();
  });

  it('leaves no file behind for an address that no request can be made of', async () => {
    const url = await target(() => undefined);
    url.username = '%zz';
    await expect(start(url)).rejects.toThrow('URI malformed');
    expect(existsSync(spool)).toBe(false);
  });

  it('goes on sending to a target that says early that it takes all', async () => {
    const got: Buffer[] = [];
    let ended = false;
    const url = await target((request, response) => {
      request.on('data', (chunk: Buffer) => got.push(chunk)).on('end', () => (ended = true));
      response.writeHead(200).end('thank you');
    });
    const upload = await start(url);
    for (let round = 0; round < 3; round++) {
      await upload.write(PIECE);
      await eventually(() => expect(Buffer.concat(got).length).toBe((round + 1) * PIECE.length));
    }
    await upload.close(true);
    await eventually(() => expect(ended).toBe(true));
    expect([failures, existsSync(spool)]).toEqual([[], false]);
  });

  it('has all of it in the file when the target says early that it takes all, and hangs up', async () => {
    const url = await target((request, response) => {
      response.writeHead(200, { Connection: 'close' }).end(() => request.socket.destroy());
    });
    const upload = await start(url);
    await upload.write(PIECE);
    await eventually(() => expect(failures).toEqual([expect.stringMatching(/ended the connection/)]));
    await upload.close(true);
    expect(readFileSync(spool)).toEqual(PIECE);
  });
});

describe('a target', () => {
  it.each([
    ['http://169.254.169.254/x', 'any', false],
    ['http://[::ffff:a9fe:a9fe]/x', 'any', false],
    ['http://0xa9fea9fe/x', 'any', false],
    ['http://[fe80::1]/x', 'any', false],
    ['http://127.0.0.1/x', 'any', true],
    ['http://127.0.0.1/x', 'public', false],
    ['https://example.org/x', 'public', true],
    ['https://example.org/x', 'none', false],
  ] as const)('%s with "%s": %s', (url, policy, allowed) => {
    server = createServer();
    expect(isAllowedTarget(new URL(url), policy)).toBe(allowed);
  });
});
