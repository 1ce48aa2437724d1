// One participant sends valid SRTP without end: what it meets here, and what becomes of calls and recordings meanwhile.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeRtpHeader } from '@parley/rtc';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLIP, contents, readClip } from '../recording/testing/clip.ts';
import { ElementBench } from '../recording/testing/element-bench.ts';
import { FakeSource, OPUS } from '../recording/testing/fake-source.ts';
import type { TestPath } from '../transport/testing.ts';
import { RecorderEndpoint } from './recorder-endpoint.ts';
import { openEndpoint, type EndpointUnderTest } from './webrtc-testing.ts';

const FIXTURE = new URL('../../../rtc/src/sdp/fixtures/chromium-sendrecv.sdp', import.meta.url);

/** What goes through at once, one more or less by rounding, and twice as many: see transport/flood-gate.ts. */
const PASSING = 6_250;
const PACKETS = 12_500;

let call: EndpointUnderTest;
let path: TestPath;
let now: number;
/** The sequence number of the next packet, which wraps around. */
let sequence: number;

beforeEach(async () => {
  sequence = 65_534;
  call = await openEndpoint();
  const { endpoint, peer } = call;
  await endpoint.processOffer(
    readFileSync(FIXTURE, 'utf8')
      .replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${peer.remoteUfrag}`)
      .replaceAll(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${peer.certificate.fingerprint}`),
  );
  path = peer.path('192.0.2.7');
  now = performance.now();
  peer.check(path, now);
  await peer.connect(path, now);
});
afterEach(() => call.close());

/** Sends sound, all of it at `now`. */
function flood(packets: number): void {
  const offer = call.endpoint.getRemoteSessionDescriptor();
  const payloadType = Number(/m=audio \d+ \S+ (\d+)/.exec(offer)?.[1]);
  const ssrc = Number(/a=ssrc:(\d+)/.exec(offer)?.[1]);
  const packet = Buffer.alloc(112, 0xfc);
  for (const end = sequence + packets; sequence < end; sequence++) {
    const header = { marker: false, payloadType, ssrc, sequenceNumber: sequence, timestamp: 960 * sequence };
    call.peer.sendRtp(path, now, packet, writeRtpHeader(packet, header));
  }
}

it('drops of a flood what is above the bound, counts it, and tells clients and the operator once', () => {
  flood(PACKETS);
  const { dropped, tracks } = call.endpoint.getDiagnosis();
  expect(tracks[0]).toMatchObject({ kind: 'audio', direction: 'received', packets: PACKETS - dropped });
  expect(Math.abs(PACKETS - dropped - PASSING)).toBeLessThanOrEqual(1);

  const errors = call.events
    .filter(({ type }) => type === 'Error')
    .map(({ data: { description, errorCode, type } }) => ({ description, errorCode, type }));
  expect(errors).toEqual([
    {
      description:
        'The peer sends more than 50 Mbit/s, or as many packets: what is above is dropped. If it is meant to, raise --max-receive-mbits.',
      errorCode: 40009,
      type: 'NOT_ENOUGH_RESOURCES',
    },
  ]);
  expect(call.logged.filter(({ level }) => level === 40)).toMatchObject([
    { endpoint: call.endpoint.id, dropped: 1, msg: errors[0]?.description },
  ]);
});

it('keeps up a connection whose peer floods it, and hears the peer again when it is done', () => {
  flood(PACKETS);
  const before = call.endpoint.getDiagnosis();
  now += 1_000;
  call.peer.check(path, now);
  flood(100);
  const { dropped, tracks } = call.endpoint.getDiagnosis();
  expect(dropped).toBe(before.dropped);
  expect(tracks[0]?.packets).toBe(PACKETS - dropped + 100);
  expect(call.endpoint.connectionState).toBe('CONNECTED');
});

it('records others whole during a flood, and ends the recording of who floods in order', async () => {
  const bench = new ElementBench();
  const clip = await readClip(CLIP);
  const flooded = bench.make(RecorderEndpoint, { uri: 'flooded.webm', mediaProfile: 'WEBM_AUDIO_ONLY' });
  const other = bench.make(RecorderEndpoint, { uri: 'other.webm', mediaProfile: 'WEBM_AUDIO_ONLY' });
  const speaker = new FakeSource(OPUS);
  for (const [recorder, source] of [
    [flooded, call.endpoint.source('audio')],
    [other, speaker],
  ] as const) {
    const sink = recorder.sink('audio');
    sink?.sourceChanged(source);
    if (sink) source.addSink(sink);
    recorder.record();
  }
  for (const [index, frame] of clip.audio.entries()) {
    if (index === 10) flood(PACKETS);
    speaker.send(frame, Math.round(frame.at * 48), now + frame.at);
  }
  await Promise.all([flooded.stopAndWait(), other.stopAndWait()]);
  const whole = await readClip(join(bench.data, 'other.webm'));
  expect(contents(whole.audio)).toEqual(contents(clip.audio));
  const survived = await readClip(join(bench.data, 'flooded.webm'));
  expect(survived.audio.length).toBeGreaterThan(0);
  expect(survived.audio.length).toBeLessThanOrEqual(PASSING + 1);
  await bench.close();
});
