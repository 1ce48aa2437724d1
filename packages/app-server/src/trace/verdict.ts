// What is to be said of a session in a sentence or two, to whoever runs the server. From the state of its legs alone.
import {
  causeTexts,
  type LegStatus,
  type LegStep,
  type SessionKind,
  type TraceLeg,
  type Verdict,
} from '@parley/protocol';

export interface JudgedLeg {
  readonly leg: TraceLeg;
  readonly participantName: string | null;
  readonly status: LegStatus;
  /** What was done for it, in order. */
  readonly remedies: readonly string[];
}

export interface JudgedSession {
  readonly kind: SessionKind;
  readonly ended: boolean;
  readonly legs: readonly JudgedLeg[];
}

/** Of more than this many viewers with the same trouble only the number is told. */
const MAX_NAMES = 3;

/** By the names of the server's own and of those that browsers tell (`remedies.ts` there). Others are not told. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['requestKeyframe', 'asking for a key frame'],
  ['key-frame', 'asking for a key frame'],
  ['restartIce', 'ICE restart'],
  ['restartIce any', 'ICE restart'],
  ['restart', 'ICE restart'],
  ['restartIce tcp', 'ICE over TCP'],
  ['restart-tcp', 'ICE over TCP'],
  ['restartIce relay', 'the relay'],
  ['restart-relay', 'the relay'],
  ['rebuild', 'a new leg'],
]);

const REACHED: Readonly<Record<LegStep, string>> = {
  requested: 'it was asked for',
  permitted: 'it was permitted',
  'endpoint-ready': 'its endpoint is ready',
  negotiated: 'the media is negotiated',
  'ice-connected': 'ICE is connected',
  'dtls-connected': 'DTLS is connected',
  'media-arriving': 'media arrives',
  confirmed: 'it is confirmed',
};

/** The verdict on a session. */
export function verdictOn(session: JudgedSession): Verdict {
  const verdict = session.kind === 'test' ? onTest(session.legs) : onStream(session.legs);
  if (!session.ended) return verdict;
  return { level: 'ended', text: `It has ended. At the end: ${lowerFirst(verdict.text)}` };
}

function onStream(legs: readonly JudgedLeg[]): Verdict {
  const up = legs.find(({ leg }) => leg.kind === 'up');
  const downs = legs.filter(({ leg }) => leg.kind === 'down');
  if (!up) return { level: 'establishing', text: 'Nothing was sent yet.' };
  const sender = onSender(up);
  return sender ?? onViewers(downs);
}

/** Undefined: what is sent arrives. */
function onSender(up: JudgedLeg): Verdict | undefined {
  const { state, step, cause } = up.status;
  const silent = cause === 'sender-sends-nothing';
  const name = up.participantName ?? 'the sender';
  switch (state) {
    case 'confirmed':
      return undefined;
    case 'failed':
      return {
        level: 'failed',
        text: `${silent ? 'The sender sends nothing' : `What ${name} sends does not reach the media server`}: ${why(up)}`,
      };
    case 'repairing':
      return {
        level: 'repairing',
        text: `${silent ? 'The sender sends nothing, which is being repaired' : `The way from ${name} to the media server is being repaired`}: ${why(up)}`,
      };
    case 'establishing':
      return {
        level: 'establishing',
        text: `The way from ${name} to the media server is being established; so far: ${REACHED[step]}.`,
      };
  }
}

function onViewers(downs: readonly JudgedLeg[]): Verdict {
  if (downs.length === 0) return { level: 'good', text: 'The media server receives it; nobody watches.' };
  const of = (state: LegStatus['state']) => downs.filter(({ status }) => status.state === state);
  const confirmed = of('confirmed').length;
  const count = `${confirmed} of ${downs.length} ${downs.length === 1 ? 'viewer' : 'viewers'} confirmed.`;
  const failed = of('failed');
  if (failed.length > 0)
    return { level: 'failed', text: [...byTrouble(failed), others(count, downs)].join(' ').trim() };
  const repairing = of('repairing');
  if (repairing.length > 0) {
    const sentences = ['It is being repaired.', ...byTrouble(repairing), others(count, downs)];
    return { level: 'repairing', text: sentences.join(' ').trim() };
  }
  const establishing = of('establishing');
  if (establishing.length > 0)
    return {
      level: 'establishing',
      text: `It is being established for ${namesOf(establishing)}; ${count}`,
    };
  return { level: 'good', text: `Everybody receives it: ${count}` };
}

/** One sentence for all who have the same trouble. */
function byTrouble(legs: readonly JudgedLeg[]): string[] {
  const groups = new Map<string, JudgedLeg[]>();
  for (const leg of legs) {
    const trouble = why(leg);
    groups.set(trouble, [...(groups.get(trouble) ?? []), leg]);
  }
  return [...groups].map(
    ([trouble, who]) => `${namesOf(who)} ${who.length === 1 ? 'does' : 'do'} not receive it: ${trouble}`,
  );
}

function others(count: string, downs: readonly JudgedLeg[]): string {
  return downs.length > 1 ? count : '';
}

function onTest(legs: readonly JudgedLeg[]): Verdict {
  const of = (kind: TraceLeg['kind']) => legs.find(({ leg }) => leg.kind === kind);
  const [record, playback] = [of('testRecord'), of('testPlayback')];
  for (const [leg, what] of [
    [record, 'The test was not recorded'],
    [playback, 'The test was not played back'],
  ] as const)
    if (leg?.status.state === 'failed') return { level: 'failed', text: `${what}: ${why(leg)}` };
  if (!record) return { level: 'establishing', text: 'The test has not begun.' };
  if (record.status.state !== 'confirmed')
    return {
      level: 'establishing',
      text: `The test is not recorded yet; so far: ${REACHED[record.status.step]}.`,
    };
  if (!playback) return { level: 'good', text: 'The test is recorded; it was not played back yet.' };
  const { step } = playback.status;
  if (step === 'confirmed')
    return { level: 'good', text: 'The test was recorded and played back: the browser showed it.' };
  if (step === 'media-arriving')
    return {
      level: 'good',
      text: 'The test was recorded and sent back; whether it was shown, the browser did not tell.',
    };
  return { level: 'establishing', text: `The test is not played back yet; so far: ${REACHED[step]}.` };
}

function why({ status, remedies }: JudgedLeg): string {
  const cause = status.cause === null ? 'the cause is not known.' : causeTexts[status.cause].administrator;
  const tried = [...new Set(remedies.flatMap((remedy) => REMEDIES.get(remedy) ?? []))];
  return tried.length === 0 ? cause : `${cause} Tried: ${tried.join(', ')}.`;
}

function namesOf(legs: readonly JudgedLeg[]): string {
  if (legs.length > MAX_NAMES) return `${legs.length} viewers`;
  const names = legs.map(({ participantName }) => participantName ?? 'a viewer without a name');
  const last = names.at(-1) ?? '';
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

function lowerFirst(text: string): string {
  // Names keep their capital.
  const [first = ''] = text.split(' ', 1);
  const ours = ['The', 'What', 'Everybody', 'Nothing', 'It'].includes(first);
  return ours ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
