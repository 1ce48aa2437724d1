import type { FailureCause, Ledger, LegState, StreamDescription } from '@parley/protocol';
import { expect, it } from 'vitest';
import { joinedState } from './room-state.ts';
import { participantId, streamId } from './testing.ts';
import { whoSees, type OwnSource } from './who-sees.ts';

const me = { id: participantId('me'), name: 'Me' };
const bob = { id: participantId('bob'), name: 'Bob' };
const cleo = { id: participantId('cleo'), name: 'Cleo' };

const status = (state: LegState, cause: FailureCause | null = null) =>
  ({ state, step: state === 'confirmed' ? 'confirmed' : 'negotiated', cause }) as const;

const ledger = (stream: string, up: Ledger['up'], bobs: Ledger['up'], cleos?: Ledger['up']): Ledger => ({
  stream: streamId(stream),
  up,
  viewers: [
    { participant: bob.id, status: bobs },
    ...(cleos ? [{ participant: cleo.id, status: cleos }] : []),
  ],
});

const room = (streams: StreamDescription[], ...ledgers: Ledger[]) =>
  joinedState(
    {
      self: me,
      participants: [bob, cleo],
      streams,
      iceServers: [],
      recording: null,
      secret: 'secret',
      legs: [],
    },
    ledgers,
  );

const camera: OwnSource = {
  kind: 'camera',
  stream: streamId('camera'),
  audio: true,
  video: true,
  failures: [],
};
const screen: OwnSource = { ...camera, kind: 'screen', stream: streamId('screen'), audio: false };

const read = (who: ReturnType<typeof whoSees>) =>
  [...who.own, ...who.others].map(({ title, up, viewers }) => [
    title,
    ...up.map(({ text }) => text),
    ...viewers.map(({ name, text }) => `${name} – ${text}`),
  ]);

it('counts who is proven to receive all that one sends', () => {
  const well = status('confirmed');
  const waits = status('repairing', 'nothing-arrives');
  const both = room([], ledger('camera', well, well, well), ledger('screen', well, well, waits));
  expect(whoSees(both, [camera])).toMatchObject({ receiving: 2, of: 2 });
  const who = whoSees(both, [camera, screen]);
  expect(who).toMatchObject({ receiving: 1, of: 2 });
  expect(read(who)[1]).toEqual([
    'Your screen',
    'The server receives your picture.',
    'Bob – sees your screen',
    'Cleo – is being repaired: The picture or sound was sent and did not arrive here.',
  ]);
});

it('says the sender’s trouble once, and of the viewers that it is theirs as well', () => {
  const silent = status('failed', 'sender-sends-nothing');
  const other = status('failed', 'no-candidate-pair');
  expect(read(whoSees(room([], ledger('camera', silent, silent, other)), [camera]))).toEqual([
    [
      'Your camera',
      'Nothing comes from the sender. The sender should check camera and microphone, and switch them off and on.',
      'Bob – does not see you, for the same reason',
      'Cleo – does not see you: This network lets no sound or pictures through to the server. Try another network. Administrators: open the media port for UDP and check ANNOUNCED_IPS.',
    ],
  ]);
});

it('speaks of hearing where there is no picture, and of who has not come to it yet', () => {
  const sound: StreamDescription = {
    id: streamId('bobs'),
    participant: bob.id,
    kind: 'camera',
    audio: true,
    video: false,
    muted: false,
  };
  const bobs = { stream: sound.id, up: status('confirmed'), viewers: [] };
  const well = { ...bobs, viewers: [{ participant: me.id, status: status('confirmed') }] };
  expect(read(whoSees(room([sound], well), []))).toEqual([
    ['Bob’s camera', 'The server receives Bob’s sound.', 'You – hear Bob', 'Cleo – is being connected'],
  ]);
});

it('says what the devices lack, in one line where it is the same', () => {
  const refused = (device: 'camera' | 'microphone') => ({ device, cause: 'no-permission' }) as const;
  const nothing = { ...camera, stream: undefined, audio: false, video: false };
  const lines = (failures: OwnSource['failures']) =>
    whoSees(room([]), [{ ...nothing, failures }]).own[0]?.up.map(({ text }) => text.split('.')[0]);
  expect(lines([refused('camera'), refused('microphone')])).toEqual([
    'Your camera and microphone: The browser was not allowed to use the camera or microphone',
  ]);
  expect(lines([refused('camera'), { device: 'microphone', cause: 'device-gone' }])).toHaveLength(2);
  expect(lines([])).toEqual(['You send nothing: camera and microphone are off']);
});
