// Finds the installation that runs with a configuration, by asking the address that it is configured for.
import { HealthResponse } from '@parley/protocol';
import type { Configuration } from '../configuration.ts';
import { askHttp } from './http-probe.ts';
import { isAnyAddress, urlHost } from '../addresses.ts';

export type Installation =
  | {
      readonly state: 'running';
      /** Where it was found, such as `https://127.0.0.1:8443`, without a path. */
      readonly url: string;
      readonly health: HealthResponse;
    }
  /** `why`: what came instead of an answer. */
  | { readonly state: 'not-running'; readonly why: string }
  /** Something answers there that is not Parley. */
  | { readonly state: 'something-else'; readonly url: string; readonly why: string };

export interface Search extends Pick<Configuration, 'host' | 'port' | 'tls'> {
  /** Where to look instead, such as the address of a proxy before it. */
  readonly url?: string | undefined;
}

/** Never rejects because of what is there or is not. */
export async function findInstallation(search: Search): Promise<Installation> {
  if (search.url === undefined && search.port === 0)
    return { state: 'not-running', why: 'PORT is 0, so it cannot be known where it would be' };
  let why = '';
  let somethingElse: Installation | undefined;
  for (const url of placesOf(search)) {
    try {
      const { status, body } = await askHttp(`${url}/api/health`);
      const health = HealthResponse.safeParse(parsed(body));
      if (health.success) return { state: 'running', url, health: health.data };
      somethingElse ??= { state: 'something-else', url, why: `it answers ${status} to /api/health` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (why === '') why = code === 'ECONNREFUSED' ? `nobody listens at ${url}` : `${url}: ${message}`;
      // It hangs up on who speaks HTTP, or answers in another language.
      if (code === 'ECONNRESET' || code?.startsWith('HPE_') || code?.includes('SSL'))
        somethingElse ??= { state: 'something-else', url, why: message };
    }
  }
  return somethingElse ?? { state: 'not-running', why };
}

/** With TLS as configured first: it may have been started otherwise. */
function placesOf({ host, port, tls, url }: Search): string[] {
  if (url !== undefined) return [new URL(url).origin];
  const name = isAnyAddress(host) ? (host === '::' ? '[::1]' : '127.0.0.1') : urlHost(host);
  const schemes = tls.kind === 'off' ? ['http', 'https'] : ['https', 'http'];
  return schemes.map((scheme) => `${scheme}://${name}:${port}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
