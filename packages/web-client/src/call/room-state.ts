// What the server has told about the room, and how each of its notifications changes that. Pure functions, no media.
import type {
  IceServer,
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

export interface RoomState {
  self: Participant;
  /** In the order of their coming; without `self`. */
  others: readonly Participant[];
  /** Streams of others only. */
  streams: ReadonlyMap<StreamId, RoomStream>;
  recording: RunningRecording | null;
  mediaServerAvailable: boolean;
}

export function joinedState(result: RequestResult<'join'>): RoomState {
  const { self, iceServers } = result;
  const streams = result.streams.filter((stream) => stream.participant !== self.id);
  return {
    self,
    others: result.participants.filter((participant) => participant.id !== self.id),
    streams: new Map(streams.map((description) => [description.id, { description, iceServers }])),
    recording: result.recording,
    mediaServerAvailable: true,
  };
}

/** Gives the state after a notification; the same object when it changes nothing here. */
export function roomStateAfter(state: RoomState, { name, params }: Notification): RoomState {
  switch (name) {
    case 'participantJoined':
      return withParticipant(state, params.participant);
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
      if (!state.streams.has(params.stream)) return state;
      return withStreams(state, (streams) => streams.delete(params.stream));
    case 'recordingStarted':
      return { ...state, recording: params.recording };
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

/** The screen that is shared by someone else at the moment. */
export function sharedScreen(state: RoomState): StreamDescription | undefined {
  return [...state.streams.values()].find(({ description }) => description.kind === 'screen')?.description;
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
  const streams = new Map(
    [...state.streams].filter(([, { description }]) => description.participant !== participant),
  );
  return { ...state, others, streams };
}

function withStreams(state: RoomState, change: (streams: Map<StreamId, RoomStream>) => void): RoomState {
  const streams = new Map(state.streams);
  change(streams);
  return { ...state, streams };
}
