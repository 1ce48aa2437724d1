// The media server's side of ICE: a lite agent in the controlled role (RFC 8445). It answers the browser's checks and
// follows its nominations, through restarts too; it sends no checks (see IceConsent), and knows neither sockets nor its own
// candidates.
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

/**
 * How long the credentials from before a restart are answered after the restart, and after the last check on the path that
 * is in use by them, in ms: a browser moves within a second or two, unless the answer with the new ones did not reach it.
 */
export const ICE_FORMER_ANSWERED_FOR = 30_000;

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
  /** Through a relay of this side: not the same way as without it. */
  readonly relayed?: boolean;
}

/** One generation of credentials: a restart begins another one. */
interface Generation {
  readonly local: IceCredentials;
  remoteUfrag: string | undefined;
}

interface Checked<Source extends IceSource> {
  readonly source: Source;
  readonly generation: Generation;
  readonly remoteUfrag: string;
  /** When its first valid check came, and its latest, in ms. */
  readonly firstCheckAt: number;
  lastCheckAt: number;
  /** When the peer last nominated it. */
  nominatedAt: number | undefined;
}

const IGNORED: IceCheckResult = { response: undefined, selected: false };

/** `Source`: what the caller knows a source by; the agent hands back the very objects that it was given. */
export class IceLiteAgent<Source extends IceSource = IceSource> {
  #current: Generation;
  /** The one before the restart, until the peer has moved to the current one. */
  #former: Generation | undefined;
  /** Until when the former credentials are answered, in ms; undefined: not any more. */
  #formerUntil: number | undefined;
  /** By "protocol address port", the least recently checked first. */
  readonly #sources = new Map<string, Checked<Source>>();
  #selected: Checked<Source> | undefined;
  /** What was selected last, when its connection closed and there was no other. */
  #lost: Checked<Source> | undefined;
  #proofDemanded = false;
  #tcpOnly = false;

  /** `remoteUfrag`: if known already; until it is, checks with any are accepted. */
  constructor(options: { localUfrag: string; localPwd: string; remoteUfrag?: string | undefined }) {
    const local = { ufrag: options.localUfrag, pwd: options.localPwd };
    this.#current = { local, remoteUfrag: options.remoteUfrag };
  }

  /**
   * Takes the remote description's credentials. What was learned from checks with another ufrag is forgotten. (Only the
   * ufrag matters here: a lite agent sends no checks, which is what the remote password is for.)
   */
  setRemote(remote: IceCredentials): void {
    this.#current.remoteUfrag = remote.ufrag;
    for (const [key, checked] of this.#sources) {
      if (checked.remoteUfrag !== remote.ufrag) this.#sources.delete(key);
    }
    if (this.#selected !== undefined && this.#selected.remoteUfrag !== remote.ufrag)
      this.#selected = undefined;
    if (this.#lost?.remoteUfrag !== remote.ufrag) this.#lost = undefined;
  }

  /**
   * Begins a new generation of credentials (RFC 8445, section 9). The path that the former ones selected is used until the
   * peer has moved to a path of the new generation, or its consent has run out; they are answered until then, but no
   * longer than `ICE_FORMER_ANSWERED_FOR` without a check on that path (see `expire`). `remoteUfrag`: undefined takes any. `now` in ms.
   */
  restart(local: IceCredentials, remoteUfrag: string | undefined, now: number): void {
    const keepsFormer = this.#former !== undefined && this.#selected?.generation === this.#former;
    // Restarted again before the peer moved: the generation that is in use is the one to keep.
    if (!keepsFormer) this.#former = this.#current;
    // What is answered no longer never is again.
    if (!keepsFormer || this.#formerUntil !== undefined) this.#formerUntil = now + ICE_FORMER_ANSWERED_FOR;
    this.#current = { local, remoteUfrag };
    for (const [key, { generation }] of this.#sources) {
      if (generation !== this.#former) this.#sources.delete(key);
    }
  }

  /** Whether the peer has yet to move to a path of the newest credentials. */
  get restarting(): boolean {
    return this.#former !== undefined;
  }

  /** Whether checks with this local user name fragment are answered. */
  accepts(localUfrag: string): boolean {
    return this.#answered.some(({ local }) => local.ufrag === localUfrag);
  }

  /** To be called now and then: gives true when the former credentials are not answered any more, from now on. */
  expire(now: number): boolean {
    if (this.#formerUntil === undefined || now < this.#formerUntil) return false;
    this.#formerUntil = undefined;
    return true;
  }

  /**
   * Whether UDP is given up: such checks are refused, of whatever generation. A peer that finds its UDP path working would
   * not even try another one (Chromium prunes it). Nor is a nomination waited for: the peer nominates only when its next
   * check over UDP was refused, which takes seconds, and all that comes over a checked path is welcome to it.
   */
  set tcpOnly(tcpOnly: boolean) {
    this.#tcpOnly = tcpOnly;
  }

  /**
   * From now on a nominated UDP source is only selected when something came from there that the peer alone could have
   * made: see `proved`. To be called when the keys for that are there.
   */
  demandProof(): void {
    this.#proofDemanded = true;
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

  /** Whether something may still be sent to the selected source (RFC 7675, section 5.1). */
  hasConsent(now: number): boolean {
    return this.#selected !== undefined && now - this.#selected.lastCheckAt < ICE_FAILED_AFTER;
  }

  /**
   * The source is no more: its connection was closed. Another one that passed a check takes its place; without one the
   * peer counts as silent since the last check of this one.
   */
  forget(source: IceSource): void {
    const key = sourceKey(source);
    const gone = this.#sources.get(key);
    this.#sources.delete(key);
    if (gone === undefined || gone !== this.#selected) return;
    this.#selected = [...this.#sources.values()].at(-1);
    if (this.#selected) this.#selected.nominatedAt = undefined;
    else this.#lost = gone;
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
    const generation = this.#generationOf(request.username);
    const refusal = refusalOf(request, generation);
    if (refusal !== undefined || generation === undefined) return { response: refusal, selected: false };
    // Consent is withdrawn by a response that is authenticated (RFC 7675, section 5.2).
    if (this.#tcpOnly && source.protocol !== 'tcp')
      return { response: bindingError(request, 403, generation.local.pwd), selected: false };
    const selected = this.#acceptCheck(request, generation, source, now);
    return { response: bindingSuccess(request, source, generation.local.pwd), selected };
  }

  /**
   * A packet came from this source that only the peer can have made (SRTP, SRTCP). Gives true when the source is selected
   * because of it: it was nominated last, or the selected one has not been checked again since this one was first
   * checked, which is how a client looks whose address was changed by its NAT.
   */
  proved(source: IceSource): boolean {
    const checked = this.#sources.get(sourceKey(source));
    const selected = this.#selected;
    if (checked === undefined || selected === undefined || checked === selected) return false;
    const nominatedLast =
      checked.nominatedAt !== undefined && checked.nominatedAt > (selected.nominatedAt ?? -Infinity);
    if (!nominatedLast && checked.firstCheckAt <= selected.lastCheckAt) return false;
    return this.#select(checked);
  }

  /**
   * The peer, which is lite as well, has answered a check of ours from this source (see IceProber): as good as one of its
   * own that nominates. Gives true when another source than before is selected because of it.
   */
  answered(source: Source, now: number): boolean {
    const checked = this.#remember(source, this.#current, this.#current.remoteUfrag ?? '', now);
    checked.nominatedAt ??= now;
    return this.#mayFollow(checked, true, now) && this.#select(checked);
  }

  /** The peer has answered a question from this source (see IceConsent): as good a sign of it as a check of its own. */
  consented(source: IceSource, now: number): void {
    const checked = this.#sources.get(sourceKey(source));
    if (checked) checked.lastCheckAt = now;
  }

  /** For how long nothing was heard from the selected source, in ms; 0 without one. */
  silence(now: number): number {
    return this.#selected === undefined ? 0 : now - this.#selected.lastCheckAt;
  }

  /** `now`: ms of the clock that `handleStun` was given. */
  state(now: number): IceLiteState {
    const latest = this.#selected ?? this.#lost;
    if (latest === undefined) return this.#current.remoteUfrag === undefined ? 'new' : 'checking';
    const silence = now - latest.lastCheckAt;
    if (silence < ICE_DISCONNECTED_AFTER && latest === this.#selected) return 'connected';
    if (silence < ICE_FAILED_AFTER) return 'disconnected';
    return this.#formerUntil === undefined ? 'failed' : 'checking';
  }

  /** The generations whose credentials are answered. */
  get #answered(): readonly Generation[] {
    return this.#former === undefined || this.#formerUntil === undefined
      ? [this.#current]
      : [this.#current, this.#former];
  }

  /** Whose user name "local:remote" it is; undefined when it is none for this agent. */
  #generationOf(username: string | undefined): Generation | undefined {
    return this.#answered.find((generation) => remoteUfragIn(username, generation) !== undefined);
  }

  /** Returns whether another source than before is selected. */
  #acceptCheck(request: StunMessage, generation: Generation, from: Source, now: number): boolean {
    const remoteUfrag = remoteUfragIn(request.username, generation) ?? '';
    const checked = this.#remember(from, generation, remoteUfrag, now);
    if (generation === this.#former && checked === this.#selected)
      this.#formerUntil = now + ICE_FORMER_ANSWERED_FOR;
    const nominates = request.useCandidate && checked.generation === generation;
    if (nominates) checked.nominatedAt = now;
    return this.#mayFollow(checked, nominates, now) && this.#select(checked);
  }

  /**
   * Whether a check alone is enough to send there. A source address is easily forged, and media is a flood to whoever has
   * not asked for it: once the peer can prove itself, a check only moves the media where that cannot be forged (TCP), or
   * when nothing is heard of the selected path any more, or UDP was given up.
   */
  #mayFollow(checked: Checked<Source>, nominates: boolean, now: number): boolean {
    const selected = this.#selected;
    if (selected === undefined || selected === checked) return true;
    const isSilent = now - selected.lastCheckAt >= ICE_DISCONNECTED_AFTER;
    const leavesUdp =
      this.#tcpOnly && checked.source.protocol === 'tcp' && selected.source.protocol !== 'tcp';
    if (leavesUdp) return true;
    if (nominates) return isSilent || !this.#proofDemanded || checked.source.protocol === 'tcp';
    const isBetter =
      checked.nominatedAt !== undefined ||
      selected.nominatedAt === undefined ||
      selected.generation !== checked.generation;
    return isSilent && isBetter;
  }

  #select(checked: Checked<Source>): boolean {
    const moved = this.#selected !== checked;
    this.#selected = checked;
    const hasMoved = checked.generation === this.#current && checked.nominatedAt !== undefined;
    if (this.#former !== undefined && hasMoved) this.#endRestart();
    return moved;
  }

  #endRestart(): void {
    for (const [key, { generation }] of this.#sources) {
      if (generation === this.#former) this.#sources.delete(key);
    }
    this.#former = undefined;
    this.#formerUntil = undefined;
  }

  #remember(from: Source, generation: Generation, remoteUfrag: string, now: number): Checked<Source> {
    const key = sourceKey(from);
    const known = this.#sources.get(key);
    let checked = known;
    // Late checks of the former generation do not take the source back.
    const isLate = generation === this.#former && known?.generation === this.#current;
    if (checked?.source === from && (checked.remoteUfrag === remoteUfrag || isLate)) {
      checked.lastCheckAt = now;
    } else {
      const same = known?.generation === generation && known.remoteUfrag === remoteUfrag ? known : undefined;
      const { firstCheckAt = now, nominatedAt } = same ?? {};
      checked = { source: from, generation, remoteUfrag, firstCheckAt, lastCheckAt: now, nominatedAt };
      if (known !== undefined && known === this.#selected) this.#selected = checked;
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

/** The error response that the request deserves; undefined when it is good. */
function refusalOf(request: StunMessage, generation: Generation | undefined): Buffer | undefined {
  if (request.username === undefined || request.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY) === undefined) {
    return bindingError(request, 400, undefined);
  }
  if (generation === undefined || !verifyIntegrity(request, generation.local.pwd)) {
    return bindingError(request, 401, undefined);
  }
  const unknown = request.unknownAttributes(UNDERSTOOD_ATTRIBUTES);
  if (unknown.length > 0) return bindingError(request, 420, generation.local.pwd, unknown);
  // A lite agent cannot take the controlling role, so the other side has to, whatever the tie-breakers say.
  if (request.attribute(STUN_ATTRIBUTE.ICE_CONTROLLED) !== undefined) {
    return bindingError(request, 487, generation.local.pwd);
  }
  return undefined;
}

/** The remote part of "local:remote"; undefined when the username is not one of this generation. */
function remoteUfragIn(username: string | undefined, generation: Generation): string | undefined {
  const prefix = `${generation.local.ufrag}:`;
  if (!username?.startsWith(prefix)) return undefined;
  const remoteUfrag = username.slice(prefix.length);
  return generation.remoteUfrag === undefined || generation.remoteUfrag === remoteUfrag
    ? remoteUfrag
    : undefined;
}

function sourceKey({ protocol, address, port, relayed = false }: IceSource): string {
  return `${protocol} ${address} ${port}${relayed ? ' relayed' : ''}`;
}
