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
    if (transport)
      this.#on(transport, 'statechange', () => this.state('dtlsState', { state: transport.state }));
    for (const { track } of this.#connection.getReceivers())
      this.#on(track, 'unmute', () => this.state('firstPacket', { kind: track.kind }));
  }

  /** Tells the pair that carries the leg now. */
  async pair(): Promise<void> {
    const facts = pairFacts(await this.#connection.getStats());
    if (facts && !this.#listening.signal.aborted) this.state('selectedPair', facts);
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

function addressOf(candidate: PairStats | undefined): string | undefined {
  // A browser that hides its own addresses gives an empty one.
  if (!candidate?.address) return undefined;
  const host = candidate.address.includes(':') ? `[${candidate.address}]` : candidate.address;
  return `${host}:${candidate.port ?? 0}`;
}
