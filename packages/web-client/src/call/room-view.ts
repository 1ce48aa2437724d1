// What the views draw of a room: tiles, switches and notices, made from the session's parts. A pure function.
import type { ParticipantId, RunningRecording, StreamDescription, StreamId } from '@parley/protocol';
import type { KeeperState } from './leg-keeper.ts';
import { nameOf, type RoomState } from './room-state.ts';

/** `idle`: there is no stream. `failed`: given up; `retry` brings it back. */
export type TileState = 'connecting' | 'live' | 'failed' | 'idle';

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
}

export type SwitchState = 'on' | 'off' | 'starting' | 'unavailable';

export interface Notice {
  id: number;
  tone: 'info' | 'problem';
  text: string;
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
  recording: (RunningRecording & { startedByName: string }) | undefined;
  mediaServerAvailable: boolean;
  notices: readonly Notice[];
}

/** One stream with a leg, own or watched, as far as a tile shows it. */
export interface ShownStream {
  id: StreamId | undefined;
  state: KeeperState;
  media: MediaStream | undefined;
}

export interface TileParts {
  /** undefined before the first join. */
  room: RoomState | undefined;
  name: string;
  connected: boolean;
  preview: MediaStream | undefined;
  muted: boolean;
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
  const { state, message } = healthOf(parts, parts.camera ?? pending, {
    idle: 'Camera off',
    silent: video ? undefined : 'Camera off',
    // The own picture is always there; what matters is whether the others get it.
    waiting: 'The others cannot see or hear you, trying again…',
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
    state,
    message,
  };
}

function ownScreenTile(parts: TileParts, screen: ShownStream): TileView {
  const { state, message } = healthOf(parts, screen, {
    idle: 'Not shared',
    silent: 'You are sharing your screen',
    waiting: 'The others cannot see your screen, trying again…',
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
    state,
    message,
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
  const { state, message } = healthOf(parts, watched, {
    idle: 'Camera off',
    silent: stream?.video ? undefined : 'Camera off',
    waiting: 'Connection lost, trying again…',
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
    muted: stream ? stream.muted || !stream.audio : true,
    state,
    message,
  };
}

function healthOf(
  parts: TileParts,
  stream: ShownStream | undefined,
  words: { idle: string; silent: string | undefined; waiting: string },
): { state: TileState; message: string | undefined } {
  if (!parts.connected)
    return { state: 'connecting', message: parts.room ? 'Connection lost, trying again…' : 'Connecting…' };
  if (parts.room?.mediaServerAvailable === false)
    return { state: 'connecting', message: 'Waiting for the media server…' };
  if (!stream) return { state: 'idle', message: words.idle };
  switch (stream.state.phase) {
    case 'connecting':
      return { state: 'connecting', message: 'Connecting…' };
    case 'waiting':
      return { state: 'connecting', message: words.waiting };
    case 'live':
      return { state: 'live', message: words.silent };
    case 'failed':
      return { state: 'failed', message: stream.state.why };
  }
}
