// What the views draw of a room: tiles, switches and notices, made from the session's parts. A pure function.
import {
  causeTexts,
  type FailureCause,
  type LegStatus,
  type ParticipantId,
  type StreamDescription,
  type StreamId,
} from '@parley/protocol';
import { repairing } from './causes.ts';
import type { DeviceError } from './devices.ts';
import type { KeeperState } from './leg-keeper.ts';
import { nameOf, type HeardRecording, type RoomState } from './room-state.ts';
import type { WhoSees } from './who-sees.ts';

/** `idle`: there is no stream. `repairing`: connected, and not well. `failed`: given up; `retry` brings it back. */
export type TileState = 'connecting' | 'live' | 'repairing' | 'failed' | 'idle';

export interface TileView {
  /** Stays the same while the participant comes and goes with camera and microphone. */
  key: string;
  participant: ParticipantId | undefined;
  stream: StreamId | undefined;
  name: string;
  kind: 'camera' | 'screen';
  own: boolean;
  media: MediaStream | undefined;
  /** Whether a picture is to be expected. */
  video: boolean;
  muted: boolean;
  state: TileState;
  /** What is the matter, for a person; undefined when all is well. */
  message: string | undefined;
  /** What to do about it. */
  remedy: string | undefined;
}

export type SwitchState = 'on' | 'off' | 'starting' | 'unavailable';

export function switchState(device: { wanted: boolean; opening: boolean; track: unknown }): SwitchState {
  if (device.opening) return 'starting';
  if (!device.track) return device.wanted ? 'unavailable' : 'off';
  return device.wanted ? 'on' : 'off';
}

export interface Notice {
  id: number;
  tone: 'info' | 'problem';
  text: string;
  /** How often it was said. */
  count: number;
}

export type RoomPhase = 'joining' | 'joined' | 'reconnecting' | 'refused' | 'left';

export interface RoomSnapshot {
  phase: RoomPhase;
  /** Of `refused`: why, and a sentence for a person. */
  refusal: { reason: 'room-gone' | 'room-full' | 'other'; text: string } | undefined;
  tiles: readonly TileView[];
  participants: number;
  microphone: SwitchState;
  camera: SwitchState;
  screen: SwitchState;
  /** Not `known`: the server cannot be reached, and nobody here knows whether it still runs. */
  recording: (HeardRecording & { startedByName: string; known: boolean }) | undefined;
  mediaServerAvailable: boolean;
  whoSees: WhoSees;
  notices: readonly Notice[];
}

/** One stream with a leg, own or watched, as far as a tile shows it. */
export interface ShownStream {
  id: StreamId | undefined;
  state: KeeperState;
  media: MediaStream | undefined;
  /** Of a watched stream: what this browser can prove of it. */
  evidence?: LegStatus | undefined;
}

export interface TileParts {
  /** undefined before the first join. */
  room: RoomState | undefined;
  name: string;
  connected: boolean;
  preview: MediaStream | undefined;
  muted: boolean;
  /** Why there is no camera though it is wanted. */
  cameraFailure: DeviceError | undefined;
  camera: ShownStream | undefined;
  screen: ShownStream | undefined;
  watched: ReadonlyMap<StreamId, ShownStream>;
}

/** The tiles of a room: screens first, then this participant, then the others in the order of their coming. */
export function tilesOf(parts: TileParts): TileView[] {
  const { room } = parts;
  const own = ownTile(parts);
  if (!room) return [own];
  const streams = [...room.streams.values()].map(({ description }) => description);
  const screens = streams
    .filter(({ kind }) => kind === 'screen')
    .map((stream) => watchedTile(parts, room, stream.participant, 'screen', stream));
  const others = room.others.map(({ id }) => {
    const stream = streams.find(({ participant, kind }) => participant === id && kind === 'camera');
    return watchedTile(parts, room, id, 'camera', stream);
  });
  return [...screens, ...(parts.screen ? [ownScreenTile(parts, parts.screen)] : []), own, ...others];
}

function ownTile(parts: TileParts): TileView {
  const video = (parts.preview?.getVideoTracks().length ?? 0) > 0;
  // Between opening a device and offering its stream there is none for a moment.
  const pending: ShownStream | undefined = parts.preview && {
    id: undefined,
    state: { phase: 'connecting' },
    media: undefined,
  };
  const failure = parts.cameraFailure?.words;
  const off = failure ? { message: failure.participant, remedy: failure.remedy } : { message: 'Camera off' };
  // The own picture is always there; what matters is whether the others get it.
  const health = healthOf(parts, parts.camera ?? pending, {
    idle: off,
    silent: video ? {} : off,
    trouble: sendingTrouble(parts, parts.camera),
  });
  return {
    key: 'own-camera',
    participant: parts.room?.self.id,
    stream: parts.camera?.id,
    name: parts.room?.self.name ?? parts.name,
    kind: 'camera',
    own: true,
    media: parts.preview,
    video,
    muted: parts.muted,
    ...health,
  };
}

function ownScreenTile(parts: TileParts, screen: ShownStream): TileView {
  const health = healthOf(parts, screen, {
    idle: { message: 'Not shared' },
    silent: { message: 'You are sharing your screen' },
    trouble: sendingTrouble(parts, screen),
  });
  return {
    key: 'own-screen',
    participant: parts.room?.self.id,
    stream: screen.id,
    name: `${parts.room?.self.name ?? parts.name} – screen`,
    kind: 'screen',
    own: true,
    // Drawing the screen on the screen would show it in itself, without end.
    media: undefined,
    video: false,
    muted: false,
    ...health,
  };
}

function watchedTile(
  parts: TileParts,
  room: RoomState,
  participant: ParticipantId,
  kind: 'camera' | 'screen',
  stream: StreamDescription | undefined,
): TileView {
  const watched = stream && parts.watched.get(stream.id);
  const name = nameOf(room, participant);
  const away = kind === 'camera' && room.others.find(({ id }) => id === participant)?.away;
  const off = { message: 'Camera off' };
  const waiting = health('connecting', { message: `Connection lost, waiting for ${name}…` });
  const present = healthOf(parts, watched, {
    idle: off,
    silent: stream?.video ? {} : off,
    trouble: watched && receivingTrouble(room, watched),
  });
  return {
    key: `${participant}-${kind}`,
    participant,
    stream: stream?.id,
    name: kind === 'screen' ? `${name} – screen` : name,
    kind,
    own: false,
    media: watched?.media,
    video: stream?.video ?? false,
    // Without a media server nobody's microphone is known to be off.
    muted: stream ? stream.muted || !stream.audio : room.mediaServerAvailable,
    // What still comes of their stream is shown for as long as it comes.
    ...(away && parts.connected && !stream ? waiting : present),
  };
}

type Words = Partial<Pick<TileView, 'message' | 'remedy'>>;
type Health = Pick<TileView, 'state' | 'message' | 'remedy'>;

function healthOf(
  parts: TileParts,
  stream: ShownStream | undefined,
  words: { idle: Words; silent: Words; trouble: LegStatus | undefined },
): Health {
  if (!parts.connected)
    return health('connecting', {
      message: parts.room ? repairing('signalling-lost') : 'Connecting…',
    });
  if (parts.room?.mediaServerAvailable === false)
    return health('connecting', { message: 'Waiting for the media server…' });
  if (!stream) return health('idle', words.idle);
  switch (stream.state.phase) {
    case 'connecting':
      return health('connecting', { message: 'Connecting…' });
    case 'repairing':
      return health('repairing', { message: repairing(stream.state.cause) });
    case 'waiting':
      return health('connecting', { message: repairing(stream.state.cause) });
    case 'failed':
      return health(
        'failed',
        stream.state.detail === undefined ? told(stream.state.cause) : { message: stream.state.detail },
      );
    case 'live':
      return healthInTrouble(words.trouble) ?? health('live', words.silent);
  }
}

function healthInTrouble(trouble: LegStatus | undefined): Health | undefined {
  if (!trouble?.cause) return undefined;
  const { state, cause } = trouble;
  if (state === 'repairing') return health('repairing', { message: repairing(cause) });
  // It is the button that helps, not another try.
  if (cause === 'autoplay-blocked') return health('live', told(cause));
  return state === 'failed' ? health('failed', told(cause)) : undefined;
}

/** Of an own stream: what the server does not get of it. */
function sendingTrouble(parts: TileParts, stream: ShownStream | undefined): LegStatus | undefined {
  return stream?.id && parts.room?.ledgers.get(stream.id)?.up;
}

/** Of a watched stream: what this browser misses, or what is missing at its sender already. */
function receivingTrouble(room: RoomState, { id, evidence }: ShownStream): LegStatus | undefined {
  const up = id && room.ledgers.get(id)?.up;
  const unexplained = !evidence?.cause || evidence.cause === 'nothing-arrives';
  return evidence?.state !== 'confirmed' && unexplained && up?.cause ? up : evidence;
}

function health(state: TileState, { message, remedy }: Words): Health {
  return { state, message, remedy };
}

function told(cause: FailureCause): Words {
  return { message: causeTexts[cause].participant, remedy: causeTexts[cause].remedy };
}
