// What the server has told about the room, and how each of its notifications changes that. Pure functions, no media.
import type {
  IceServer,
  Ledger,
  NotificationParams,
  Participant,
  ParticipantId,
  RequestResult,
  RunningRecording,
  StreamDescription,
  StreamId,
} from '@parley/protocol';
import type { Notification } from './signalling.ts';

/** A stream that this browser may watch, with the servers to reach it by. */
export interface RoomStream {
  description: StreamDescription;
  iceServers: readonly IceServer[];
}

/** `since`: when it began, in ms of `performance.now()`. */
export type HeardRecording = RunningRecording & { readonly since: number };

export interface RoomState {
  self: Participant;
  /** In the order of their coming; without `self`. */
  others: readonly Participant[];
  /** Streams of others only. */
  streams: ReadonlyMap<StreamId, RoomStream>;
  /** Who receives what, of own streams too: the latest of each stream. */
  ledgers: ReadonlyMap<StreamId, Ledger>;
  recording: HeardRecording | null;
  mediaServerAvailable: boolean;
}

/**
 * @param ledgers those that were told before the answer
 * @param now in ms of `performance.now()`
 */
export function joinedState(
  result: RequestResult<'join'>,
  ledgers: readonly Ledger[] = [],
  now = performance.now(),
): RoomState {
  const { self, iceServers } = result;
  const streams = result.streams.filter((stream) => stream.participant !== self.id);
  return {
    self,
    others: result.participants.filter((participant) => participant.id !== self.id),
    streams: new Map(streams.map((description) => [description.id, { description, iceServers }])),
    ledgers: new Map(ledgers.map((ledger) => [ledger.stream, ledger])),
    recording: result.recording && heard(result.recording, now),
    mediaServerAvailable: true,
  };
}

/**
 * Gives the state after a notification; the same object when it changes nothing here.
 * @param now in ms of `performance.now()`
 */
export function roomStateAfter(
  state: RoomState,
  { name, params }: Notification,
  now = performance.now(),
): RoomState {
  switch (name) {
    case 'participantJoined':
      return withParticipant(state, params.participant);
    case 'participantChanged':
      return state.others.some(({ id }) => id === params.participant.id)
        ? withParticipant(state, params.participant)
        : state;
    case 'participantLeft':
      return withoutParticipant(state, params.participant);
    case 'streamStarted':
      if (params.stream.participant === state.self.id) return state;
      return withStreams(state, (streams) =>
        streams.set(params.stream.id, { description: params.stream, iceServers: params.iceServers }),
      );
    case 'streamChanged': {
      const known = state.streams.get(params.stream.id);
      if (!known) return state;
      return withStreams(state, (streams) =>
        streams.set(params.stream.id, { ...known, description: params.stream }),
      );
    }
    case 'streamStopped':
      if (!state.streams.has(params.stream) && !state.ledgers.has(params.stream)) return state;
      return withStreams(withoutLedgers(state, [params.stream]), (streams) => streams.delete(params.stream));
    case 'ledger':
      return { ...state, ledgers: new Map(state.ledgers).set(params.stream, params) };
    case 'recordingStarted':
      return { ...state, recording: heard(params.recording, now) };
    case 'recordingStopped':
      return state.recording?.id === params.recording ? { ...state, recording: null } : state;
    case 'mediaServer':
      return { ...state, mediaServerAvailable: params.available };
    default:
      return state;
  }
}

/** The name to show; a participant whose coming was not told is still no blank. */
export function nameOf(state: RoomState, participant: ParticipantId): string {
  if (participant === state.self.id) return state.self.name;
  return state.others.find(({ id }) => id === participant)?.name ?? 'Someone';
}

/** A sentence for a person. */
export function notRecorded(
  room: RoomState,
  { stream, message }: NotificationParams<'recordingFailed'>,
): string {
  const owner = room.streams.get(stream)?.description.participant ?? room.self.id;
  return `${nameOf(room, owner)} is not recorded any more: ${message}`;
}

/** The screen that is shared by someone else at the moment. */
export function sharedScreen(state: RoomState): StreamDescription | undefined {
  return [...state.streams.values()].find(({ description }) => description.kind === 'screen')?.description;
}

function heard(recording: RunningRecording, now: number): HeardRecording {
  return { ...recording, since: now - recording.runningMs };
}

function withParticipant(state: RoomState, participant: Participant): RoomState {
  if (participant.id === state.self.id) return state;
  const index = state.others.findIndex(({ id }) => id === participant.id);
  const others = index < 0 ? [...state.others, participant] : state.others.with(index, participant);
  return { ...state, others };
}

function withoutParticipant(state: RoomState, participant: ParticipantId): RoomState {
  const others = state.others.filter(({ id }) => id !== participant);
  // Their streams go with them, whether or not the server tells each one's end as well.
  const gone = [...state.streams.values()].filter(
    ({ description }) => description.participant === participant,
  );
  const ids = gone.map(({ description }) => description.id);
  return withStreams(withoutLedgers({ ...state, others }, ids), (streams) => {
    for (const id of ids) streams.delete(id);
  });
}

/** An own stream that this page stops is not told of: whoever stops one forgets its ledger by this. */
export function withoutLedgers(state: RoomState, streams: readonly StreamId[]): RoomState {
  const ledgers = new Map(state.ledgers);
  for (const id of streams) ledgers.delete(id);
  return { ...state, ledgers };
}

function withStreams(state: RoomState, change: (streams: Map<StreamId, RoomStream>) => void): RoomState {
  const streams = new Map(state.streams);
  change(streams);
  return { ...state, streams };
}
