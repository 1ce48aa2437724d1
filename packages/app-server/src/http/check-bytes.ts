// Bytes without meaning, down and up, by which the page /check measures what a network carries. Bounded in size and rate.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { MAX_CHECK_DOWN_BYTES, MAX_CHECK_UP_BYTES } from '@parley/protocol';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.ts';
import { RateLimit } from './rate-limit.ts';

/** Of one address, downwards: a few people behind one router at once, then a part of the server's own line. */
const DOWN = { burst: 12, refillMs: 4_000 };
/** Upwards one measurement is many pieces, most of them small. */
const UP = { burst: 120, refillMs: 250 };

/** Longer than what compression looks back (RFC 1951: 32 kB), so that a proxy cannot make it smaller. */
const BLOCK = randomBytes(262_144);

/** `GET` gives `?size=` bytes, or as many as there are; `POST` takes them and forgets them. */
export function addCheckBytes(app: FastifyInstance): void {
  const down = new RateLimit(DOWN);
  const up = new RateLimit(UP);
  const limitedBy = (limit: RateLimit) => async (request: { ip: string }) => {
    if (!limit.take(request.ip, performance.now())) throw ApiError.tooManyRequests();
  };

  app.get<{ Querystring: { size?: string } }>(
    '/api/check/bytes',
    { onRequest: limitedBy(down) },
    async ({ query }, reply) => {
      const size = sizeOf(query.size);
      reply.type('application/octet-stream').header('content-length', size);
      return reply.send(Readable.from(blocks(size)));
    },
  );

  // In a scope of its own: only here is such a body taken, and it is never kept.
  app.register(async (scope) => {
    scope.addContentTypeParser('application/octet-stream', async (_request: unknown, body: Readable) => {
      let size = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_CHECK_UP_BYTES) throw ApiError.tooLarge();
      }
      return size;
    });
    scope.post(
      '/api/check/bytes',
      { onRequest: limitedBy(up), bodyLimit: MAX_CHECK_UP_BYTES },
      async (_request, reply) => reply.code(204).send(),
    );
  });
}

/** @throws ApiError for what is no size */
function sizeOf(text: string | undefined): number {
  if (text === undefined) return MAX_CHECK_DOWN_BYTES;
  const size = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > MAX_CHECK_DOWN_BYTES)
    throw ApiError.invalid(`size is between 1 and ${MAX_CHECK_DOWN_BYTES}`);
  return size;
}

function* blocks(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= BLOCK.length) yield BLOCK.subarray(0, Math.min(left, BLOCK.length));
}
