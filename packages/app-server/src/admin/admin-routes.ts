// The administration's part of the HTTP API: who may, and what they get. All of it is shut without the token.
import {
  AdminLoginRequest,
  SessionId,
  type AdminLoginResponse,
  type SessionsResponse,
  type SessionTrace,
} from '@parley/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../http/api-error.ts';
import type { ProxyTrust } from '../http/proxy-trust.ts';
import { RateLimit } from '../http/rate-limit.ts';
import { originAllowed } from '../signalling/origin.ts';
import type { SessionInspector } from '../trace/session-inspector.ts';
import { AdminLogins, loginCookie, loginIn } from './admin-logins.ts';
import { sameSecret } from './admin-token.ts';
import { SessionEvents } from './session-events.ts';

export interface AdminParts {
  token: string;
  inspector: SessionInspector;
  proxies: ProxyTrust;
  publicOrigins: readonly string[];
}

const PREFIX = '/api/admin';

/** Five tries of one address at once, and five a minute. */
const TRIES = { burst: 5, refillMs: 12_000 };

interface SessionParams {
  session: string;
}

export function addAdminRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { token, inspector, proxies, publicOrigins } = parts;
  const tries = new RateLimit(TRIES);
  const logins = new AdminLogins();
  const events = new SessionEvents({ inspector });

  const secure = ({ raw }: FastifyRequest) => proxies.outside(raw).encrypted === true;
  const loginOf = (request: FastifyRequest) => loginIn(request.headers.cookie, secure(request));
  /** Who has it is shut out by nobody who tries, perhaps behind the same proxy; guessing 256 bits needs no limit. */
  const isToken = (request: FastifyRequest, given: string) => {
    if (sameSecret(given, token)) return true;
    if (!tries.take(request.ip, performance.now())) throw ApiError.tooManyRequests();
    return false;
  };
  /** By cookie for the page, by `Authorization: Bearer` (RFC 6750, section 2.1) for scripts. */
  const isAdmin = (request: FastifyRequest) => {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (bearer !== undefined) return isToken(request, bearer);
    const login = loginOf(request);
    return login !== undefined && logins.valid(login, performance.now());
  };
  const fromOwnPage = ({ headers, raw }: FastifyRequest) =>
    originAllowed(headers.origin, proxies.outside(raw), publicOrigins);

  const checkOrigin = async (request: FastifyRequest) => {
    if (!fromOwnPage(request)) throw ApiError.foreignOrigin();
  };
  const checkAdmin = async (request: FastifyRequest) => {
    if (!isAdmin(request)) throw new ApiError(401, 'not-logged-in', 'log in with the administrator token');
  };
  const admin = { onRequest: checkAdmin };

  const traceOf = async (id: string): Promise<SessionTrace> => {
    const trace = SessionId.safeParse(id).success ? await inspector.trace(id) : undefined;
    if (!trace)
      throw new ApiError(404, 'session-gone', 'there is no such session, or it is not kept any more');
    return trace;
  };

  app.post(
    `${PREFIX}/login`,
    { onRequest: checkOrigin },
    async (request, reply): Promise<AdminLoginResponse> => {
      const parsed = AdminLoginRequest.safeParse(request.body);
      if (!parsed.success) throw new ApiError(400, 'invalid-request', 'a token is needed');
      if (!isToken(request, parsed.data.token))
        throw new ApiError(401, 'wrong-token', 'this is not the administrator token');
      reply.header('set-cookie', loginCookie(logins.begin(performance.now()), secure(request)));
      return {};
    },
  );

  app.post(
    `${PREFIX}/logout`,
    { onRequest: checkOrigin },
    async (request, reply): Promise<AdminLoginResponse> => {
      const login = loginOf(request);
      if (login !== undefined) logins.end(login);
      reply.header('set-cookie', loginCookie(undefined, secure(request)));
      return {};
    },
  );

  app.get(`${PREFIX}/sessions`, admin, async (): Promise<SessionsResponse> => ({
    sessions: inspector.list(),
  }));

  /** `…/<id>.json` gives the same as a file. */
  app.get<{ Params: SessionParams }>(
    `${PREFIX}/sessions/:session`,
    admin,
    async ({ params }, reply): Promise<SessionTrace> => {
      const file = params.session.endsWith('.json');
      const id = file ? params.session.slice(0, -'.json'.length) : params.session;
      const trace = await traceOf(id);
      if (file) reply.header('content-disposition', `attachment; filename="parley-session-${id}.json"`);
      return trace;
    },
  );

  app.get<{ Params: SessionParams }>(
    `${PREFIX}/sessions/:session/events`,
    admin,
    async (request, reply): Promise<FastifyReply> => {
      const { session } = request.params;
      if (!inspector.has(session)) throw new ApiError(404, 'session-gone', 'there is no such session');
      if (events.full) throw new ApiError(503, 'too-many-listeners', 'too many pages are open');
      reply.header('content-type', 'text/event-stream; charset=utf-8');
      reply.hijack();
      reply.raw.writeHead(200, headersOf(reply));
      events.tell(session, reply.raw, () => isAdmin(request));
      return reply;
    },
  );

  app.addHook('preClose', async () => events.close());
}

/** What was set for this reply, which Fastify does not send any more. */
function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}
