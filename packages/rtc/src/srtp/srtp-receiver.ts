// Authenticates and decrypts the RTP and RTCP packets of one direction. Hot path for RTP. Everything that is wrong
// with a packet ends in `undefined`, because anyone can send to an open port.
import {
  MAX_PACKET_LENGTH,
  createPacketCiphers,
  type RtcpCipher,
  type RtpCipher,
  type RtpStreamCipher,
} from './packet-cipher.ts';
import { nearestIndex, rolloverCounterOf } from './packet-index.ts';
import { ReplayWindow } from './replay-window.ts';
import type { SrtpKeys, SrtpSuite } from './srtp-profile.ts';

const MIN_RTP_LENGTH = 12;
const RTCP_HEADER_LENGTH = 8;
const ENCRYPTED_FLAG = 0x80000000;

/** Four seconds of 2.5 Mbit/s: late retransmissions under their old sequence number still pass. At least 64 (RFC 3711). */
const RTP_REPLAY_WINDOW = 1024;
const RTCP_REPLAY_WINDOW = 128;

/** A browser sends a handful; beyond this a peer that has the keys is filling our memory. Further SSRCs are refused. */
const MAX_SSRCS = 256;

interface ReceiverStream {
  readonly ssrc: number;
  readonly cipher: RtpStreamCipher;
  readonly replay: ReplayWindow;
}

export class SrtpReceiver {
  readonly #rtp: RtpCipher;
  readonly #rtcp: RtcpCipher;
  readonly #streams = new Map<number, ReceiverStream>();
  readonly #rtcpReplay = new Map<number, ReplayWindow>();
  #lastStream: ReceiverStream | undefined;

  /** Throws a RangeError when a key or salt does not have the length of its profile. */
  constructor(keys: SrtpKeys<SrtpSuite>) {
    const ciphers = createPacketCiphers(keys);
    this.#rtp = ciphers.rtp;
    this.#rtcp = ciphers.rtcp;
  }

  /**
   * Decrypts an SRTP packet in place and returns its clear part, a view of `packet`. Returns undefined, with `packet`
   * unchanged, when it is truncated, not authentic, replayed or too old (RFC 3711, section 3.3).
   */
  unprotectRtp(packet: Buffer): Buffer | undefined {
    const headerLength = rtpHeaderLength(packet);
    if (headerLength === undefined || headerLength + this.#rtp.overhead > packet.length) return undefined;
    if (packet.length > MAX_PACKET_LENGTH) return undefined;
    const sequence = packet.readUInt16BE(2);
    const stream = this.#knownStream(packet.readUInt32BE(8));
    if (stream === undefined) return this.#openFirst(packet, headerLength, sequence);
    const index = nearestIndex(stream.replay.highest, sequence);
    if (!stream.replay.accepts(index)) return undefined;
    const clear = stream.cipher.open(packet, headerLength, rolloverCounterOf(index));
    if (clear !== undefined) stream.replay.add(index);
    return clear;
  }

  /** As `unprotectRtp`, for a compound RTCP packet. One that is not encrypted is refused (RFC 8827, section 6.5). */
  unprotectRtcp(packet: Buffer): Buffer | undefined {
    if (packet.length < RTCP_HEADER_LENGTH + this.#rtcp.overhead || packet.length > MAX_PACKET_LENGTH)
      return undefined;
    if (packet[0] >>> 6 !== 2) return undefined;
    const word = this.#rtcp.indexWord(packet);
    if ((word & ENCRYPTED_FLAG) === 0) return undefined;
    const index = word & ~ENCRYPTED_FLAG;
    const ssrc = packet.readUInt32BE(4);
    const known = this.#rtcpReplay.get(ssrc);
    if (known === undefined ? this.#rtcpReplay.size >= MAX_SSRCS : !known.accepts(index)) return undefined;
    const clear = this.#rtcp.open(packet);
    if (clear === undefined) return undefined;
    const replay = known ?? new ReplayWindow(RTCP_REPLAY_WINDOW);
    if (known === undefined) this.#rtcpReplay.set(ssrc, replay);
    replay.add(index);
    return clear;
  }

  #knownStream(ssrc: number): ReceiverStream | undefined {
    if (this.#lastStream?.ssrc === ssrc) return this.#lastStream;
    const stream = this.#streams.get(ssrc);
    if (stream !== undefined) this.#lastStream = stream;
    return stream;
  }

  /** The first packet of an SSRC: its rollover counter is zero, and only when it is authentic is the SSRC remembered. */
  #openFirst(packet: Buffer, headerLength: number, sequence: number): Buffer | undefined {
    if (this.#streams.size >= MAX_SSRCS) return undefined;
    const ssrc = packet.readUInt32BE(8);
    const cipher = this.#rtp.forStream(ssrc);
    const clear = cipher.open(packet, headerLength, 0);
    if (clear === undefined) return undefined;
    const stream = { ssrc, cipher, replay: new ReplayWindow(RTP_REPLAY_WINDOW) };
    stream.replay.add(sequence);
    this.#streams.set(ssrc, stream);
    return clear;
  }
}

/** Length of the RTP header with CSRCs and extension (RFC 3550, section 5.1); undefined when it is not all there. */
function rtpHeaderLength(packet: Buffer): number | undefined {
  if (packet.length < MIN_RTP_LENGTH) return undefined;
  const first = packet[0];
  if (first >>> 6 !== 2) return undefined;
  const length = MIN_RTP_LENGTH + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return length;
  if (packet.length < length + 4) return undefined;
  return length + 4 + packet.readUInt16BE(length + 2) * 4;
}
