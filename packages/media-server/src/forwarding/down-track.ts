// One audio or video track to a browser: takes the packets of a source, rewrites only what differs for this receiver,
// and answers the receiver's requests for lost packets and key frames. The packet path ends in `send`.
import {
  findMatchingCodec,
  SenderStatistics,
  writeRtpHeader,
  writeRtx,
  writeSenderReport,
  type NegotiatedCodec,
  type NegotiatedMedia,
  type ReportBlock,
  type RtpCodec,
  type RtpHeaderExtension,
} from '@parley/rtc';
import { ResendBudget } from './resend-budget.ts';
import type { HeaderExtension, MediaKind, MediaPacket, MediaSink, MediaSource } from './track.ts';

export interface DownTrackOptions {
  readonly kind: MediaKind;
  /** Told of each packet that the source gives; the element's flow monitor. */
  readonly flow: { packet(): void };
  /** Sends one clear packet whose header is `headerLength` bytes long. The buffer is only lent for the call. */
  send(packet: Buffer, headerLength: number): void;
  /** Most that may be sent to the receiver, in bits per second; 0 or absent: no bound. */
  maxBitrate?(): number;
}

/** Extensions that mean the same to every receiver; the rest is between the sender and this server only. */
const FORWARDED_EXTENSIONS = new Set([
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
]);

/** The longest data of an extension in the one-byte form, in which all of ours are written (RFC 8285, section 4.2). */
const MAX_EXTENSION_BYTES = 16;

/** The same lost packet is not sent again sooner than this, in ms, or sooner than a round trip. */
const MIN_RESEND_INTERVAL_MS = 10;
/** Nor more often than receivers ask: without a bound, a small NACK would call up a second of video again and again. */
const MAX_RESENDS = 10;
const RESEND_SLOTS = 1024; // a power of two, so that a mask finds the slot

/** One packet is built at a time and protected before the next, so all down tracks share the place to build it. */
const scratch = Buffer.allocUnsafe(2048);

/** Room is left for the header. A played file may hold sound in larger pieces: half of one would be of no use. */
const MAX_PAYLOAD_BYTES = scratch.length - 128;

export class DownTrack implements MediaSink {
  readonly kind: MediaKind;
  readonly #options: DownTrackOptions;
  readonly statistics = new SenderStatistics();
  #source: MediaSource | undefined;
  #codecs: readonly NegotiatedCodec[] = [];
  #localExtensions: readonly HeaderExtension[] = [];
  #ssrc: number | undefined;
  #rtxSsrc: number | undefined;
  #extensionIds: readonly { from: number; to: number }[] = [];
  #active = false;

  /** The source's SSRC that the numbers below belong to; another one starts a new epoch. */
  #sourceSsrc: number | undefined;
  #firstSequence = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #sourceCodec: RtpCodec | undefined;
  #codec: NegotiatedCodec | undefined;

  #lastSequence = Math.floor(Math.random() * 0x4000);
  #lastTimestamp = Math.floor(Math.random() * 0xffff_ffff);
  #lastSentAt: number | undefined;
  #rtxSequence = Math.floor(Math.random() * 0x4000);
  /** What was sent again and when; made with the first NACK. */
  #resent:
    { readonly sequence: Int32Array; readonly at: Float64Array; readonly count: Uint8Array } | undefined;
  readonly #resendBudget = new ResendBudget();
  #counters = { nacks: 0, plis: 0, firs: 0, retransmitted: 0 };

  constructor(options: DownTrackOptions) {
    this.#options = options;
    this.kind = options.kind;
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  get maxBitrate(): number {
    return this.#options.maxBitrate?.() ?? 0;
  }

  /** What is sent at the moment; undefined before the first packet, or when the receiver did not agree to it. */
  get codec(): NegotiatedCodec | undefined {
    return this.#codec;
  }

  /** What the receiver asked for so far. */
  get counters(): Readonly<{ nacks: number; plis: number; firs: number; retransmitted: number }> {
    return this.#counters;
  }

  /** When a codec of the source cannot be sent to this receiver: nothing flows although both ends are up. */
  get codecMismatch(): { readonly source: RtpCodec; readonly agreed: readonly RtpCodec[] } | undefined {
    const source = this.#sourceCodec;
    return source && !this.#codec ? { source, agreed: this.#codecs } : undefined;
  }

  negotiate(media: NegotiatedMedia): void {
    this.#codecs = media.sendCodecs ?? media.codecs;
    this.#localExtensions = media.headerExtensions;
    this.#ssrc = media.localSsrc;
    this.#rtxSsrc = media.localRtxSsrc;
    this.#sourceCodec = undefined;
    this.#mapExtensions();
  }

  /** The transport is up: from now on packets are sent, beginning with a key frame. */
  start(): void {
    this.#active = true;
    this.#source?.requestKeyframe();
  }

  sourceChanged(source: MediaSource | undefined): void {
    this.#source = source;
    this.#sourceSsrc = undefined;
    this.#sourceCodec = undefined;
    this.#mapExtensions();
    if (this.#active) source?.requestKeyframe();
  }

  write(packet: MediaPacket): void {
    this.#options.flow.packet();
    const ssrc = this.#ssrc;
    if (!this.#active || ssrc === undefined) return;
    if (packet.codec !== this.#sourceCodec) this.#mapCodec(packet.codec);
    const codec = this.#codec;
    if (!codec) {
      // Its numbers run on meanwhile: should there be something to send again, it begins anew.
      this.#sourceSsrc = undefined;
      return;
    }
    if (packet.rtp.ssrc !== this.#sourceSsrc && !this.#begin(packet)) return;
    const { rtp } = packet;
    if (packet.extendedSequence < this.#firstSequence || rtp.payloadLength > MAX_PAYLOAD_BYTES) return;

    const sequence = packet.extendedSequence + this.#sequenceOffset;
    const timestamp = (rtp.timestamp + this.#timestampOffset) >>> 0;
    const headerLength = writeRtpHeader(scratch, {
      marker: rtp.marker,
      payloadType: codec.payloadType,
      sequenceNumber: sequence,
      timestamp,
      ssrc,
      extensions: this.#extensionIds.length > 0 ? this.#extensionsOf(packet) : undefined,
    });
    const length = headerLength + rtp.payloadLength;
    rtp.bytes.copy(scratch, headerLength, rtp.headerLength, rtp.headerLength + rtp.payloadLength);
    if (sequence > this.#lastSequence) {
      this.#lastSequence = sequence;
      this.#lastTimestamp = timestamp;
      this.#lastSentAt = packet.arrivedAt;
    }
    this.statistics.sent(rtp.payloadLength);
    this.#options.send(scratch.subarray(0, length), headerLength);
  }

  /** Sends again what the receiver misses (RFC 4585, section 6.2.1), as RTX where agreed (RFC 4588). */
  handleNack(sequences: readonly number[], now: number): void {
    this.#counters.nacks++;
    const source = this.#source;
    if (!source || this.#sourceSsrc === undefined) return;
    for (const sequence of sequences) {
      const extended = extendNear(sequence, this.#lastSequence);
      const original = extended - this.#sequenceOffset;
      const packet = original < this.#firstSequence ? undefined : source.packetAt(original);
      // Its own codec's payload type: the source may have changed to another codec since.
      const codec = packet && findMatchingCodec(packet.codec, this.#codecs);
      if (!packet || !codec || !this.#mayResend(extended, now)) continue;
      if (!this.#resendBudget.take(packet.rtp.payloadLength, this.statistics.octetCount)) return;
      this.#resend(packet, extended, codec);
    }
  }

  handleKeyframeRequest(kind: 'pli' | 'fir'): void {
    if (kind === 'pli') this.#counters.plis++;
    else this.#counters.firs++;
    this.#source?.requestKeyframe();
  }

  handleReportBlock(block: ReportBlock, now: number): void {
    this.statistics.reportBlock(block, now);
  }

  /**
   * The sender report of this track, as one RTCP packet: the sender's own clock carried over to our RTP timestamps, so
   * that the receiver aligns the picture with the sound (RFC 3550, section 6.4.1). Undefined until that clock is known.
   */
  senderReport(now: number): Buffer | undefined {
    const mapping = this.#source?.clockMapping;
    const codec = this.#codec;
    // Until its first packet is sent, a new source's timestamps have no place among ours.
    if (!mapping || !codec || this.#ssrc === undefined || this.#sourceSsrc === undefined) return undefined;
    const elapsed = now - mapping.learnedAt;
    const rtpTimestamp =
      mapping.rtpTimestamp + this.#timestampOffset + Math.round((elapsed * codec.clockRate) / 1000);
    const ntpMs = mapping.ntpMs + elapsed;
    const { packetCount, octetCount } = this.statistics;
    this.statistics.reportSent(ntpMs, now);
    return writeSenderReport({ ssrc: this.#ssrc, ntpMs, rtpTimestamp, packetCount, octetCount, reports: [] });
  }

  /** A new SSRC of the source: sequence and time go on where they were. False while a key frame is waited for. */
  #begin(packet: MediaPacket): boolean {
    if (!packet.startsKeyframe) {
      this.#source?.requestKeyframe();
      return false;
    }
    const { rtp, arrivedAt, extendedSequence } = packet;
    this.#sourceSsrc = rtp.ssrc;
    this.#firstSequence = extendedSequence;
    this.#sequenceOffset = this.#lastSequence + 1 - extendedSequence;
    const silence = this.#lastSentAt === undefined ? 0 : Math.max(1, arrivedAt - this.#lastSentAt);
    const expected = this.#lastTimestamp + Math.round((silence * packet.codec.clockRate) / 1000);
    this.#timestampOffset = expected - rtp.timestamp;
    return true;
  }

  #mapCodec(sourceCodec: RtpCodec): void {
    this.#sourceCodec = sourceCodec;
    this.#codec = findMatchingCodec(sourceCodec, this.#codecs);
  }

  #mapExtensions(): void {
    const ours = this.#localExtensions;
    const theirs = this.#source?.headerExtensions ?? [];
    this.#extensionIds = theirs.flatMap(({ id: from, uri }) => {
      const to = FORWARDED_EXTENSIONS.has(uri)
        ? ours.find((extension) => extension.uri === uri)?.id
        : undefined;
      return to === undefined ? [] : [{ from, to }];
    });
  }

  #extensionsOf(packet: MediaPacket): RtpHeaderExtension[] | undefined {
    let extensions: RtpHeaderExtension[] | undefined;
    for (const { from, to } of this.#extensionIds) {
      const data = packet.rtp.extension(from);
      // The two-byte form, which any sender may use, also holds what the one-byte form cannot; ours is never like that.
      if (!data || data.length === 0 || data.length > MAX_EXTENSION_BYTES) continue;
      (extensions ??= []).push({ id: to, data });
    }
    return extensions;
  }

  #mayResend(extended: number, now: number): boolean {
    const slot = extended & (RESEND_SLOTS - 1);
    const interval = Math.max(MIN_RESEND_INTERVAL_MS, this.statistics.roundTripMs ?? 0);
    this.#resent ??= {
      sequence: new Int32Array(RESEND_SLOTS).fill(-1),
      at: new Float64Array(RESEND_SLOTS),
      count: new Uint8Array(RESEND_SLOTS),
    };
    const { sequence, at, count } = this.#resent;
    if (sequence[slot] !== extended) count[slot] = 0;
    else if (now - at[slot] < interval || count[slot] >= MAX_RESENDS) return false;
    sequence[slot] = extended;
    at[slot] = now;
    count[slot]++;
    return true;
  }

  #resend(packet: MediaPacket, sequence: number, codec: NegotiatedCodec): void {
    const { rtp } = packet;
    const ssrc = this.#ssrc;
    if (ssrc === undefined || rtp.payloadLength > MAX_PAYLOAD_BYTES) return;
    const timestamp = (rtp.timestamp + this.#timestampOffset) >>> 0;
    const extensions = this.#extensionsOf(packet);
    this.#counters.retransmitted++;
    if (codec.rtxPayloadType !== undefined && this.#rtxSsrc !== undefined) {
      const length = writeRtx(
        scratch,
        { marker: rtp.marker, sequenceNumber: sequence, timestamp, payload: rtp.payload, extensions },
        this.#rtxSsrc,
        codec.rtxPayloadType,
        ++this.#rtxSequence,
      );
      this.#options.send(scratch.subarray(0, length), length - rtp.payloadLength - 2);
      return;
    }
    // To the byte what was sent before: an AEAD nonce must never protect two different packets (RFC 7714, section 8.4).
    const headerLength = writeRtpHeader(scratch, {
      marker: rtp.marker,
      payloadType: codec.payloadType,
      sequenceNumber: sequence,
      timestamp,
      ssrc,
      extensions,
    });
    rtp.payload.copy(scratch, headerLength);
    this.#options.send(scratch.subarray(0, headerLength + rtp.payloadLength), headerLength);
  }
}

/** The extended number nearest to `reference` whose low 16 bits are `sequence`. */
function extendNear(sequence: number, reference: number): number {
  const distance = ((sequence - reference) << 16) >> 16;
  return reference + distance;
}
