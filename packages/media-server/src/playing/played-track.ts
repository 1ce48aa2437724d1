// One track of a player as a source of media: frames of a file become RTP packets. When frames are due is decided by the
// player; here is what the packets look like, how fast they leave, and how a late viewer gets its key frame.
import { randomInt } from 'node:crypto';
import {
  createPacketizer,
  PacketHistory,
  RtpPacket,
  sameCodec,
  startsKeyframe,
  writeRtpHeader,
  type EncodedFrame,
  type Packetizer,
  type RtpCodec,
} from '@parley/rtc';
import type { ClockMapping, MediaKind, MediaPacket, MediaSink, MediaSource } from '../forwarding/track.ts';

/** Packets kept for retransmission: several seconds of video. */
const HISTORY_PACKETS = 1024;

/** Dynamic payload types: sinks rewrite them, nobody relies on the value. */
const PAYLOAD_TYPE = 96;

const RTP_HEADER_LENGTH = 12;

/** Key frames are sent again at most this often, in ms: every viewer that comes asks, some of them repeatedly. */
const REPEAT_INTERVAL_MS = 500;

/**
 * What is kept since the last key frame, in bytes; a longer stretch is not repeated, for it would choke a viewer's line,
 * and who comes then waits for the file's next key frame.
 */
const MAX_REPEATED_BYTES = 2 * 1024 * 1024;

/** Large frames and repeated ones leave in pieces of this many packets, about 30 Mbit/s. */
const BURST_PACKETS = 16;
const BURST_INTERVAL_MS = 5;

/**
 * What may wait to leave, in packets: 2 to 3 s. A file may hold more than any line carries, or say that all of it is due at
 * once; what comes on top is left out, up to a key frame.
 */
const MAX_WAITING_PACKETS = 8_192;

/** From 1900, where NTP starts, to 1970, in ms. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/** Sinks carry the mapping on to the present; a fresh one each second keeps that within 32 bits. */
const MAPPING_INTERVAL_MS = 1_000;

interface WaitingPacket {
  readonly payload: Buffer;
  readonly timestamp: number;
  readonly marker: boolean;
}

export class PlayedTrack implements MediaSource {
  readonly kind: MediaKind;
  readonly #flow: { packet(): void };
  readonly #sinks = new Set<MediaSink>();
  readonly #history = new PacketHistory<MediaPacket>(HISTORY_PACKETS);
  readonly #ssrc = randomInt(1, 2 ** 32);
  readonly #firstTicks = randomInt(2 ** 32);
  #codec: RtpCodec | undefined;
  #packetizer: Packetizer | undefined;
  #sent = false;
  #sequence = randomInt(2 ** 15);
  /** Of the newest packet, without wrap-around. */
  #ticks = -Infinity;
  /** Moment 0 of the RTP clock: ms of the monotonic clock. */
  #epoch: number | undefined;
  #mapping: ClockMapping | undefined;
  #sinceKeyframe: EncodedFrame[] = [];
  #sinceKeyframeBytes = 0;
  #repeatedAt = -Infinity;
  #repeatWanted = false;
  #backlog: WaitingPacket[] = [];
  /** Frames are left out, since those before them still wait. */
  #overfull = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `flow` is told of each packet. */
  constructor(kind: MediaKind, flow: { packet(): void }) {
    this.kind = kind;
    this.#flow = flow;
  }

  get codec(): RtpCodec | undefined {
    return this.#codec;
  }

  get ssrc(): number | undefined {
    return this.#sent ? this.#ssrc : undefined;
  }

  get clockMapping(): ClockMapping | undefined {
    return this.#mapping;
  }

  packetAt(extendedSequence: number): MediaPacket | undefined {
    return this.#history.get(extendedSequence);
  }

  addSink(sink: MediaSink): void {
    this.#sinks.add(sink);
  }

  removeSink(sink: MediaSink): void {
    this.#sinks.delete(sink);
  }

  /**
   * A file cannot make a key frame, so the last one is sent again, with all that followed it, as a burst that ends at the
   * present picture. Packets and times go on counting: those who have the picture see it once more, unchanged.
   */
  requestKeyframe(): void {
    if (this.#sinceKeyframe.length === 0 || this.#repeatWanted) return;
    this.#repeatWanted = true;
    // Not at once: who asks while being hung on this track is not yet among its sinks.
    this.#schedule(Math.max(0, this.#repeatedAt + REPEAT_INTERVAL_MS - performance.now()));
  }

  /** What the next frames are. The same codec as before goes on without a break. */
  setCodec(codec: RtpCodec | undefined): void {
    if (codec === undefined || (this.#codec && sameCodec(codec, this.#codec))) return;
    this.#codec = codec;
    this.#packetizer = createPacketizer(codec);
    this.reset();
  }

  /**
   * Sends one frame. `due`: its moment, in ms of the monotonic clock. The RTP time follows it, so that it goes on through
   * pauses and seeks, and tells the tracks of one player their common time.
   */
  send(frame: EncodedFrame, due: number): void {
    const now = performance.now();
    if (!this.#hasRoomFor(frame)) {
      this.forgetFrames();
      return;
    }
    // Before this frame: a viewer who waits for a key frame can do nothing with it alone.
    if (!frame.keyframe && this.#mayRepeat(now)) this.#repeat(now);
    if (this.kind === 'video') this.#remember(frame);
    this.#enqueue(frame, this.#ticksAt(due));
    this.#drain(BURST_PACKETS);
  }

  /** After a seek: what was sent last is no longer what a new viewer should see. */
  forgetFrames(): void {
    this.#sinceKeyframe = [];
    this.#sinceKeyframeBytes = 0;
    this.#repeatWanted = false;
  }

  /** The last frame has been sent. */
  end(): void {
    this.#drain(Infinity);
    this.forgetFrames();
    for (const sink of this.#sinks) sink.ended?.();
  }

  /** Sends nothing more of what it has. It may be used again. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#backlog = [];
    this.#overfull = false;
    this.forgetFrames();
  }

  #hasRoomFor({ keyframe }: EncodedFrame): boolean {
    if (this.#backlog.length >= MAX_WAITING_PACKETS) this.#overfull = true;
    else if (keyframe) this.#overfull = false;
    return !this.#overfull;
  }

  #remember(frame: EncodedFrame): void {
    if (frame.keyframe) this.forgetFrames();
    else if (this.#sinceKeyframe.length === 0) return;
    this.#sinceKeyframe.push(frame);
    this.#sinceKeyframeBytes += frame.data.length;
    if (this.#sinceKeyframeBytes > MAX_REPEATED_BYTES) this.forgetFrames();
  }

  #mayRepeat(now: number): boolean {
    return this.#repeatWanted && now >= this.#repeatedAt + REPEAT_INTERVAL_MS;
  }

  #repeat(now: number): void {
    this.#repeatWanted = false;
    this.#repeatedAt = now;
    // Frames need times of their own; a tick apart they still are of one moment.
    for (const frame of this.#sinceKeyframe) this.#enqueue(frame, this.#ticks + 1);
  }

  #schedule(delay: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      if (this.#mayRepeat(now)) this.#repeat(now);
      this.#drain(BURST_PACKETS);
      if (this.#repeatWanted) this.#schedule(Math.max(0, this.#repeatedAt + REPEAT_INTERVAL_MS - now));
    }, delay);
  }

  #ticksAt(due: number): number {
    const clockRate = this.#codec?.clockRate ?? 0;
    this.#epoch ??= due;
    const elapsed = Math.round(((due - this.#epoch) * clockRate) / 1000);
    if (!this.#mapping || due - this.#mapping.learnedAt >= MAPPING_INTERVAL_MS)
      this.#mapping = {
        rtpTimestamp: (this.#firstTicks + elapsed) >>> 0,
        ntpMs: NTP_EPOCH_MS + performance.timeOrigin + due,
        learnedAt: due,
      };
    return elapsed;
  }

  #enqueue(frame: EncodedFrame, wantedTicks: number): void {
    if (!this.#packetizer) return;
    this.#ticks = Math.max(wantedTicks, this.#ticks + 1);
    const timestamp = (this.#firstTicks + this.#ticks) >>> 0;
    const payloads = this.#packetizer.packetize({ ...frame, timestamp });
    payloads.forEach((payload, index) => {
      const marker = this.kind === 'video' && index === payloads.length - 1;
      this.#backlog.push({ payload, timestamp, marker });
    });
  }

  #drain(most: number): void {
    const now = performance.now();
    for (const packet of this.#backlog.splice(0, most)) this.#sendPacket(packet, now);
    if (this.#backlog.length > 0) this.#schedule(BURST_INTERVAL_MS);
  }

  #sendPacket({ payload, timestamp, marker }: WaitingPacket, now: number): void {
    const codec = this.#codec;
    if (!codec) return;
    const bytes = Buffer.allocUnsafe(RTP_HEADER_LENGTH + payload.length);
    const sequenceNumber = this.#sequence++;
    writeRtpHeader(bytes, { marker, payloadType: PAYLOAD_TYPE, sequenceNumber, timestamp, ssrc: this.#ssrc });
    payload.copy(bytes, RTP_HEADER_LENGTH);
    const rtp = RtpPacket.parse(bytes);
    if (!rtp) throw new Error('A packet of our own making is no RTP packet');
    const packet: MediaPacket = {
      rtp,
      codec,
      extendedSequence: sequenceNumber,
      startsKeyframe: startsKeyframe(codec, payload),
      arrivedAt: now,
    };
    this.#sent = true;
    this.#history.put(sequenceNumber, packet);
    this.#flow.packet();
    for (const sink of this.#sinks) sink.write(packet);
  }
}
