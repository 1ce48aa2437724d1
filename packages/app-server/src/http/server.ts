// The HTTP side: the API, the built web client, and what every reply has in common. The WebSocket is signalling's.
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import { addAdminRoutes, type AdminParts } from '../admin/admin-routes.ts';
import { ApiError } from './api-error.ts';
import { addApiRoutes, type ApiParts } from './api-routes.ts';
import { addCheckBytes } from './check-bytes.ts';
import type { ServerCertificate } from '../tls/server-certificate.ts';
import { RareWarnings } from '../rare-warnings.ts';
import { securityHeaders } from './security-headers.ts';

export interface HttpServerOptions extends ApiParts, Omit<AdminParts, 'token'> {
  adminToken: string;
  clientDir: string;
  /** Without it: in clear. */
  certificate: ServerCertificate | undefined;
  log: Logger;
}

/** No request of the API has a body worth mentioning, in bytes. */
const MAX_BODY_BYTES = 16_384;

/** The addresses of the page; everything else of it is files. */
const PAGES = ['/', '/r/:room', '/recordings', '/check', '/admin', '/admin/sessions/:session'];

/** Not listening yet. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { clientDir, log, proxies, certificate } = options;
  // A browser that was told so could not be led past the warning about a certificate that nobody vouches for.
  const hsts = certificate !== undefined && !certificate.selfMade;
  const app = makeApp(certificate, {
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    trustProxy: proxies.trusts,
    // Paths that cannot be decoded come past all hooks and handlers.
    frameworkErrors: (error, request, reply) => {
      const refusal = refusalFor(error);
      // Its type is that of any route there may be, so that nothing is known of what it sends.
      const plain = reply as FastifyReply;
      plain.headers(securityHeaders(proxies.outside(request.raw), hsts)).code(refusal.status);
      void plain.send(refusal.body());
    },
  });

  const rare = new RareWarnings(log);
  app.addHook('onRequest', async (request, reply) => {
    if (proxies.undeclared(request.raw))
      rare.warn(
        { address: request.raw.socket.remoteAddress },
        'requests seem to come through a proxy that TRUST_PROXY does not name: all who use it share the limits of one address',
      );
    reply.headers(securityHeaders(proxies.outside(request.raw), hsts));
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = refusalFor(error);
    if (refusal.status >= 500)
      log.error({ err: error, path: request.routeOptions.url }, 'an HTTP request failed');
    return reply.code(refusal.status).type('application/json; charset=utf-8').send(refusal.body());
  });
  app.setNotFoundHandler(async (request, reply) => {
    reply.code(404);
    // A person gets the page, which says so in words and offers a way out.
    const person = request.method === 'GET' && request.headers.accept?.includes('text/html');
    if (person && !request.url.startsWith('/api/')) return reply.sendFile('index.html');
    return reply.send(ApiError.notFound().body());
  });

  await app.register(fastifyStatic, {
    root: clientDir,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // The build puts a hash into the names of what is in there.
      const hashed = path.startsWith(join(clientDir, 'assets') + sep);
      if (reply.getHeader('cache-control') === undefined)
        reply.setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  addApiRoutes(app, options);
  addCheckBytes(app);
  addAdminRoutes(app, { ...options, token: options.adminToken });
  for (const page of PAGES) app.get(page, async (_request, reply) => reply.sendFile('index.html'));
  return app;
}

type CommonOptions = Pick<
  FastifyServerOptions,
  'bodyLimit' | 'forceCloseConnections' | 'frameworkErrors' | 'trustProxy'
>;

function makeApp(certificate: ServerCertificate | undefined, options: CommonOptions): FastifyInstance {
  if (!certificate) return Fastify(options);
  return Fastify({ ...options, https: certificate.secureContext });
}

/** Fastify's own errors carry a status of 4xx for what the client did wrong. */
function refusalFor(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new ApiError(statusCode, 'invalid-request', String(message));
  return new ApiError(500, 'internal', 'internal error');
}
