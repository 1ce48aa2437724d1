// The tracks of one peer connection and the RTCP between its two ends: finds the track of each packet, and says in
// reports and feedback what came and what is missing. Knows neither SDP text nor Kurento.
import {
  compoundRtcp,
  parseRtcp,
  RtpPacket,
  TransportFeedbackRecorder,
  writeReceiverReport,
  writeRemb,
  writeSdes,
  type NegotiatedMedia,
  type ReportBlock,
  type RtcpPacket,
} from '@parley/rtc';
import { BitrateMeter } from './bitrate-meter.ts';
import { DownTrack } from './down-track.ts';
import { ReceiveBandwidth } from './receive-bandwidth.ts';
import type { MediaKind } from './track.ts';
import { UpTrack } from './up-track.ts';
import { leastBitrate, VideoBounds } from './video-bounds.ts';

export interface RtpSessionOptions {
  /** Flow monitors: of media that comes from the peer (`out` of the element), and of media for the peer (`in`). */
  flowOut(kind: MediaKind): { packet(): void };
  flowIn(kind: MediaKind): { packet(): void };
  sendRtp(packet: Buffer, headerLength: number): void;
  sendRtcp(packet: Buffer): void;
  /** What the application has said about the video; absent: nothing. */
  readonly bounds?: VideoBounds;
}

const TRANSPORT_WIDE_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

/** RFC 3550, section 6.2 asks for 5 s at least; video wants round trips and losses sooner (its section 6.2 allows it). */
const REPORT_INTERVAL_MS = 1_000;

export class RtpSession {
  readonly up: Readonly<Record<MediaKind, UpTrack>>;
  readonly down: Readonly<Record<MediaKind, DownTrack>>;
  readonly #options: RtpSessionOptions;
  readonly #receiving: UpTrack[] = [];
  readonly #sending: DownTrack[] = [];
  readonly #meters = new Map<UpTrack | DownTrack, BitrateMeter>();
  readonly #bandwidth = new ReceiveBandwidth();
  readonly #bounds: VideoBounds;
  #cname = '';
  #localSsrc = 0;
  #feedback: TransportFeedbackRecorder | undefined;
  #transportSequenceId: number | undefined;
  #rembAgreed = false;
  #nextReport = 0;
  #lastRtcpAt: number | undefined;
  #roundTripMs: number | undefined;
  #maxVideoBitrate = 0;
  #peerEstimate: number | undefined;

  constructor(options: RtpSessionOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? new VideoBounds();
    const up = (kind: MediaKind) =>
      new UpTrack({
        kind,
        flow: options.flowOut(kind),
        sendFeedback: (packet) => this.#sendFeedback(packet),
      });
    const down = (kind: MediaKind) =>
      new DownTrack({
        kind,
        flow: options.flowIn(kind),
        send: (packet, headerLength) => options.sendRtp(packet, headerLength),
        maxBitrate: () => (kind === 'video' ? this.#bounds.maxSend : 0),
      });
    this.up = { audio: up('audio'), video: up('video') };
    this.down = { audio: down('audio'), video: down('video') };
  }

  /** When RTCP of the peer came last, in ms of the monotonic clock. */
  get lastRtcpAt(): number | undefined {
    return this.#lastRtcpAt;
  }

  /** The tracks that the peer sends, as negotiated. */
  get receiving(): readonly UpTrack[] {
    return this.#receiving;
  }

  /** The tracks that the peer receives, as negotiated. */
  get sending(): readonly DownTrack[] {
    return this.#sending;
  }

  /** To the peer and back in ms, as its last reports on what we send say; undefined while nothing is known. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** In bit/s over the last second or so, headers of RTP counted for what is received only. */
  bitrateOf(track: UpTrack | DownTrack): number {
    return this.#meters.get(track)?.bitrate ?? 0;
  }

  /** Most that the peer shall send as video, in bits per second; 0: no limit of ours. */
  set maxVideoBitrate(bitsPerSecond: number) {
    this.#maxVideoBitrate = bitsPerSecond;
  }

  /** The bitrate last asked of the peer by REMB, in bits per second; undefined when the peer finds it out itself. */
  get requestedBitrate(): number | undefined {
    return this.#bandwidth.bitrate;
  }

  /** What the peer last said by REMB that it can take, in bits per second; undefined when it says nothing. */
  get peerEstimate(): number | undefined {
    return this.#peerEstimate;
  }

  negotiate(media: readonly NegotiatedMedia[], cname: string): void {
    this.#cname = cname;
    for (const line of media) {
      if (!line.accepted || line.kind === 'application' || line.localSsrc === undefined) continue;
      this.#localSsrc ||= line.localSsrc;
      if (line.direction === 'recvonly' || line.direction === 'sendrecv') {
        const track = this.up[line.kind];
        track.negotiate(line);
        this.#receiving.push(track);
        this.#meters.set(track, new BitrateMeter(() => track.totals.bytes));
      }
      if (line.direction === 'sendonly' || line.direction === 'sendrecv') {
        const track = this.down[line.kind];
        track.negotiate(line);
        this.#sending.push(track);
        this.#meters.set(track, new BitrateMeter(() => track.statistics.octetCount));
      }
    }
    const feedbacks = media.flatMap(({ codecs }) => codecs.map(({ feedback }) => feedback));
    const extensions = media.flatMap(({ headerExtensions }) => headerExtensions);
    this.#transportSequenceId = extensions.find(({ uri }) => uri === TRANSPORT_WIDE_CC)?.id;
    if (this.#transportSequenceId !== undefined && feedbacks.some(({ transportCc }) => transportCc)) {
      this.#feedback = new TransportFeedbackRecorder({ senderSsrc: this.#localSsrc });
    }
    this.#rembAgreed = feedbacks.some(({ remb }) => remb);
  }

  /** The transport is up: what the sources give goes out from now on. */
  start(): void {
    for (const track of this.#sending) track.start();
  }

  /** Takes one clear RTP packet of the peer. */
  handleRtp(bytes: Buffer, now: number): void {
    const rtp = RtpPacket.parse(bytes);
    if (!rtp) return;
    if (this.#feedback && this.#transportSequenceId !== undefined) {
      const sequence = rtp.extension(this.#transportSequenceId);
      if (sequence && sequence.length >= 2) this.#feedback.received(sequence.readUInt16BE(0), rtp.ssrc, now);
    }
    const track = this.#trackOf(rtp);
    track?.receive(rtp, now);
  }

  /** Takes one clear, possibly compound, RTCP packet of the peer. */
  handleRtcp(bytes: Buffer, now: number): void {
    for (const packet of parseRtcp(bytes)) {
      this.#lastRtcpAt = now;
      this.#handleRtcpPacket(packet, now);
    }
  }

  /** Sends what is due; to be called every tick. */
  tick(now: number): void {
    for (const track of this.#receiving) track.tick(now);
    for (let part = this.#feedback?.due(now); part; part = this.#feedback?.due(now)) this.#sendFeedback(part);
    if (now < this.#nextReport) return;
    this.#nextReport = now + REPORT_INTERVAL_MS;
    for (const meter of this.#meters.values()) meter.sample(now);
    this.#sendReports(now);
  }

  close(): void {
    for (const track of Object.values(this.up)) track.close();
  }

  #trackOf(rtp: RtpPacket): UpTrack | undefined {
    for (const track of this.#receiving) if (track.ssrc === rtp.ssrc) return track;
    for (const track of this.#receiving) if (track.accepts(rtp.ssrc, rtp.payloadType)) return track;
    return undefined;
  }

  #handleRtcpPacket(packet: RtcpPacket, now: number): void {
    switch (packet.type) {
      case 'sender-report':
        for (const track of this.#receiving) track.handleSenderReport(packet, now);
        this.#handleReports(packet.reports, now);
        break;
      case 'receiver-report':
        this.#handleReports(packet.reports, now);
        break;
      case 'nack':
        this.#sendingTrack(packet.mediaSsrc)?.handleNack(packet.sequences, now);
        break;
      case 'pli':
        this.#sendingTrack(packet.mediaSsrc)?.handleKeyframeRequest('pli');
        break;
      case 'fir':
        for (const { ssrc } of packet.entries) this.#sendingTrack(ssrc)?.handleKeyframeRequest('fir');
        break;
      case 'remb':
        this.#peerEstimate = packet.bitrate;
        break;
      default:
        // SDES, BYE and transport feedback of a receiver change nothing here, nor does its REMB: all receivers share the
        // sender's one layer, and the slowest must not spoil it for the others.
        break;
    }
  }

  #handleReports(reports: readonly ReportBlock[], now: number): void {
    for (const block of reports) {
      const track = this.#sendingTrack(block.ssrc);
      track?.handleReportBlock(block, now);
      this.#roundTripMs = track?.statistics.roundTripMs ?? this.#roundTripMs;
    }
    if (this.#roundTripMs === undefined) return;
    for (const track of this.#receiving) track.roundTripMs = this.#roundTripMs;
  }

  #sendingTrack(ssrc: number): DownTrack | undefined {
    return this.#sending.find((track) => track.ssrc === ssrc);
  }

  #sendReports(now: number): void {
    const senderReports = this.#sending.flatMap((track) => track.senderReport(now) ?? []);
    const reports = this.#receiving.flatMap((track) => track.reportBlock(now) ?? []);
    if (senderReports.length === 0 && reports.length === 0) return;
    this.#options.sendRtcp(
      compoundRtcp([
        ...senderReports,
        ...(reports.length > 0 || senderReports.length === 0
          ? [writeReceiverReport({ ssrc: this.#localSsrc, reports })]
          : []),
        writeSdes([{ ssrc: this.#localSsrc, cname: this.#cname }]),
      ]),
    );
    this.#requestBitrate();
  }

  /** REMB, for senders without transport-wide feedback, and for bounds that they must keep to anyway. */
  #requestBitrate(): void {
    const video = this.up.video;
    if (!this.#rembAgreed || video.ssrc === undefined || !video.statistics) return;
    const ceiling = this.#videoCeiling;
    const limitOnly = this.#feedback !== undefined;
    // A bound that was told once is there until the sender is told otherwise.
    if (limitOnly && ceiling === 0 && this.#bandwidth.bitrate === undefined) return;
    const { minReceive: floor, growth } = this.#bounds;
    const { lastFractionLost: fractionLost } = video.statistics;
    const bitrate = this.#bandwidth.next({ fractionLost, floor, ceiling, limitOnly, growth });
    this.#sendFeedback(writeRemb({ senderSsrc: this.#localSsrc, bitrate, ssrcs: [video.ssrc] }));
  }

  /** The least of all that bounds what the peer sends: this side, and whoever its video goes to. In bits per second, 0: none. */
  get #videoCeiling(): number {
    const own = [this.#maxVideoBitrate, this.#bounds.maxReceive].filter((bound) => bound > 0);
    return leastBitrate([this.up.video], own.length > 0 ? Math.min(...own) : 0);
  }

  /** RFC 4585, section 3.1: feedback travels behind a report, be it an empty one. */
  #sendFeedback(packet: Buffer): void {
    const report = writeReceiverReport({ ssrc: this.#localSsrc, reports: [] });
    this.#options.sendRtcp(compoundRtcp([report, packet]));
  }
}
