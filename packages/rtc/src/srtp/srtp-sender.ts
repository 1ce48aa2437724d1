// Protects the RTP and RTCP packets of one direction. Hot path: every packet to every receiver passes here.
import {
  MAX_PACKET_LENGTH,
  createPacketCiphers,
  type RtcpCipher,
  type RtpCipher,
  type RtpStreamCipher,
} from './packet-cipher.ts';
import { nearestIndex, rolloverCounterOf } from './packet-index.ts';
import type { SrtpKeys, SrtpSuite } from './srtp-profile.ts';

const MIN_RTP_LENGTH = 12;
const MIN_RTCP_LENGTH = 8;
/** The SRTCP index has 31 bits; with the same keys it must not start again (RFC 3711, section 9.2). */
const MAX_SRTCP_INDEX = 0x7fffffff;

interface SenderStream {
  readonly ssrc: number;
  readonly cipher: RtpStreamCipher;
  highestIndex: number;
}

export class SrtpSender {
  readonly #rtp: RtpCipher;
  readonly #rtcp: RtcpCipher;
  readonly #streams = new Map<number, SenderStream>();
  #lastStream: SenderStream | undefined;
  /** One counter for all SSRCs: it ascends for each of them, which is what they need. */
  #nextSrtcpIndex = 0;

  /** Throws a RangeError when a key or salt does not have the length of its profile. */
  constructor(keys: SrtpKeys<SrtpSuite>) {
    const ciphers = createPacketCiphers(keys);
    this.#rtp = ciphers.rtp;
    this.#rtcp = ciphers.rtcp;
  }

  /**
   * Protects a clear RTP packet, whose first `headerLength` bytes are the header with CSRCs and extension (RFC 3711,
   * section 3.1). Returns a new Buffer. The rollover counter follows the sequence numbers of the SSRC; packets may be
   * up to 32768 behind the newest.
   *
   * A sequence number that is protected again must belong to the very same bytes: two packets under one nonce give
   * away the authentication key of GCM (RFC 7714, section 8.4) and the payload in both profiles.
   *
   * Throws a RangeError when the lengths cannot be those of an RTP packet.
   */
  protectRtp(packet: Buffer, headerLength: number): Buffer {
    if (
      headerLength < MIN_RTP_LENGTH ||
      headerLength % 4 !== 0 ||
      packet.length < headerLength ||
      packet.length > MAX_PACKET_LENGTH
    ) {
      throw new RangeError(`not an RTP packet: ${packet.length} bytes with a header of ${headerLength}`);
    }
    const ssrc = packet.readUInt32BE(8);
    const sequence = packet.readUInt16BE(2);
    let stream = this.#lastStream;
    if (stream === undefined || stream.ssrc !== ssrc)
      stream = this.#lastStream = this.#streamOf(ssrc, sequence);
    const index = nearestIndex(stream.highestIndex, sequence);
    if (index > stream.highestIndex) stream.highestIndex = index;
    return stream.cipher.seal(packet, headerLength, rolloverCounterOf(index));
  }

  /**
   * Protects a clear, possibly compound, RTCP packet (RFC 3711, section 3.4). Returns a new Buffer. Throws a
   * RangeError when it is no RTCP packet by its length, and an Error when the keys are used up, after 2^31 packets.
   */
  protectRtcp(packet: Buffer): Buffer {
    if (packet.length < MIN_RTCP_LENGTH || packet.length > MAX_PACKET_LENGTH) {
      throw new RangeError(`not an RTCP packet: ${packet.length} bytes`);
    }
    if (this.#nextSrtcpIndex > MAX_SRTCP_INDEX) throw new Error('the SRTCP keys are used up');
    return this.#rtcp.seal(packet, this.#nextSrtcpIndex++);
  }

  #streamOf(ssrc: number, sequence: number): SenderStream {
    let stream = this.#streams.get(ssrc);
    if (stream === undefined) {
      stream = { ssrc, cipher: this.#rtp.forStream(ssrc), highestIndex: sequence };
      this.#streams.set(ssrc, stream);
    }
    return stream;
  }
}
