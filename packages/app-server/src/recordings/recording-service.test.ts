// Recording a room: pieces come and go with the streams, and files and rows agree.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  ParticipantId,
  PieceId,
  RecordingId,
  RecordingsResponse,
  RoomId,
  type RecordingDescription,
} from '@parley/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openDatabase } from '../database/database.ts';
import { RecordingRepository } from '../database/recording-repository.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import { newId } from '../new-id.ts';
import { Participant } from '../rooms/participant.ts';
import { Room } from '../rooms/room.ts';
import { KurentoError } from '../testing/fake-kurento.ts';
import { Harness, offer, silent } from '../testing/harness.ts';
import { RecordingFiles } from './recording-files.ts';
import { RecordingService } from './recording-service.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

async function list(room: RoomId): Promise<RecordingDescription[]> {
  const response = await fetch(`${harness.server.url}/api/rooms/${room}/recordings`);
  return RecordingsResponse.parse(await response.json()).recordings;
}

test('records every stream as a piece of its own, those that start later and screens too', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room, 'Ada'), await harness.joined(room, 'Bob')];
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  expect(await bob.hears('recordingStarted')).toMatchObject({
    recording: { startedAt: expect.any(Number) as number },
  });
  await harness.broadcast(bob, 'camera', { audio: true, video: false });
  await harness.broadcast(bob, 'screen', { audio: false, video: true });
  await kurento.until(() => kurento.callsOf('record').length === 3);
  expect(kurento.ofType('RecorderEndpoint').map(({ params }) => params['mediaProfile'])).toEqual([
    'WEBM',
    'WEBM_AUDIO_ONLY',
    'WEBM_VIDEO_ONLY',
  ]);
  await bob.request('stopRecording', {});
  await ada.hears('recordingStopped');
  expect(kurento.ofType('RecorderEndpoint')).toEqual([]);
  expect(kurento.ofType('WebRtcEndpoint')).toHaveLength(3);
  const [recording] = await list(room);
  expect(recording?.endedAt).toBeGreaterThanOrEqual(recording?.startedAt ?? NaN);
  expect(recording?.pieces).toHaveLength(3);
  for (const piece of recording?.pieces ?? []) {
    expect(piece.bytes).toBe(30);
    expect(piece.endedAt).toBeGreaterThanOrEqual(piece.startedAt ?? NaN);
  }
  const kinds = recording?.pieces.map(({ participantName, kind }) => `${participantName} ${kind}`);
  expect(kinds?.sort()).toEqual(['Ada camera', 'Bob camera', 'Bob screen']);
});

test('records twice in a session, newest first', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  const first = await ada.request('startRecording', {});
  expect(await ada.refused('startRecording', {})).toBe('already-recording');
  await ada.request('stopRecording', {});
  expect(await ada.refused('stopRecording', {})).toBe('not-recording');
  const second = await ada.request('startRecording', {});
  await ada.request('stopRecording', {});
  expect((await list(room)).map(({ id, pieces }) => [id, pieces.length])).toEqual([
    [second.id, 1],
    [first.id, 1],
  ]);
  expect(harness.kurento.callsOf('create WebRtcEndpoint')).toHaveLength(1);
});

test('a stream that stops completes its piece before its endpoints go, and the recording goes on', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  const stream = await harness.broadcast(ada);
  await ada.request('startRecording', {});
  await ada.request('stopBroadcast', { stream });
  const steps = kurento.calls.map(({ name }) => name);
  const releases = kurento.calls.map(({ name, object }) => (name === 'release' ? object : ''));
  expect(steps.indexOf('stopAndWait')).toBeLessThan(
    releases.findIndex((id) => id?.endsWith('MediaPipeline')),
  );
  expect(kurento.objects.size).toBe(0);
  await harness.broadcast(ada);
  await kurento.until(() => kurento.ofType('RecorderEndpoint').length === 1);
  await ada.request('stopRecording', {});
  expect((await list(room))[0]?.pieces).toHaveLength(2);
});

test('a camera that is sent anew while its former file is still being completed loses neither', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  const former = await harness.broadcast(ada);
  await ada.request('startRecording', {});
  const [recorder] = kurento.ofType('RecorderEndpoint');
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  const completing = kurento.hold('stopAndWait');
  kurento.emit(endpoint?.id ?? '', 'DtlsConnectionStateChange', { state: 'CLOSED' });
  await ada.hears('streamStopped');
  await completing.arrived;
  const next = await harness.broadcast(ada);
  await kurento.until(() => kurento.callsOf('record').length === 2);
  expect(kurento.objects.has(recorder?.id ?? '')).toBe(true);
  completing.release();
  const streamsLeft = () => [...kurento.objects.values()].map(({ tags }) => tags.get('stream'));
  await kurento.until(() => !streamsLeft().includes(former));
  expect(streamsLeft()).toEqual([next, next, next]);
  await ada.request('stopRecording', {});
  expect((await list(room))[0]?.pieces).toMatchObject([{ bytes: 30 }, { bytes: 30 }]);
});

test('a screen that is no longer shared is no longer recorded, whoever started the recording', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room, 'Ada'), await harness.joined(room, 'Bob')];
  await harness.broadcast(ada);
  const screen = await harness.broadcast(bob, 'screen', { audio: false, video: true });
  await ada.request('startRecording', {});
  await bob.request('stopBroadcast', { stream: screen });
  expect([...kurento.objects.values()].map(({ tags }) => tags.get('stream'))).not.toContain(screen);
  expect(kurento.ofType('RecorderEndpoint')).toHaveLength(1);
  expect(ada.toldOf('recordingStopped')).toEqual([]);
  await bob.request('stopRecording', {});
  const kinds = (await list(room))[0]?.pieces.map(({ kind, bytes }) => `${kind} ${bytes}`);
  expect(kinds?.sort()).toEqual(['camera 30', 'screen 30']);
});

test('every piece says when its first media came, so that pieces can be laid side by side', async () => {
  const { kurento } = harness;
  kurento.recordsAtOnce = false;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room, 'Ada'), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await ada.request('startRecording', {});
  await harness.broadcast(bob);
  await kurento.until(() => kurento.callsOf('record').length === 2);
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (const [at, recorder] of kurento.ofType('RecorderEndpoint').entries()) {
      vi.setSystemTime(1_000_000 + at * 7_000);
      kurento.startRecording(recorder);
      // The answer of the media server to this comes behind its event.
      await bob.request('watch', { stream, sdpOffer: offer() });
    }
  } finally {
    vi.useRealTimers();
  }
  await ada.request('stopRecording', {});
  expect((await list(room))[0]?.pieces.map(({ startedAt }) => startedAt)).toEqual([1_000_000, 1_007_000]);
});

test('a joiner learns that a recording runs, and it ends when the last one leaves', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  const running = await ada.request('startRecording', {});
  const bob = await harness.browser();
  const { recording } = await bob.request('join', { room, name: 'Bob' });
  expect(recording).toEqual({ ...running, runningMs: expect.any(Number) as number });
  await ada.close();
  await bob.hears('participantLeft');
  expect(bob.toldOf('recordingStopped')).toEqual([]);
  await bob.request('leave', {});
  expect((await list(room))[0]?.endedAt).not.toBeNull();
});

test.each(['create RecorderEndpoint', 'addTag', 'subscribe Recording', 'connect', 'record'])(
  'when "%s" fails for the only stream, the recording is refused and nothing of it is left',
  async (step) => {
    const { kurento } = harness;
    const room = await harness.createRoom();
    const ada = await harness.joined(room);
    await harness.broadcast(ada);
    kurento.failOnce(step, 40009);
    expect(await ada.refused('startRecording', {})).toBe('media-server-refused');
    expect(kurento.ofType('RecorderEndpoint')).toEqual([]);
    expect(await list(room)).toEqual([]);
    expect(ada.toldOf('streamStopped')).toEqual([]);
    await ada.request('startRecording', {});
  },
);

test('a piece that nothing reached is left out, and its recording with it', async () => {
  harness.kurento.recordsAtOnce = false;
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  expect((await list(room))[0]?.pieces).toMatchObject([{ startedAt: null, endedAt: null, bytes: 0 }]);
  await ada.request('stopRecording', {});
  expect(await list(room)).toEqual([]);
});

test('everyone is told once when a recorder fails later, and that a stream is not recorded at all', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await bob.request('startRecording', {});
  const [recorder] = kurento.ofType('RecorderEndpoint');
  for (const description of ['disk full: /srv/x', 'again'])
    kurento.emit(recorder?.id ?? '', 'Error', { description });
  const failed = { stream, message: 'the server could not write the file' };
  expect(await bob.hears('recordingFailed')).toEqual(failed);
  expect(await ada.hears('recordingFailed')).toEqual(failed);
  kurento.failOnce('create RecorderEndpoint', 40009);
  const second = await harness.broadcast(bob);
  expect(await ada.hears('recordingFailed', 2)).toMatchObject({ stream: second });
  expect(ada.toldOf('recordingFailed')).toHaveLength(2);
});

test('stopping while a recorder is being added takes it away again', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  await harness.broadcast(ada);
  const held = kurento.hold('create RecorderEndpoint');
  const starting = ada.refused('startRecording', {});
  await held.arrived;
  const stopping = bob.request('stopRecording', {});
  held.release();
  await stopping;
  expect(await starting).toBe('not-recording');
  expect(kurento.ofType('RecorderEndpoint')).toEqual([]);
  expect(bob.told.filter(({ name }) => name.startsWith('recording'))).toEqual([]);
  await bob.request('startRecording', {});
});

test('a lost media server ends the recording, with what there is', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  harness.kurento.disconnect('forgetting');
  expect(await ada.hears('recordingStopped')).toMatchObject({ lost: true });
  expect(await list(room)).toMatchObject([
    { pieces: [{ bytes: 30, endedAt: expect.any(Number) as number }] },
  ]);
});

test('what ran when the process died ends where its file ends; what is empty is left out', async () => {
  const room = await harness.createRoom();
  await harness.server.close();
  const database = await openDatabase({ file: join(harness.dataDir, 'parley.db') }, silent);
  const repository = new RecordingRepository(database);
  const recording = newId(RecordingId);
  await repository.add({
    id: recording,
    room_id: room,
    started_at: 1_000,
    ended_at: null,
    installation: null,
  });
  const [written, empty] = [newId(PieceId), newId(PieceId)];
  const row = {
    recording_id: recording,
    participant_name: 'Ada',
    kind: 'camera',
    audio: 1,
    video: 1,
  } as const;
  await repository.addPiece({ ...row, id: written, started_at: 1_500, ended_at: null });
  await repository.addPiece({ ...row, id: empty, started_at: null, ended_at: null });
  await database.destroy();
  const file = new RecordingFiles(harness.dataDir).path({ room, recording, piece: written });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'up to the last second');
  await harness.restart();
  const endedAt = Math.round(statSync(file).mtimeMs);
  expect(await list(room)).toMatchObject([{ endedAt, pieces: [{ id: written, startedAt: 1_500, endedAt }] }]);
});

test('a stream that cannot be recorded is in the log, and the others are recorded', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const own = await Harness.start({ log });
  try {
    const room = await own.createRoom();
    const [ada, bob] = [await own.joined(room), await own.joined(room, 'Bob')];
    const streams = [await own.broadcast(ada), await own.broadcast(bob)];
    let recorders = 0;
    own.kurento.script = ({ name }) => {
      if (name === 'create RecorderEndpoint' && ++recorders === 2) throw new KurentoError(40009);
    };
    await ada.request('startRecording', {});
    expect(own.kurento.ofType('RecorderEndpoint')).toHaveLength(1);
    expect(lines.join('')).toMatch(new RegExp(`"stream":"(${streams.join('|')})"`));
  } finally {
    await own.close();
  }
});

/** A room with one participant, and a service with this database; gives what the participant is told. */
function withRepository(repository: Partial<RecordingRepository>) {
  const room = new Room(newId(RoomId));
  const told: string[] = [];
  const seat = { notify: (name: string) => void told.push(name), replaced: () => undefined };
  const ada = new Participant({ id: newId(ParticipantId), secret: '', name: 'Ada', room, seat });
  room.participants.set(ada.id, ada);
  const service = new RecordingService({
    mediaServer: { available: true } as MediaServer,
    repository: repository as RecordingRepository,
    files: new RecordingFiles(harness.dataDir),
    installation: 'ours',
    log: silent,
  });
  return { room, ada, told, service };
}

test('everyone is told of a recording’s end, even when the database cannot keep it', async () => {
  const { room, ada, told, service } = withRepository({
    add: () => Promise.resolve(),
    end: () => Promise.reject(new Error('disk full')),
  });
  await service.start(room, ada);
  await expect(service.stop(room)).rejects.toThrow('disk full');
  expect(told).toEqual(['recordingStarted', 'recordingStopped']);
});

test('the end of a recording is written after its beginning, however slow that is', async () => {
  const written: string[] = [];
  let add: () => void = () => undefined;
  const { room, ada, service } = withRepository({
    add: () =>
      new Promise((resolve) => {
        add = () => {
          written.push('beginning');
          resolve();
        };
      }),
    end: () => Promise.resolve(void written.push('end')),
  });
  const starting = service.start(room, ada);
  const stopping = service.stop(room);
  // Whatever stopping does without waiting for the beginning, it has done by then.
  await new Promise(setImmediate);
  add();
  await expect(starting).rejects.toMatchObject({ reason: 'not-recording' });
  await stopping;
  expect(written).toEqual(['beginning', 'end']);
});

test('a recording without a media server is refused', async () => {
  const ada = await harness.joined(await harness.createRoom());
  await harness.kurento.stopListening();
  await ada.hears('mediaServer');
  expect(await ada.refused('startRecording', {})).toBe('media-server-unreachable');
  expect(await ada.refused('startTestRecord', { sdpOffer: offer(), audio: true, video: true })).toBe(
    'media-server-unreachable',
  );
});
