// The media server's side of ICE: a lite agent in the controlled role (RFC 8445). It answers the browser's checks and
// follows its nominations; it sends no checks, and knows neither sockets nor its own candidates.
import { STUN_ATTRIBUTE, type TransportAddress } from '../stun/stun-attributes.ts';
import {
  STUN_METHOD_BINDING,
  parseStun,
  verifyFingerprint,
  verifyIntegrity,
  type StunMessage,
} from '../stun/stun-message.ts';
import { bindingError, bindingSuccess } from './binding-response.ts';
import type { IceCredentials } from './ice-credentials.ts';

/**
 * `new`: the remote side is unknown. `checking`: it is known, and no check has come from it yet. `disconnected` and
 * `failed`: checks have come and then stopped; a later one connects again.
 */
export type IceLiteState = 'new' | 'checking' | 'connected' | 'disconnected' | 'failed';

/**
 * Full agents renew their consent every 4 to 6 s (RFC 7675, section 5.1; Chromium more often, every 2.5 s), so after
 * 7 s one was missed. In ms.
 */
export const ICE_DISCONNECTED_AFTER = 7_000;

/** When consent has run out (RFC 7675, section 5.1): nothing should be sent any more. In ms. */
export const ICE_FAILED_AFTER = 30_000;

/** A browser has some addresses times a TURN relay or two; more than this would be one filling our memory. */
export const ICE_MAX_SOURCES = 32;

const UNDERSTOOD_ATTRIBUTES: ReadonlySet<number> = new Set<number>([
  STUN_ATTRIBUTE.USERNAME,
  STUN_ATTRIBUTE.MESSAGE_INTEGRITY,
  STUN_ATTRIBUTE.PRIORITY,
  STUN_ATTRIBUTE.USE_CANDIDATE,
]);

export interface IceCheckResult {
  /** To be sent back to the source. */
  readonly response: Buffer | undefined;
  /** Whether this message changed which source is selected. */
  readonly selected: boolean;
}

/** Where a check came from. Over TCP it is one connection, and not the same as UDP from the same address and port. */
export interface IceSource extends TransportAddress {
  readonly protocol: 'udp' | 'tcp';
}

interface Checked<Source extends IceSource> {
  readonly source: Source;
  readonly remoteUfrag: string;
  /** When its latest valid check came, in ms. */
  lastCheckAt: number;
}

const IGNORED: IceCheckResult = { response: undefined, selected: false };

/** `Source`: what the caller knows a source by; the agent hands back the very objects that it was given. */
export class IceLiteAgent<Source extends IceSource = IceSource> {
  readonly #localUfrag: string;
  readonly #localPwd: string;
  #remoteUfrag: string | undefined;
  /** By "protocol address port", the least recently checked first. */
  readonly #sources = new Map<string, Checked<Source>>();
  #selected: Checked<Source> | undefined;
  #nominated = false;

  /** `remoteUfrag`: if known already; until it is, checks with any are accepted. */
  constructor(options: { localUfrag: string; localPwd: string; remoteUfrag?: string | undefined }) {
    this.#localUfrag = options.localUfrag;
    this.#localPwd = options.localPwd;
    this.#remoteUfrag = options.remoteUfrag;
  }

  /**
   * Takes the remote description's credentials. What was learned from checks with another ufrag is forgotten. (Only the
   * ufrag matters here: a lite agent sends no checks, which is what the remote password is for.)
   */
  setRemote(remote: IceCredentials): void {
    this.#remoteUfrag = remote.ufrag;
    for (const [key, checked] of this.#sources) {
      if (checked.remoteUfrag !== remote.ufrag) this.#sources.delete(key);
    }
    if (this.#selected !== undefined && this.#selected.remoteUfrag !== remote.ufrag) {
      this.#selected = undefined;
      this.#nominated = false;
    }
  }

  /**
   * Where to send: the source nominated last, or provisionally the first one that passed a check. Undefined before any.
   */
  get selected(): Source | undefined {
    return this.#selected?.source;
  }

  /** Whether a check from this source has passed, so that its DTLS and media packets are welcome. */
  isAuthenticated(source: IceSource): boolean {
    return this.#sources.has(sourceKey(source));
  }

  /** The source is no more: its connection was closed. Another one that passed a check takes its place. */
  forget(source: IceSource): void {
    const key = sourceKey(source);
    const gone = this.#sources.get(key);
    this.#sources.delete(key);
    if (gone === undefined || gone !== this.#selected) return;
    this.#selected = [...this.#sources.values()].at(-1);
    this.#nominated = false;
  }

  /**
   * Takes one STUN datagram. `now`: ms of a monotonic clock. Binding requests are answered (RFC 8445, section 7.3;
   * RFC 8489, section 9.1.3); everything else is ignored. Only a request that passes all checks changes any state.
   */
  handleStun(bytes: Buffer, source: Source, now: number): IceCheckResult {
    const request = parseStun(bytes);
    if (
      request === undefined ||
      request.messageClass !== 'request' ||
      request.method !== STUN_METHOD_BINDING
    ) {
      return IGNORED;
    }
    // ICE's checks always carry it; without it this is not one of them (RFC 8445, section 7.1).
    if (!verifyFingerprint(request)) return IGNORED;
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return { response: refusal, selected: false };
    const selected = this.#acceptCheck(request, source, now);
    return { response: bindingSuccess(request, source, this.#localPwd), selected };
  }

  /** `now`: ms of the clock that `handleStun` was given. */
  state(now: number): IceLiteState {
    if (this.#selected === undefined) return this.#remoteUfrag === undefined ? 'new' : 'checking';
    const silence = now - this.#selected.lastCheckAt;
    if (silence < ICE_DISCONNECTED_AFTER) return 'connected';
    return silence < ICE_FAILED_AFTER ? 'disconnected' : 'failed';
  }

  /** The error response that the request deserves; undefined when it is good. */
  #refusalOf(request: StunMessage): Buffer | undefined {
    const { username } = request;
    if (username === undefined || request.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY) === undefined) {
      return bindingError(request, 400, undefined);
    }
    if (this.#remoteUfragIn(username) === undefined || !verifyIntegrity(request, this.#localPwd)) {
      return bindingError(request, 401, undefined);
    }
    const unknown = request.unknownAttributes(UNDERSTOOD_ATTRIBUTES);
    if (unknown.length > 0) return bindingError(request, 420, this.#localPwd, unknown);
    // A lite agent cannot take the controlling role, so the other side has to, whatever the tie-breakers say.
    if (request.attribute(STUN_ATTRIBUTE.ICE_CONTROLLED) !== undefined) {
      return bindingError(request, 487, this.#localPwd);
    }
    return undefined;
  }

  /** The remote part of "local:remote"; undefined when the username is not one for this agent. */
  #remoteUfragIn(username: string): string | undefined {
    const prefix = `${this.#localUfrag}:`;
    if (!username.startsWith(prefix)) return undefined;
    const remoteUfrag = username.slice(prefix.length);
    return this.#remoteUfrag === undefined || this.#remoteUfrag === remoteUfrag ? remoteUfrag : undefined;
  }

  /** Returns whether another source than before is selected. */
  #acceptCheck(request: StunMessage, from: Source, now: number): boolean {
    const remoteUfrag = this.#remoteUfragIn(request.username ?? '') ?? '';
    const checked = this.#remember(from, remoteUfrag, now);
    const before = this.#selected;
    if (request.useCandidate) {
      this.#selected = checked;
      this.#nominated = true;
    } else if (
      before === undefined ||
      (!this.#nominated && now - before.lastCheckAt >= ICE_DISCONNECTED_AFTER)
    ) {
      this.#selected = checked;
    }
    return this.#selected !== before;
  }

  #remember(source: Source, remoteUfrag: string, now: number): Checked<Source> {
    const key = sourceKey(source);
    let checked = this.#sources.get(key);
    if (checked !== undefined && checked.source === source && checked.remoteUfrag === remoteUfrag) {
      checked.lastCheckAt = now;
    } else {
      const replaced = checked;
      checked = { source, remoteUfrag, lastCheckAt: now };
      if (replaced !== undefined && replaced === this.#selected) this.#selected = checked;
    }
    // Deleted first, so that it moves to the end of the map's order.
    this.#sources.delete(key);
    this.#sources.set(key, checked);
    if (this.#sources.size > ICE_MAX_SOURCES) this.#forgetOldestSource(checked);
    return checked;
  }

  #forgetOldestSource(newest: Checked<Source>): void {
    for (const [key, checked] of this.#sources) {
      if (checked === this.#selected || checked === newest) continue;
      this.#sources.delete(key);
      return;
    }
  }
}

function sourceKey({ protocol, address, port }: IceSource): string {
  return `${protocol} ${address} ${port}`;
}
