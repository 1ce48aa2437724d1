// A trace without what comes by chance, in an order that follows from who waits for whom: two runs of the same flow give
// the same. What parties do at the same time is put behind the message that they need, in a fixed order.
import { labelOf, type SessionTrace, type TraceEntry } from '@parley/protocol';

/**
 * What servers and browsers tell of themselves while a leg is established, in the order of the document: each only after
 * what it needs. They run beside the requests, and beside each other.
 */
const BESIDE = [
  'addCandidate',
  'addIceCandidate',
  'IceCandidateFound',
  'IceGatheringDone',
  'candidate',
  'ice-checking',
  'ice-connected',
  'IceComponentStateChanged CONNECTED',
  'NewCandidatePairSelected',
  'IceComponentStateChanged READY',
  'dtls-connected',
  'DtlsConnectionStateChange CONNECTED',
  'connection-connected',
  'ConnectionStateChanged CONNECTED',
  'MediaStateChanged CONNECTED',
  'selected-pair',
  'MediaFlowInStateChanged AUDIO FLOWING',
  'MediaFlowInStateChanged VIDEO FLOWING',
  'MediaFlowOutStateChanged AUDIO FLOWING',
  'MediaFlowOutStateChanged VIDEO FLOWING',
  'first-packet audio',
  'first-packet video',
  'first-frame',
  'Recording',
  'testTick',
  'Stopped',
  'EndOfStream',
] as const;

/** Comes or does not come, or comes a different number of times: nothing that a flow consists of. */
const BY_CHANCE = [
  /^(ping|reportLeg|reportTrace|ledger|getDiagnosis|getStats|requestKeyframe|streamChanged|setMuted)\b/,
  /^gathering(-complete)?$|^(ice|dtls|connection)-(new|connecting|completed|closed|disconnected|failed)$/,
  /^icecandidateerror/,
  /GATHERING|CONNECTING|DISCONNECTED|NOT_FLOWING|CLOSED|FAILED|\bNEW\b/,
  /^(MediaTranscodingStateChanged|ElementConnected|ElementDisconnected|MediaSessionStarted)\b/,
];

/** They begin a leg. */
const BEGINS = ['startBroadcast', 'watch', 'startTestRecord', 'startTestPlayback'];
/** The requests whose answers an entry beside needs, when these are not those which began the leg. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  Recording: ['record', 'startTestRecord'],
  testTick: ['record', 'startTestRecord'],
  Stopped: ['stopAndWait'],
  EndOfStream: ['play'],
};

/**
 * @param choose which entries the diagram is about
 * @throws Error when something happened of which it is not known where it belongs
 */
export function settled(trace: SessionTrace, choose: (entry: TraceEntry) => boolean): SessionTrace {
  const entries = trace.entries
    .filter((entry) => choose(entry) && !isByChance(entry))
    .sort((a, b) => a.at - b.at || a.number - b.number);
  const spine = entries.filter((entry) => !isBeside(entry));
  const beside = onePerLabel(entries.filter(isBeside));
  const strange = spine.filter(({ kind }) => kind !== 'request' && kind !== 'notification');
  if (strange.length > 0)
    throw new Error(
      `e2e/src/establishment/settled-trace.ts does not know where these belong: ${strange.map(nameOf).join(', ')}`,
    );
  return {
    ...trace,
    entries: renumbered(spine, beside, trace.startedAt),
    dropped: 0,
    startedAt: trace.startedAt,
  };
}

/** What the order of the document goes by. */
function nameOf(entry: TraceEntry): string {
  const { name, facts } = entry;
  const plain = [
    'addCandidate',
    'addIceCandidate',
    'IceCandidateFound',
    'candidate',
    'testTick',
    'selected-pair',
  ];
  if (plain.includes(name)) return name;
  if (name === 'NewCandidatePairSelected') return name;
  return labelOf({ ...entry, facts });
}

function isBeside(entry: TraceEntry): boolean {
  return (BESIDE as readonly string[]).includes(nameOf(entry));
}

function isByChance(entry: TraceEntry): boolean {
  if (entry.kind === 'retry' || entry.kind === 'remedy' || entry.kind === 'gap') return true;
  return BY_CHANCE.some((pattern) => pattern.test(nameOf(entry)));
}

/** Several candidates, or ticks, are one. */
function onePerLabel(entries: readonly TraceEntry[]): TraceEntry[] {
  const seen = new Map<string, TraceEntry>();
  for (const entry of entries) {
    const key = [nameOf(entry), entry.leg?.kind, entry.leg?.participant].join(' ');
    if (!seen.has(key)) seen.set(key, entry);
  }
  return [...seen.values()].sort((a, b) => rank(a) - rank(b));
}

function rank(entry: TraceEntry): number {
  return (BESIDE as readonly string[]).indexOf(nameOf(entry));
}

interface Placed {
  readonly entry: TraceEntry;
  readonly beginsAt: number;
  endsAt: number;
}

/** Gives every entry a time of its own, one ms after the other; a request lasts until after those within it. */
function renumbered(
  spine: readonly TraceEntry[],
  beside: readonly TraceEntry[],
  startedAt: number,
): TraceEntry[] {
  const waiting = [...beside];
  const placed: Placed[] = [];
  const open: Placed[] = [];
  let at = 0;
  const place = (entry: TraceEntry) => {
    const here = { entry, beginsAt: ++at, endsAt: at };
    placed.push(here);
    return here;
  };
  const unanswered = spine.map(({ name }) => name);
  const placeWhatNeeds = (request: TraceEntry) => {
    unanswered.splice(unanswered.indexOf(request.name), 1);
    const ready = (entry: TraceEntry) => needed(entry).every((name) => !unanswered.includes(name));
    for (const entry of waiting.filter((other) => needed(other).includes(request.name) && ready(other))) {
      waiting.splice(waiting.indexOf(entry), 1);
      place(entry);
    }
  };
  const endUntil = (time: number) => {
    open.sort((a, b) => endOf(a.entry) - endOf(b.entry));
    for (let [first] = open; first && endOf(first.entry) <= time; [first] = open) {
      open.shift();
      first.endsAt = ++at;
      placeWhatNeeds(first.entry);
    }
  };
  for (const entry of spine) {
    endUntil(entry.at);
    const here = place(entry);
    if (entry.kind === 'request' && entry.from === 'browser') open.push(here);
    else placeWhatNeeds(entry);
  }
  endUntil(Infinity);
  for (const entry of waiting) place(entry);
  return placed.map(({ entry, beginsAt, endsAt }) => ({
    ...entry,
    number: beginsAt,
    at: startedAt + beginsAt,
    durationMs: entry.kind === 'request' ? endsAt - beginsAt : null,
    outcome: isBeside(entry) && entry.outcome !== null ? 'ok' : entry.outcome,
  }));
}

function endOf({ at, durationMs }: TraceEntry): number {
  return at + (durationMs ?? 0);
}

function needed(entry: TraceEntry): readonly string[] {
  return NEEDS[nameOf(entry)] ?? BEGINS;
}
