// One audio or video track that a browser sends: takes its clear RTP packets, asks for what is missing, and fans each
// packet out to the sinks. The packet path begins here.
import {
  KeyframeRequestThrottle,
  NackGenerator,
  PacketHistory,
  ReceptionStatistics,
  RtpPacket,
  SequenceUnwrapper,
  startsKeyframe,
  unwrapRtx,
  writeFir,
  writeNack,
  writePli,
  type NegotiatedCodec,
  type NegotiatedMedia,
  type ReportBlock,
  type SenderReport,
} from '@parley/rtc';
import type {
  ClockMapping,
  HeaderExtension,
  MediaKind,
  MediaPacket,
  MediaSink,
  MediaSource,
} from './track.ts';
import { leastBitrate } from './video-bounds.ts';

/** Packets kept for retransmission: about 2 s of a 2.5 Mbit/s video, 10 s of audio; a NACK is useless after that. */
const HISTORY_LENGTH = { audio: 512, video: 1024 } as const;

/** Nothing larger than an Ethernet frame's payload is forwarded: it could not be sent on unfragmented. */
const MAX_PACKET_BYTES = 1500;

export interface ReceivedTotals {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
}

const NOTHING_RECEIVED: ReceivedTotals = { packets: 0, bytes: 0, lost: 0 };

export interface UpTrackOptions {
  readonly kind: MediaKind;
  /** Told of each packet; the element's flow monitor. */
  readonly flow: { packet(): void };
  /** Sends one RTCP packet to the sender, soon. */
  sendFeedback(packet: Buffer): void;
}

export class UpTrack implements MediaSource {
  readonly kind: MediaKind;
  readonly #options: UpTrackOptions;
  readonly #keyframes = new KeyframeRequestThrottle();
  /** Made with the first packet: most endpoints only send. */
  #history: PacketHistory<MediaPacket> | undefined;
  #sinks: readonly MediaSink[] = [];
  #codecs = new Map<number, NegotiatedCodec>();
  #rtxCodecs = new Map<number, NegotiatedCodec>();
  #headerExtensions: readonly HeaderExtension[] = [];
  #localSsrc = 0;
  #ssrc: number | undefined;
  #rtxSsrc: number | undefined;
  #codec: NegotiatedCodec | undefined;
  #unwrapper = new SequenceUnwrapper();
  #roundTripMs: number | undefined;
  #nack = this.#newNackGenerator();
  #statistics: ReceptionStatistics | undefined;
  /** Of SSRCs that the sender has given up. */
  #formerTotals = NOTHING_RECEIVED;
  #clockMapping: ClockMapping | undefined;
  #firSequence = 0;
  #counters = { nacks: 0, plis: 0, firs: 0, retransmitted: 0 };
  #closed = false;

  constructor(options: UpTrackOptions) {
    this.#options = options;
    this.kind = options.kind;
  }

  get codec(): NegotiatedCodec | undefined {
    return this.#codec;
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  get headerExtensions(): readonly HeaderExtension[] {
    return this.#headerExtensions;
  }

  get clockMapping(): ClockMapping | undefined {
    return this.#clockMapping;
  }

  get statistics(): ReceptionStatistics | undefined {
    return this.#statistics;
  }

  /** Since the negotiation, whatever SSRCs the sender used. */
  get totals(): ReceivedTotals {
    const { packets, bytes, lost } = this.#formerTotals;
    const now = this.#statistics;
    if (!now) return this.#formerTotals;
    return {
      packets: packets + now.packetsReceived,
      bytes: bytes + now.bytesReceived,
      lost: lost + now.packetsLost,
    };
  }

  /** The least of what the sinks bear, in bits per second; 0: no bound. */
  get maxBitrate(): number {
    return leastBitrate(this.#sinks);
  }

  /** Round trip to the sender in ms, once it is known: what is lost is asked for again after as long. */
  set roundTripMs(roundTripMs: number) {
    this.#roundTripMs = roundTripMs;
    this.#nack.rttMs = roundTripMs;
  }

  /** What was asked of the sender so far, and how many packets came by retransmission. */
  get counters(): Readonly<{ nacks: number; plis: number; firs: number; retransmitted: number }> {
    return this.#counters;
  }

  /** Takes what was agreed for this track; before it, every packet is dropped. */
  negotiate(media: NegotiatedMedia): void {
    this.#codecs = new Map(media.codecs.map((codec) => [codec.payloadType, codec]));
    this.#rtxCodecs = new Map(
      media.codecs.flatMap((codec) =>
        codec.rtxPayloadType === undefined ? [] : [[codec.rtxPayloadType, codec]],
      ),
    );
    this.#headerExtensions = media.headerExtensions;
    this.#localSsrc = media.localSsrc ?? 0;
    this.#ssrc = media.remoteSsrc;
    this.#rtxSsrc = media.remoteRtxSsrc;
    this.#codec = media.codecs[0];
  }

  /** Whether a packet of this SSRC, or else of this payload type, is this track's. */
  accepts(ssrc: number, payloadType: number): boolean {
    if (ssrc === this.#ssrc || ssrc === this.#rtxSsrc) return true;
    return this.#codecs.has(payloadType) || this.#rtxCodecs.has(payloadType);
  }

  packetAt(extendedSequence: number): MediaPacket | undefined {
    return this.#history?.get(extendedSequence);
  }

  addSink(sink: MediaSink): void {
    if (!this.#sinks.includes(sink)) this.#sinks = [...this.#sinks, sink];
  }

  removeSink(sink: MediaSink): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
  }

  requestKeyframe(): void {
    if (this.kind === 'video' && this.#keyframes.request(performance.now())) this.#askForKeyframe();
  }

  /** Takes one clear packet of this track; `now` in ms of the monotonic clock. */
  receive(rtp: RtpPacket, now: number): void {
    if (this.#closed || rtp.bytes.length > MAX_PACKET_BYTES) return;
    const rtxCodec = this.#rtxCodecs.get(rtp.payloadType);
    if (rtxCodec) return this.#receiveRetransmission(rtp, rtxCodec, now);
    const codec = this.#codecs.get(rtp.payloadType);
    if (codec) this.#receiveMedia(rtp, codec, now);
  }

  handleSenderReport(report: SenderReport, now: number): void {
    if (report.ssrc !== this.#ssrc) return;
    this.#clockMapping = { rtpTimestamp: report.rtpTimestamp, ntpMs: report.ntpMs, learnedAt: now };
    this.#statistics?.senderReport(report.ntpHi, report.ntpLo, now);
  }

  /** Sends the NACKs and key frame requests that are due. */
  tick(now: number): void {
    if (this.#ssrc === undefined || !this.#statistics) return;
    const missing = this.#codec?.feedback.nack ? this.#nack.due(now) : [];
    if (missing.length > 0) {
      this.#counters.nacks++;
      this.#options.sendFeedback(
        writeNack({ senderSsrc: this.#localSsrc, mediaSsrc: this.#ssrc, sequences: missing }),
      );
    }
    if (this.#keyframes.due(now)) this.#askForKeyframe();
  }

  /** What the receiver report says of this track, once packets have come. */
  reportBlock(now: number): ReportBlock | undefined {
    return this.#ssrc === undefined ? undefined : this.#statistics?.reportBlock(this.#ssrc, now);
  }

  /** Stops taking packets. The sinks are the connections' to take off. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#nack.close();
    this.#history = undefined;
  }

  #receiveRetransmission(rtx: RtpPacket, codec: NegotiatedCodec, now: number): void {
    this.#rtxSsrc ??= rtx.ssrc;
    if (this.#ssrc === undefined || rtx.ssrc !== this.#rtxSsrc) return;
    const bytes = unwrapRtx(rtx, this.#ssrc, codec.payloadType);
    const media = bytes && RtpPacket.parse(bytes);
    if (!media) return;
    this.#counters.retransmitted++;
    this.#receiveMedia(media, codec, now, true);
  }

  #receiveMedia(rtp: RtpPacket, codec: NegotiatedCodec, now: number, retransmitted = false): void {
    if (rtp.ssrc !== this.#ssrc || !this.#statistics) this.#begin(rtp.ssrc, codec);
    const extendedSequence = this.#unwrapper.unwrap(rtp.sequenceNumber);
    const isKeyframe = this.kind === 'audio' || startsKeyframe(codec, rtp.payload);
    const packet: MediaPacket = { rtp, codec, extendedSequence, startsKeyframe: isKeyframe, arrivedAt: now };
    // Nothing goes on twice under one number, however late its RTX comes: the second one could be another packet, and
    // receivers' keys must never protect two under one nonce (RFC 7714, section 8.4).
    if (!this.#history?.put(extendedSequence, packet)) return;
    this.#codec = codec;
    // A recovered packet was lost all the same, and says nothing of the jitter.
    if (!retransmitted) this.#statistics?.received(extendedSequence, rtp.timestamp, rtp.bytes.length, now);
    this.#nack.received(extendedSequence, now);
    if (isKeyframe) this.#keyframes.keyframeSeen();
    this.#options.flow.packet();
    for (const sink of this.#sinks) sink.write(packet);
  }

  /** The first packet of the track, or of a new SSRC: the sender started over. */
  #begin(ssrc: number, codec: NegotiatedCodec): void {
    const restarted = this.#statistics !== undefined;
    this.#formerTotals = this.totals;
    this.#ssrc = ssrc;
    this.#unwrapper = new SequenceUnwrapper();
    this.#nack.close();
    this.#nack = this.#newNackGenerator();
    this.#statistics = new ReceptionStatistics(codec.clockRate);
    this.#history = new PacketHistory(HISTORY_LENGTH[this.kind]);
    if (!restarted) return;
    // Its retransmissions come from another SSRC, too: whichever shows itself next.
    this.#rtxSsrc = undefined;
    this.#clockMapping = undefined;
    for (const sink of this.#sinks) sink.sourceChanged(this);
  }

  #newNackGenerator(): NackGenerator {
    const resynchronised = () => this.requestKeyframe();
    const rttMs = this.#roundTripMs;
    return new NackGenerator(rttMs === undefined ? { resynchronised } : { resynchronised, rttMs });
  }

  #askForKeyframe(): void {
    const mediaSsrc = this.#ssrc;
    const feedback = this.#codec?.feedback;
    if (mediaSsrc === undefined || !feedback || this.#closed) return;
    if (feedback.pli) {
      this.#counters.plis++;
      this.#options.sendFeedback(writePli({ senderSsrc: this.#localSsrc, mediaSsrc }));
    } else if (feedback.fir) {
      this.#counters.firs++;
      this.#firSequence = (this.#firSequence + 1) & 0xff;
      this.#options.sendFeedback(
        writeFir({
          senderSsrc: this.#localSsrc,
          entries: [{ ssrc: mediaSsrc, sequence: this.#firSequence }],
        }),
      );
    }
  }
}
