// What the browser sees of one leg, for whoever has to find out why it went as it did: states, the selected pair, first
// packets. Only tells; what is told to whom is the owner's business.
import type { Leg, TraceFacts } from '@parley/protocol';

/** One thing that a leg saw or did. */
export interface LegEvent {
  kind: 'state' | 'retry' | 'remedy';
  /** As in W3C WebRTC where it has a name there, such as `iceConnectionState`. */
  name: string;
  facts: TraceFacts;
}

export type OnTrace = (leg: Leg, event: LegEvent) => void;

/** The members of webrtc-stats that are read here. */
interface PairStats {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  remoteCandidateId?: string;
  currentRoundTripTime?: number;
  candidateType?: string;
  protocol?: string;
  relayProtocol?: string;
  address?: string;
  port?: number;
}

export type StatsReport = { forEach(visit: (entry: unknown) => void): void };

/**
 * How long after a change of the pair it is read, in ms: ICE may change it a few times in a row, and browsers give statistics
 * that are a moment old (Chromium: 50 ms).
 */
const PAIR_SETTLES_MS = 500;

/** Undefined when the browser does not give them, for those who look again and again. */
export async function readStats(getStats: () => Promise<StatsReport>): Promise<StatsReport | undefined> {
  try {
    return await getStats();
  } catch (error) {
    console.debug('the statistics could not be read', error);
    return undefined;
  }
}

export class LegTrace {
  readonly #leg: Leg;
  readonly #connection: RTCPeerConnection;
  readonly #onTrace: OnTrace;
  readonly #listening = new AbortController();
  /** The pair that was told last; undefined before the first. */
  #toldPair: string | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(leg: Leg, connection: RTCPeerConnection, onTrace: OnTrace = () => undefined) {
    this.#leg = leg;
    this.#connection = connection;
    this.#onTrace = onTrace;
    for (const [event, name] of [
      ['iceconnectionstatechange', 'iceConnectionState'],
      ['icegatheringstatechange', 'iceGatheringState'],
      ['connectionstatechange', 'connectionState'],
    ] as const)
      this.#on(connection, event, () => this.state(name, { state: connection[name] }));
  }

  /** Follows what exists once an offer is made: the encryption, and each expected track. */
  negotiated(): void {
    const transport = [...this.#connection.getSenders(), ...this.#connection.getReceivers()].find(
      (end) => end.transport,
    )?.transport;
    if (transport) {
      this.#on(transport, 'statechange', () => this.state('dtlsState', { state: transport.state }));
      // Not every browser has it or tells of changes (Firefox): there the pair is told when the leg connects again.
      const ice = transport.iceTransport as RTCIceTransport | undefined;
      if (ice) this.#on(ice, 'selectedcandidatepairchange', () => this.#pairChanges());
    }
    for (const { track } of this.#connection.getReceivers())
      this.#on(track, 'unmute', () => this.state('firstPacket', { kind: track.kind }));
  }

  /** Tells the pair that carries the leg now. */
  async pair(): Promise<void> {
    const facts = pairFacts(await this.#connection.getStats());
    if (facts) this.#tellPair(facts);
  }

  /**
   * Whether the leg goes through a relay of this browser at the moment. Behind address translation the media server sees the
   * relay under another address than the browser, so the candidate in use may be of another type: only its protocol tells.
   */
  async isRelayed(): Promise<boolean> {
    const facts = pairFacts(await this.#connection.getStats());
    return facts?.['localType'] === 'relay' || facts?.['relayProtocol'] !== undefined;
  }

  state(name: string, facts: TraceFacts): void {
    this.#tell({ kind: 'state', name, facts });
  }

  remedy(name: string, facts: TraceFacts): void {
    this.#tell({ kind: 'remedy', name, facts });
  }

  /** Nothing is told any more; idempotent. */
  close(): void {
    this.#listening.abort();
    clearTimeout(this.#settling);
  }

  /** Until the leg has connected, nobody asks which pair it is. */
  #pairChanges(): void {
    if (this.#toldPair === undefined) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#tellMove(), PAIR_SETTLES_MS);
  }

  async #tellMove(): Promise<void> {
    const report = await readStats(() => this.#connection.getStats());
    const facts = report && pairFacts(report);
    if (facts && waysOf(facts) !== this.#toldPair) this.#tellPair(facts);
  }

  #tellPair(facts: TraceFacts): void {
    this.#toldPair = waysOf(facts);
    this.state('selectedPair', facts);
  }

  #tell(event: LegEvent): void {
    if (!this.#listening.signal.aborted) this.#onTrace(this.#leg, event);
  }

  #on(target: EventTarget, event: string, listener: () => void): void {
    target.addEventListener(event, listener, { signal: this.#listening.signal });
  }
}

/** The pair in use: candidate types, protocols, addresses and `roundTripMs`; undefined while there is none. */
export function pairFacts(report: StatsReport): TraceFacts | undefined {
  const entries = new Map<string, PairStats>();
  report.forEach((entry) => {
    const stats = entry as PairStats;
    entries.set(stats.id, stats);
  });
  const selected = [...entries.values()].find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  const pair = selected === undefined ? undefined : entries.get(selected);
  if (!pair) return undefined;
  const [local, remote] = [
    entries.get(pair.localCandidateId ?? ''),
    entries.get(pair.remoteCandidateId ?? ''),
  ];
  const facts: Record<string, string | number | undefined> = {
    localType: local?.candidateType,
    localProtocol: local?.protocol,
    relayProtocol: local?.relayProtocol,
    localAddress: addressOf(local),
    remoteType: remote?.candidateType,
    remoteProtocol: remote?.protocol,
    remoteAddress: addressOf(remote),
    roundTripMs:
      pair.currentRoundTripTime === undefined ? undefined : Math.round(pair.currentRoundTripTime * 1_000),
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) => (fact === undefined ? [] : [[name, fact] as const])),
  );
}

/** What makes it this pair and no other: its round trip time is not of that kind. */
function waysOf(facts: TraceFacts): string {
  return JSON.stringify({ ...facts, roundTripMs: undefined });
}

function addressOf(candidate: PairStats | undefined): string | undefined {
  // A browser that hides its own addresses gives an empty one.
  if (!candidate?.address) return undefined;
  const host = candidate.address.includes(':') ? `[${candidate.address}]` : candidate.address;
  return `${host}:${candidate.port ?? 0}`;
}
