// A sender that changes its codec in the middle of its stream, by real packets, towards a viewer with payload types of its
// own and a recorder, neither of which can go on with it.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPacketizer, RtpPacket, type RtpCodec } from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Environment } from '../environment.ts';
import { FileStore } from '../file-store.ts';
import { rtpPacket } from '../forwarding/testing.ts';
import { CLIP, contents, H264_CLIP, readClip } from '../recording/testing/clip.ts';
import { H264, VP8 } from '../recording/testing/fake-source.ts';
import { Ticker } from '../ticker.ts';
import { RtpTransportFactory } from '../transport/rtp-transport-factory.ts';
import type { MediaObject, ObjectContext, ObjectEvent } from './media-object.ts';
import { MediaPipeline } from './media-pipeline.ts';
import { RecorderEndpoint } from './recorder-endpoint.ts';
import { RtpEndpoint } from './rtp-endpoint.ts';

const HOST = '127.0.0.1';
const SSRC = 4711;
/** What the sender calls its codecs, and what the viewer calls the one that it takes. */
const SENT = { VP8: 100, H264: 101 } as const;
const SHOWN = 120;

let folder: string;
let ticker: Ticker;
let pipeline: MediaPipeline;
let events: ObjectEvent[];
let sockets: Socket[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-codecs-'));
  events = [];
  sockets = [];
  ticker = new Ticker({
    onFault: (error) => {
      throw error;
    },
  });
  pipeline = new MediaPipeline(context('pipeline', undefined), {});
});

afterEach(async () => {
  await pipeline.release();
  for (const socket of sockets) socket.close();
  ticker.close();
  rmSync(folder, { recursive: true });
});

function context(id: string, parent: MediaObject | undefined): ObjectContext {
  const log = pino({ enabled: false });
  const rtp = new RtpTransportFactory({
    ports: { first: 45_000, last: 45_999 },
    announcedIps: [HOST],
    host: HOST,
    log,
  });
  return {
    id,
    parent,
    environment: {
      log,
      ticker,
      rtp,
      files: new FileStore(folder),
      httpSources: 'none',
    } as unknown as Environment,
    publish: (event) => events.push(event),
    released: () => undefined,
  };
}

async function socket(): Promise<Socket> {
  const made = createSocket('udp4');
  sockets.push(made);
  made.bind(0, HOST);
  await once(made, 'listening');
  return made;
}

function offer(port: number, direction: string, codecs: Readonly<Record<string, number>>): string {
  const types = Object.values(codecs);
  return [
    'v=0',
    `o=- 0 0 IN IP4 ${HOST}`,
    's=-',
    `c=IN IP4 ${HOST}`,
    't=0 0',
    `m=video ${port} RTP/AVPF ${types.join(' ')}`,
    ...Object.entries(codecs).flatMap(([name, type]) => [
      `a=rtpmap:${type} ${name}/90000`,
      ...(name === 'H264' ? [`a=fmtp:${type} profile-level-id=42e01f;packetization-mode=1`] : []),
    ]),
    direction,
    '',
  ].join('\r\n');
}

/** The packets of frames 40 ms apart, numbered from `sequence` on. */
function packets(codec: RtpCodec, frames: readonly { data: Buffer; keyframe: boolean }[], sequence: number) {
  const packetizer = createPacketizer(codec, 1000);
  return frames.flatMap(({ data, keyframe }, index) => {
    const timestamp = sequence * 3600 + index * 3600;
    const payloads = packetizer.packetize({ data, keyframe, timestamp });
    return payloads.map((payload, part) => ({
      timestamp,
      payload,
      marker: part === payloads.length - 1,
      payloadType: SENT[codec.name as keyof typeof SENT],
    }));
  });
}

function errorsOf(source: MediaObject): unknown[] {
  return events
    .filter((event) => event.source === source && event.type === 'Error')
    .map(({ data: { errorCode, type } }) => [errorCode, type]);
}

it('is shown and recorded up to there; viewer, recorder and who expects a codec are told once', async () => {
  const [up, down] = ['up', 'down'].map((id) => new RtpEndpoint(context(id, pipeline), {}));
  const recorder = new RecorderEndpoint(context('recorder', pipeline), {
    uri: 'out.webm',
    mediaProfile: 'WEBM_VIDEO_ONLY',
  });
  const [sender, viewer] = [await socket(), await socket()];
  const shown: RtpPacket[] = [];
  viewer.on('message', (bytes) => {
    const packet = RtpPacket.parse(bytes);
    if (packet) shown.push(packet);
  });
  up.connect(recorder);
  up.connect(down);
  const answer = await up.processOffer(offer(sender.address().port, 'a=sendonly', SENT));
  await down.processOffer(offer(viewer.address().port, 'a=recvonly', { VP8: SHOWN }));
  up.setVideoFormat({ codec: 'VP8' });
  recorder.record();

  let passed = 0;
  up.source('video').addSink({ kind: 'video', sourceChanged: () => undefined, write: () => passed++ });
  let sequence = 65_500;
  const send = async (list: ReturnType<typeof packets>): Promise<void> => {
    for (const packet of list) {
      const { bytes } = rtpPacket({ ...packet, sequence: sequence++ & 0xffff, ssrc: SSRC });
      const before = passed;
      sender.send(bytes, Number(/m=video (\d+)/.exec(answer)?.[1]), HOST);
      await vi.waitFor(() => expect(passed).toBe(before + 1), { timeout: 10_000, interval: 1 });
    }
  };
  const clip = (await readClip(CLIP)).video.slice(0, 30);
  const vp8 = packets(VP8, clip, 65_500);
  await send(vp8);
  await vi.waitFor(() => expect(shown).toHaveLength(vp8.length), { timeout: 10_000 });
  expect(new Set(shown.map(({ payloadType }) => payloadType))).toEqual(new Set([SHOWN]));
  expect(shown.map(({ payload }) => payload)).toEqual(vp8.map(({ payload }) => payload));
  expect([up, down, recorder].flatMap(errorsOf)).toEqual([]);

  // The same SSRC, sequence and time go on; only the payload type is another one.
  await send(packets(H264, (await readClip(H264_CLIP)).video, 65_530));
  const mismatch = [40005, 'UNSUPPORTED_MEDIA_TYPE'];
  await vi.waitFor(
    () => {
      expect([up, down].map(errorsOf)).toEqual([[mismatch], [mismatch]]);
      expect(errorsOf(recorder)).toEqual([[40005, 'INVALID_MEDIA']]);
    },
    { timeout: 10_000 },
  );
  expect(shown).toHaveLength(vp8.length);
  await recorder.stopAndWait();
  expect(contents((await readClip(join(folder, 'out.webm'))).video)).toEqual(contents(clip));
  expect([up, down, recorder].map((each) => errorsOf(each).length)).toEqual([1, 1, 1]);
});
