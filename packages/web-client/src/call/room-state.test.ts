import type { StreamDescription } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { joinedState, nameOf, roomStateAfter, sharedScreen, type RoomState } from './room-state.ts';
import { participantId, streamId } from './testing.ts';

const ada = { id: participantId('ada'), name: 'Ada' };
const bob = { id: participantId('bob'), name: 'Bob' };
const me = { id: participantId('me'), name: 'Me' };

const stream = (
  name: string,
  of: typeof ada,
  change: Partial<StreamDescription> = {},
): StreamDescription => ({
  id: streamId(name),
  participant: of.id,
  kind: 'camera',
  audio: true,
  video: true,
  muted: false,
  ...change,
});

const joined = (): RoomState =>
  joinedState({
    self: me,
    secret: 'secret',
    legs: [],
    participants: [me, ada],
    streams: [stream('ada-camera', ada), stream('mine', me)],
    iceServers: [{ urls: ['stun:192.0.2.1'] }],
    recording: null,
  });

const streamsOf = (state: RoomState) => [...state.streams.keys()];

describe('joining', () => {
  it('leaves out oneself and one’s own streams, and gives each stream the servers to reach it by', () => {
    const state = joined();
    expect(state.others).toEqual([ada]);
    expect(streamsOf(state)).toEqual([streamId('ada-camera')]);
    expect(state.streams.get(streamId('ada-camera'))?.iceServers).toEqual([{ urls: ['stun:192.0.2.1'] }]);
  });
});

describe('participants', () => {
  it('come once, though told twice, and keep their place when their name changes', () => {
    const renamed = { ...ada, name: 'Ada L.' };
    let state = joined();
    for (const participant of [bob, bob, renamed, me])
      state = roomStateAfter(state, { name: 'participantJoined', params: { participant } });
    expect(state.others).toEqual([renamed, bob]);
    expect(nameOf(state, bob.id)).toBe('Bob');
    expect(nameOf(state, participantId('unknown'))).toBe('Someone');
  });

  it('take their streams with them', () => {
    const state = roomStateAfter(joined(), {
      name: 'participantLeft',
      params: { participant: ada.id, reason: 'left' },
    });
    expect(state.others).toEqual([]);
    expect(streamsOf(state)).toEqual([]);
  });
});

describe('streams', () => {
  it('start, change and stop; one’s own and unknown ones change nothing', () => {
    const before = joined();
    const started = roomStateAfter(before, {
      name: 'streamStarted',
      params: { stream: stream('ada-screen', ada, { kind: 'screen' }), iceServers: [] },
    });
    expect(sharedScreen(started)?.participant).toBe(ada.id);
    const changed = roomStateAfter(started, {
      name: 'streamChanged',
      params: { stream: stream('ada-camera', ada, { muted: true }) },
    });
    expect(changed.streams.get(streamId('ada-camera'))?.description.muted).toBe(true);
    expect(changed.streams.get(streamId('ada-camera'))?.iceServers).toHaveLength(1);
    const stopped = roomStateAfter(changed, {
      name: 'streamStopped',
      params: { stream: streamId('ada-screen'), reason: 'stopped' },
    });
    expect(streamsOf(stopped)).toEqual([streamId('ada-camera')]);
    expect(streamsOf(before)).toEqual([streamId('ada-camera')]);

    const own = stream('own', me);
    expect(roomStateAfter(before, { name: 'streamStarted', params: { stream: own, iceServers: [] } })).toBe(
      before,
    );
    expect(roomStateAfter(before, { name: 'streamChanged', params: { stream: own } })).toBe(before);
    expect(
      roomStateAfter(before, { name: 'streamStopped', params: { stream: own.id, reason: 'failed' } }),
    ).toBe(before);
  });
});
