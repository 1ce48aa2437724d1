// What ICE of one leg has tried, and what became of the relay: from the browser's candidates and errors and the server's
// answer. Says why no way was found; tries nothing itself.
import type { FailureCause, IceServer } from '@parley/protocol';

/** The members of `RTCPeerConnectionIceErrorEvent` that are read (W3C WebRTC, section 4.8.4). */
export interface IceError {
  /** Of STUN and TURN, such as 401 (RFC 8489, 14.8; RFC 8656, 19); 701: not reached. */
  errorCode: number;
  errorText: string;
  url?: string | null;
}

/** RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type. */
const CANDIDATE = /candidate:\S+ \d+ (\w+) \d+ \S+ \d+ typ (\w+)/gi;
/** 401: no or wrong credentials; 403: forbidden; 437, 438, 441: of another allocation, time or person; 486: quota. */
const REFUSING_CODES: ReadonlySet<number> = new Set([401, 403, 437, 438, 441, 486]);
const MAX_DETAIL_LENGTH = 200;

export class IceAttempts {
  #iceServers: readonly IceServer[];
  readonly #errors: IceError[] = [];
  readonly #remote = new Set<string>();
  #relayGathered = false;

  constructor(iceServers: readonly IceServer[]) {
    this.#iceServers = iceServers;
  }

  /** There are new credentials. */
  renewed(iceServers: readonly IceServer[]): void {
    this.#iceServers = iceServers;
    this.#errors.length = 0;
  }

  gathered(candidate: string): void {
    if (candidate.includes(' typ relay')) this.#relayGathered = true;
  }

  refused(error: IceError): void {
    this.#errors.push(error);
  }

  /** The server's candidates, in an answer or alone. */
  offered(text: string): void {
    for (const [, transport] of text.matchAll(CANDIDATE))
      if (transport) this.#remote.add(transport.toUpperCase());
  }

  /** @param now in ms since 1970, because credentials end by that */
  verdict(now: number): { cause: FailureCause; detail: string } {
    const relayed = this.#turnServers.length > 0;
    const ways = ['UDP', 'TCP'].filter((way) => this.#remote.has(way));
    if (relayed && !this.#relayGathered)
      return { cause: 'relay-refused', detail: this.#refusal(now).slice(0, MAX_DETAIL_LENGTH) };
    const tried = relayed ? [...ways, `relay (${this.#turnServers.join(', ')})`] : ways;
    const detail = `tried ${tried.join(', ') || 'nothing: the server named no address'}${relayed ? '' : '; there is no relay'}`;
    return { cause: 'no-candidate-pair', detail: detail.slice(0, MAX_DETAIL_LENGTH) };
  }

  get #turnServers(): string[] {
    return this.#iceServers.flatMap(({ urls }) => urls).filter((url) => url.startsWith('turn'));
  }

  #refusal(now: number): string {
    const refused = this.#errors.find(({ errorCode }) => REFUSING_CODES.has(errorCode));
    if (refused && this.#expired(now)) return `expired credentials: ${describe(refused)}`;
    if (refused) return `credentials: ${describe(refused)}`;
    const error = this.#errors.at(-1);
    return `unreachable: ${error ? describe(error) : this.#turnServers.join(', ')}`;
  }

  /** RFC 8489 says nothing of them; draft-uberti-behave-turn-rest, 2.2: the name begins with when they end, in seconds. */
  #expired(now: number): boolean {
    return this.#iceServers.some(({ username }) => {
      const expiry = Number(username?.split(':')[0] ?? Number.NaN);
      return expiry > 0 && expiry * 1_000 <= now;
    });
  }
}

function describe({ errorCode, errorText, url }: IceError): string {
  return [String(errorCode), errorText, url ?? ''].filter(Boolean).join(' ');
}
