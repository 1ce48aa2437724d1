// Where a page of peers is from: a web server of this machine with nothing on it. A page that only pretended to be from here
// could not reach the media server itself: Chromium lets no page of elsewhere open a WebSocket to this machine.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Place {
  readonly url: string;
  close(): void;
}

/** A page of nothing that may use camera and microphone: loopback is trustworthy without TLS. */
export async function openEmptyPlace(): Promise<Place> {
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Parley</title>'),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
