import { expect, it } from 'vitest';
import { compoundRtcp, parseRtcp, writeReceiverReport, type SenderReport } from '@parley/rtc';
import { RtpSession } from './rtp-session.ts';
import { mediaPacket, noFlow, rtpPacket, TestSource, videoMedia } from './testing.ts';

const ROUND_TRIP_MS = 400;

it('asks for a lost packet again after the round trip that the peer has reported on what is sent to it', () => {
  const sent: ReturnType<typeof parseRtcp> = [];
  const session = new RtpSession({
    flowIn: () => noFlow,
    flowOut: () => noFlow,
    sendRtp: () => {},
    sendRtcp: (packet) => void sent.push(...parseRtcp(packet)),
  });
  const nacks = () => sent.filter(({ type }) => type === 'nack').length;
  session.negotiate([videoMedia({ direction: 'sendrecv' })], 'server');
  session.start();
  const source = new TestSource();
  source.clockMapping = { rtpTimestamp: 0, ntpMs: 3_900_000_000_000, learnedAt: 0 };
  session.down.video.sourceChanged(source);
  session.down.video.write(mediaPacket({ sequence: 1, keyframe: true }));
  session.handleRtp(rtpPacket({ sequence: 65_535 }).bytes, 0);
  expect(session.roundTripMs).toBeUndefined();

  session.tick(1_000);
  const report = sent.find((packet): packet is SenderReport => packet.type === 'sender-report');
  if (!report) throw new Error('no sender report');
  const block = {
    ssrc: report.ssrc,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 1,
    jitter: 900,
    lastSenderReport: ((report.ntpHi << 16) | (report.ntpLo >>> 16)) >>> 0,
    delaySinceLastSenderReport: 0,
  };
  session.handleRtcp(
    compoundRtcp([writeReceiverReport({ ssrc: 1111, reports: [block] })]),
    1_000 + ROUND_TRIP_MS,
  );
  expect(session.roundTripMs).toBeCloseTo(ROUND_TRIP_MS, 0);

  for (const sequence of [1, 2]) session.handleRtp(rtpPacket({ sequence }).bytes, 2_000);
  session.tick(2_000);
  expect(nacks()).toBe(1);
  session.tick(2_000 + ROUND_TRIP_MS - 20);
  expect(nacks()).toBe(1);
  session.tick(2_000 + ROUND_TRIP_MS + 20);
  expect(nacks()).toBe(2);
});
