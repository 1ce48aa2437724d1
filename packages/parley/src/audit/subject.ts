// What is judged: the configuration, the data folder, and the installation that runs with them, if one does. What several
// checks need of the running one is asked for once.
import type { IceServer, TestingProgram } from '@parley/protocol';
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import type { Configuration } from '../configuration.ts';
import { askHttp, type HttpAnswer } from '../probes/http-probe.ts';
import type { Installation } from '../probes/installation.ts';
import { probeMedia, type MediaProbe } from '../probes/media-probe.ts';
import { SignallingProbe } from '../probes/signalling-probe.ts';

export interface TurnAccess {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

export interface SubjectOptions {
  readonly configuration: Configuration;
  readonly installation: Installation;
  /** By which other machines reach this one. */
  readonly ownAddresses: readonly string[];
  /** Whether `installation` was looked for at an address that the operator named, such as that of a proxy. */
  readonly outside?: boolean;
  readonly now: Date;
}

/** Of the credentials that are made for a probe. */
const LIFETIME_SECONDS = 120;

export class AuditSubject {
  readonly configuration: Configuration;
  readonly installation: Installation;
  readonly ownAddresses: readonly string[];
  readonly outside: boolean;
  readonly now: Date;
  readonly #once = new Map<string, Promise<unknown>>();

  constructor({ configuration, installation, ownAddresses, outside = false, now }: SubjectOptions) {
    this.configuration = configuration;
    this.installation = installation;
    this.ownAddresses = ownAddresses;
    this.outside = outside;
    this.now = now;
  }

  /** Who looks: its tests are named so in the list of sessions. */
  get lookedAtBy(): TestingProgram {
    return 'audit';
  }

  /** Where it runs, such as `https://127.0.0.1:8443`; undefined when it does not. */
  get url(): string | undefined {
    return this.installation.state === 'running' ? this.installation.url : undefined;
  }

  /** The page, as a browser gets it. @throws as `askHttp` */
  page(url: string): Promise<HttpAnswer> {
    return this.#ask('page', () => askHttp(`${url}/`, { headers: { accept: 'text/html' } }));
  }

  /** What a browser would learn of the media server. @throws as `probeMedia` */
  media(url: string): Promise<MediaProbe> {
    return this.#ask('media', () => probeMedia(url, this.lookedAtBy));
  }

  /**
   * The TURN servers with credentials for them: those that browsers are told by the running installation, else those that
   * are configured. @throws as `SignallingProbe`
   */
  turn(): Promise<TurnAccess[]> {
    return this.#ask('turn', async () => {
      if (this.url !== undefined) return accessOf(await iceServers(this.url, this.lookedAtBy));
      const { turn } = this.configuration;
      if (turn.kind !== 'external') return [];
      const { urls, secret } = turn.server;
      const now = this.now.getTime();
      const minted = { secret, participant: 'audit', lifetimeSeconds: LIFETIME_SECONDS, now };
      return [{ urls, ...mintTurnCredentials(minted) }];
    });
  }

  #ask<Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#once.get(name) ?? ask();
    this.#once.set(name, known);
    return known as Promise<Answer>;
  }
}

async function iceServers(url: string, by: TestingProgram): Promise<IceServer[]> {
  const signalling = await SignallingProbe.open(url);
  try {
    return await signalling.iceServers(by);
  } finally {
    signalling.close();
  }
}

function accessOf(servers: readonly IceServer[]): TurnAccess[] {
  return servers.flatMap(({ urls, username = '', credential = '' }) => {
    const turn = urls.filter((url) => /^turns?:/i.test(url));
    return turn.length > 0 ? [{ urls: turn, username, credential }] : [];
  });
}
