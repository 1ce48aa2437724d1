// OpenMeetings' own sequence of calls: broadcast, listen, record, test and refresh, its watch over foreign objects, and
// that it is never told of a stream that flows that it does not: it would drop it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureFfmpeg, probe } from '../src/ffprobe.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { OpenMeetings } from '../src/kurento/openmeetings.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let other: KurentoConnection;
let openMeetings: OpenMeetings;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  ensureFfmpeg();
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  other = await server.connect();
});
beforeEach(async () => {
  openMeetings = await OpenMeetings.begin(await server.connect());
});
afterEach(async () => {
  openMeetings.end();
  await page.closePeers();
  for (const left of await pipelines()) await other.release(left);
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

function pipelines(): Promise<string[]> {
  return other.invoke<string[]>('manager_ServerManager', 'getPipelines');
}

describe('a broadcast', () => {
  it('reaches those who listen, is recorded while it runs, and leaves nothing behind', async () => {
    const sender = await page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] });
    const stream = await openMeetings.broadcast('alice', sender);
    const viewers = await Promise.all(
      ['bob', 'carol'].map(async (uid) => {
        const peer = await page.newPeer();
        await openMeetings.listen(stream, uid, peer);
        return peer;
      }),
    );
    await openMeetings.startRecording(stream, server.fileUri('rec_1.webm'));
    for (const peer of viewers) await peer.sees('red');
    await viewers[0]?.hears(440);
    await viewers[1]?.seesFrames(15);
    await openMeetings.stopRecording(stream);
    for (const peer of viewers) await peer.seesFrames();
    const { tracks, complaints } = await probe(server.filePath('rec_1.webm'));
    expect(tracks).toMatchObject({ video: { codec: 'vp8' }, audio: { codec: 'opus' } });
    expect(tracks['video']?.frames).toBeGreaterThanOrEqual(15);
    expect(complaints).toBe('');
    expect(openMeetings.notFlowing()).toEqual([]);
    expect(openMeetings.killed).toEqual([]);

    await openMeetings.stopBroadcast(stream);
    const { connection } = openMeetings;
    await connection.event(
      'manager_ServerManager',
      'ObjectDestroyed',
      ({ objectId }) => objectId === stream.pipeline,
    );
    const destroyed = connection
      .eventsOf('manager_ServerManager', 'ObjectDestroyed')
      .map(({ data }) => data['objectId']);
    const created = connection
      .eventsOf('manager_ServerManager', 'ObjectCreated')
      .map(({ data }) => data['object']);
    expect(destroyed.sort()).toEqual(created.sort());
    expect(await pipelines()).toEqual([]);
  });

  it('of a microphone alone, or of a screen, is recorded and heard as what it is', async () => {
    const speaker = await page.newPeer({ sends: { hz: 600 }, receives: [] });
    const screen = await page.newPeer({ sends: { colour: 'green' }, receives: [] });
    const ofSpeaker = await openMeetings.broadcast('speaker', speaker, 'AUDIO');
    const ofScreen = await openMeetings.broadcast('screen', screen, 'SCREEN');
    const [hearing, seeing] = await Promise.all([page.newPeer(), page.newPeer()]);
    await openMeetings.listen(ofSpeaker, 'bob', hearing);
    await openMeetings.listen(ofScreen, 'bob', seeing);
    await openMeetings.startRecording(ofSpeaker, server.fileUri('audio.webm'));
    await openMeetings.startRecording(ofScreen, server.fileUri('screen.webm'));
    await hearing.hears(600);
    await seeing.sees('green');
    await openMeetings.stopRecording(ofSpeaker);
    await openMeetings.stopRecording(ofScreen);
    expect(await hearing.counts()).toMatchObject({ framesDecoded: 0 });
    expect(await seeing.counts()).toMatchObject({ audioPacketsReceived: 0 });

    for (const [file, hasAudio, hasVideo] of [
      ['audio.webm', true, false],
      ['screen.webm', false, true],
    ] as const) {
      const viewer = await page.newPeer();
      const { player, pipeline } = await openMeetings.testPlay(viewer, server.fileUri(file));
      await openMeetings.connection.event(player, 'EndOfStream');
      const { audioPacketsReceived, videoPacketsReceived } = await viewer.counts();
      expect(audioPacketsReceived > 0).toBe(hasAudio);
      expect(videoPacketsReceived > 0).toBe(hasVideo);
      await openMeetings.connection.release(pipeline);
    }
  });

  it('that is refreshed comes back under its name, to viewers who listen again', async () => {
    const [first, second] = await Promise.all([
      page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] }),
      page.newPeer({ sends: { colour: 'blue', hz: 440 }, receives: [] }),
    ]);
    const viewer = await page.newPeer();
    const before = await openMeetings.broadcast('alice', first);
    await openMeetings.listen(before, 'bob', viewer);
    await viewer.sees('red');
    await openMeetings.stopBroadcast(before);
    const after = await openMeetings.broadcast('alice', second);
    const again = await page.newPeer();
    await openMeetings.listen(after, 'bob', again);
    await again.sees('blue');
    // A viewer who listens again has one endpoint, not two.
    const anew = await page.newPeer();
    await openMeetings.listen(after, 'bob', anew);
    await anew.sees('blue');
    expect(await other.invoke<string[]>(after.pipeline, 'getChildren')).toHaveLength(2);
    expect(openMeetings.killed).toEqual([]);
  });
});

describe("a test of one's own devices", () => {
  it('records, ticks, stops, and plays back once its session has started', async () => {
    const { connection } = openMeetings;
    const uri = server.fileUri('TEST_SETUP_1.webm');
    const recorded = await page.newPeer({ sends: { colour: 'yellow', hz: 1_000 } });
    const { pipeline, recorder } = await openMeetings.testRecord(recorded, uri);
    await connection.event(recorder, 'Recording');
    await recorded.sees('yellow');
    await recorded.seesFrames(30);
    await connection.invoke(recorder, 'stop');
    await connection.event(recorder, 'Stopped');
    await connection.release(recorder);
    await connection.release(pipeline);

    const played = await page.newPeer();
    const { pipeline: ofPlayer, player } = await openMeetings.testPlay(played, uri);
    await played.sees('yellow');
    await connection.event(player, 'EndOfStream');
    expect((await played.counts()).framesDecoded).toBeGreaterThan(15);
    await connection.release(ofPlayer);
    expect(await pipelines()).toEqual([]);
  });
});

describe('releases', () => {
  it('succeed in any order, also of what went with its pipeline already', async () => {
    const sender = await page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] });
    const stream = await openMeetings.broadcast('alice', sender);
    const viewer = await page.newPeer();
    const listener = await openMeetings.listen(stream, 'bob', viewer);
    const recorder = await openMeetings.startRecording(stream, server.fileUri('rec_2.webm'));
    for (const id of [stream.pipeline, stream.outgoing, recorder, listener, stream.pipeline])
      await openMeetings.connection.release(id);
    // A recorder that was released without being stopped has finished its file all the same.
    await openMeetings.connection.event(recorder, 'Stopped');
    expect(await pipelines()).toEqual([]);
  });
});

describe('the watch over created objects', () => {
  it('releases what is foreign, and never what is its own, also when many things happen at once', async () => {
    const foreign = await other.create('MediaPipeline');
    await openMeetings.looksAt(foreign);
    expect(openMeetings.killed).toEqual([foreign]);
    expect(await pipelines()).toEqual([]);

    const sender = await page.newPeer({ sends: { colour: 'red' }, receives: [] });
    const stream = await openMeetings.broadcast('alice', sender, 'VIDEO');
    const burst = burstOfRequests(stream.outgoing, 2_000);
    const viewers = await Promise.all(
      ['bob', 'carol', 'dave', 'erin'].map(async (uid) => {
        const peer = await page.newPeer();
        const looked = openMeetings.looksAt(await openMeetings.listen(stream, uid, peer));
        return { peer, looked };
      }),
    );
    await burst;
    for (const { peer, looked } of viewers) {
      await looked;
      await peer.sees('red');
    }
    expect(openMeetings.killed).toEqual([foreign]);
  });
});

describe('NOT_FLOWING', () => {
  it('never comes while media flow, however busy the server is, and comes once they do not', async () => {
    const sender = await page.newPeer({ sends: { colour: 'red', hz: 440 }, receives: [] });
    const stream = await openMeetings.broadcast('alice', sender);
    const viewer = await page.newPeer();
    const listener = await openMeetings.listen(stream, 'bob', viewer);
    await viewer.sees('red');

    // Busy with requests, for longer than the silence that counts as none flowing.
    const until = (await sender.counts()).framesSent + 36;
    while ((await sender.counts()).framesSent < until) await burstOfRequests(stream.outgoing, 1_000);
    expect(openMeetings.notFlowing()).toEqual([]);

    // Not running at all for longer than that: what was sent meanwhile waits in its sockets.
    const { process } = server.child;
    process.kill('SIGSTOP');
    try {
      const { framesSent } = await sender.counts();
      await expect
        .poll(async () => (await sender.counts()).framesSent, DEADLINE)
        .toBeGreaterThan(framesSent + 36);
    } finally {
      process.kill('SIGCONT');
    }
    await viewer.seesFrames(30);
    expect(openMeetings.notFlowing()).toEqual([]);

    await sender.close();
    const { connection } = openMeetings;
    const isOf = (kind: string) => (data: Readonly<Record<string, unknown>>) =>
      data['state'] === 'NOT_FLOWING' && data['mediaType'] === kind;
    for (const kind of ['VIDEO', 'AUDIO']) {
      await connection.event(stream.outgoing, 'MediaFlowOutStateChanged', isOf(kind));
      await connection.event(listener, 'MediaFlowInStateChanged', isOf(kind));
    }
  });
});

describe('an OpenMeetings that lost its connection', () => {
  it('finds what it had by its tags, and media went on meanwhile', async () => {
    const sender = await page.newPeer({ sends: { colour: 'cyan' }, receives: [] });
    const stream = await openMeetings.broadcast('alice', sender, 'VIDEO');
    const viewer = await page.newPeer();
    await openMeetings.listen(stream, 'bob', viewer);
    await viewer.sees('cyan');
    openMeetings.end();
    openMeetings = await OpenMeetings.begin(await server.connect());
    await viewer.seesFrames();
    const tags = await openMeetings.connection.invoke(stream.pipeline, 'getTags');
    expect(tags).toMatchObject([
      { key: 'kuid', value: 'kuid-of-ours' },
      { key: 'roomId', value: '7' },
      { key: 'streamUid', value: 'alice' },
    ]);
    await openMeetings.connection.release(stream.pipeline);
    expect(await pipelines()).toEqual([]);
  });
});

/** As many requests as fit, of those that cost most: all sent before the first is answered. */
async function burstOfRequests(endpoint: string, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      index % 2 === 0 ? other.invoke(endpoint, 'getStats') : other.request('describe', { object: endpoint }),
    ),
  );
}
