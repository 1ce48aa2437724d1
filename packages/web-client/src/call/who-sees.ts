// "Who can see me": the server's ledgers in words, own streams first. A pure function.
import {
  causeTexts,
  type FailureCause,
  type Ledger,
  type LegState,
  type LegStatus,
  type ParticipantId,
  type StreamDescription,
  type StreamId,
} from '@parley/protocol';
import { sentencesOf } from './causes.ts';
import { nameOf, type RoomState } from './room-state.ts';

/** One line: how one leg fares. */
export interface LegLine {
  state: LegState;
  text: string;
}

export interface StreamLines {
  key: string;
  /** "Your camera" */
  title: string;
  /** How it gets to the server, devices included. */
  up: readonly LegLine[];
  viewers: readonly (LegLine & { participant: ParticipantId; name: string })[];
}

export interface WhoSees {
  own: readonly StreamLines[];
  others: readonly StreamLines[];
  /** How many of the others are proven to receive all that this participant sends. */
  receiving: number;
  of: number;
}

/** What this participant sends: `stream` is undefined while there is none. */
export interface OwnSource {
  kind: 'camera' | 'screen';
  stream: StreamId | undefined;
  audio: boolean;
  video: boolean;
  /** Why a device is missing though it is wanted. */
  failures: readonly {
    device: 'camera' | 'microphone';
    cause: FailureCause;
    /** Instead of those of the cause. */
    words?: { participant: string; remedy: string };
  }[];
}

/** What is sent, for the sentences. */
interface Kinds {
  kind: 'camera' | 'screen';
  audio: boolean;
  video: boolean;
}

export function whoSees(room: RoomState | undefined, sources: readonly OwnSource[]): WhoSees {
  if (!room) return { own: [], others: [], receiving: 0, of: 0 };
  const ledgers = sources.flatMap(({ stream }) => (stream ? (room.ledgers.get(stream) ?? []) : []));
  const sending = sources.filter(({ stream }) => stream !== undefined).length;
  const receives = ({ id }: { id: ParticipantId }) =>
    sending > 0 && ledgers.length === sending && ledgers.every((ledger) => isConfirmed(statusOf(ledger, id)));
  return {
    own: sources.map((source) => ownLines(room, source)),
    others: [...room.streams.values()].map(({ description }) => othersLines(room, description)),
    receiving: room.others.filter(receives).length,
    of: room.others.length,
  };
}

function ownLines(room: RoomState, source: OwnSource): StreamLines {
  const { stream, kind, failures } = source;
  const ledger = stream && room.ledgers.get(stream);
  const causes = [...new Set(failures.map(({ cause }) => cause))];
  const devices = causes.map((cause) => {
    const alike = failures.filter((failure) => failure.cause === cause);
    const names = alike.map(({ device }) => device).join(' and ');
    const { participant, remedy } = alike[0]?.words ?? causeTexts[cause];
    return { state: 'failed' as const, text: `Your ${names}: ${participant} ${remedy}` };
  });
  const what = [source.video ? 'picture' : '', source.audio ? 'sound' : ''].filter(Boolean).join(' and ');
  return {
    key: `own-${kind}`,
    title: kind === 'screen' ? 'Your screen' : 'Your camera',
    up: [...(stream ? [upLine(ledger?.up, `your ${what}`)] : nothingSent(failures)), ...devices],
    viewers: stream
      ? room.others.map(({ id, name }) => ({
          participant: id,
          name,
          ...viewerLine(ledger, id, 'third', 'you', source),
        }))
      : [],
  };
}

function othersLines(room: RoomState, description: StreamDescription): StreamLines {
  const { id, participant, kind, audio, video } = description;
  const sender = nameOf(room, participant);
  const ledger = room.ledgers.get(id);
  const viewers = [room.self, ...room.others].filter((viewer) => viewer.id !== participant);
  const what = [video ? 'picture' : '', audio ? 'sound' : ''].filter(Boolean).join(' and ');
  return {
    key: id,
    title: `${sender}’s ${kind}`,
    up: [upLine(ledger?.up, `${sender}’s ${what}`)],
    viewers: viewers.map((viewer) => {
      const self = viewer.id === room.self.id;
      const line = viewerLine(ledger, viewer.id, self ? 'second' : 'third', sender, {
        kind,
        audio,
        video,
      });
      return { participant: viewer.id, name: self ? 'You' : viewer.name, ...line };
    }),
  };
}

function nothingSent(failures: OwnSource['failures']): LegLine[] {
  return failures.length > 0
    ? []
    : [{ state: 'establishing', text: 'You send nothing: camera and microphone are off.' }];
}

function upLine(status: LegStatus | undefined, what: string): LegLine {
  if (status?.state === 'confirmed') return { state: 'confirmed', text: `The server receives ${what}.` };
  if (status?.state === 'failed' && status.cause) return { state: 'failed', text: sentencesOf(status.cause) };
  if (status?.state === 'repairing' && status.cause)
    return { state: 'repairing', text: `Being repaired: ${causeTexts[status.cause].participant}` };
  return { state: 'establishing', text: `The connection for ${what} is being made.` };
}

/** @param person of the viewer: "You see Bob", "Cleo sees Bob" */
function viewerLine(
  ledger: Ledger | undefined,
  viewer: ParticipantId,
  person: 'second' | 'third',
  sender: string,
  { kind, video }: Kinds,
): LegLine {
  const verb = video ? 'see' : 'hear';
  const whom = kind === 'screen' ? (sender === 'you' ? 'your screen' : `${sender}’s screen`) : sender;
  const [does, are, sees] = person === 'second' ? ['do', 'are', verb] : ['does', 'is', `${verb}s`];
  const status = statusOf(ledger, viewer);
  if (status?.state === 'confirmed') return { state: 'confirmed', text: `${sees} ${whom}` };
  if (status?.cause && status.cause === ledger?.up.cause)
    return { state: status.state, text: `${does} not ${verb} ${whom}, for the same reason` };
  if (status?.state === 'failed' && status.cause)
    return { state: 'failed', text: `${does} not ${verb} ${whom}: ${sentencesOf(status.cause)}` };
  if (status?.state === 'repairing' && status.cause)
    return { state: 'repairing', text: `${are} being repaired: ${causeTexts[status.cause].participant}` };
  return { state: 'establishing', text: `${are} being connected` };
}

function statusOf(ledger: Ledger | undefined, viewer: ParticipantId): LegStatus | undefined {
  return ledger?.viewers.find(({ participant }) => participant === viewer)?.status;
}

function isConfirmed(status: LegStatus | undefined): boolean {
  return status?.state === 'confirmed';
}
