// A web server of this machine that gives one file, and parts of it: what players fetch.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** What was asked for, as `Range` said. */
  readonly ranges: readonly (string | undefined)[];
  close(): Promise<void>;
}

export async function serveFile(path: string): Promise<FileServer> {
  const file = await readFile(path);
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = file.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
    const end = Number(first) + part.length - 1;
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'Content-Length': part.length,
      'Content-Range': `bytes ${first}-${end}/${file.length}`,
    });
    response.end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/movie.mp4`,
    ranges,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
