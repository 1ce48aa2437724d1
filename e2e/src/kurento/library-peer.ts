// A peer of the media server that is a library and no browser: it sends packets of its own making and keeps what comes.
import { RtpPacket, writeRtpHeader } from '@parley/rtc';
import { expect } from 'vitest';

export type Kind = 'audio' | 'video';
export type VideoCodec = 'VP8' | 'H264';

/** One PeerConnection of a library with one audio (Opus) and one video line, both ways. */
export interface LibraryConnection {
  /** Gives the SDP, which is set as local description, with all candidates. */
  offer(): Promise<string>;
  acceptAnswer(sdp: string): Promise<void>;
  /** Takes an offer and gives the answer, which is set. */
  answer(offer: string): Promise<string>;
  /** Resolves once ICE and DTLS are up. */
  readonly connected: Promise<void>;
  /** Sends a whole RTP packet; the SSRC is the library's to change. */
  send(kind: Kind, rtp: Buffer): void;
  /** Told of each RTP packet that comes. */
  onRtp(listener: (kind: Kind, rtp: Buffer) => void): void;
  close(): void;
}

/** First packets of key frames: a decoder could begin there, if it were a picture. */
const KEY_FRAMES: Readonly<Record<VideoCodec, Buffer>> = {
  // RFC 7741, section 4: start of a partition; RFC 6386, section 9.1: key frame, start code, 16 x 16.
  VP8: Buffer.from('10500000 9d012a10001000'.replaceAll(' ', ''), 'hex'),
  // RFC 6184, section 5.7.1: SPS, PPS and an IDR slice in one packet.
  H264: Buffer.from('78 0004 6742e01f 0004 68ce3880 0005 6588840000'.replaceAll(' ', ''), 'hex'),
};
const SOUND = Buffer.from('f8fffe', 'hex');
const CLOCK: Readonly<Record<Kind, number>> = { audio: 960, video: 3_000 };
const SSRC: Readonly<Record<Kind, number>> = { audio: 0x1111_1111, video: 0x2222_2222 };
const DEADLINE = { timeout: 20_000, interval: 50 };
/** How often it sends, in ms: in the test's hands there is nothing else to wait for. */
const PACE_MS = 20;

export class LibraryPeer {
  readonly #connection: LibraryConnection;
  readonly #codec: VideoCodec;
  readonly #received: Record<Kind, RtpPacket[]> = { audio: [], video: [] };
  #sequence = 65_500;
  #sending: NodeJS.Timeout | undefined;
  #local = '';

  constructor(connection: LibraryConnection, codec: VideoCodec) {
    this.#connection = connection;
    this.#codec = codec;
    connection.onRtp((kind, rtp) => {
      const packet = RtpPacket.parse(Buffer.from(rtp));
      if (packet) this.#received[kind].push(packet);
    });
  }

  async offer(): Promise<string> {
    this.#local = await this.#connection.offer();
    return this.#local;
  }

  acceptAnswer(sdp: string): Promise<void> {
    return this.#connection.acceptAnswer(sdp);
  }

  async answer(offer: string): Promise<string> {
    this.#local = await this.#connection.answer(offer);
    return this.#local;
  }

  /** Sends sound and picture from the moment on at which it is connected. */
  async begin(): Promise<void> {
    await this.#connection.connected;
    this.#sending = setInterval(() => {
      this.#sequence++;
      this.#send('audio', 'opus', SOUND);
      this.#send('video', this.#codec, KEY_FRAMES[this.#codec]);
    }, PACE_MS);
  }

  /** Resolves once what it sends has come back, byte for byte, under the payload types that it knows. */
  async getsItsOwnBack(): Promise<void> {
    for (const [kind, codec, payload] of [
      ['audio', 'opus', SOUND],
      ['video', this.#codec, KEY_FRAMES[this.#codec]],
    ] as const) {
      await expect.poll(() => this.#received[kind].length, DEADLINE).toBeGreaterThan(20);
      const [first, ...others] = this.#received[kind].slice(0, 20);
      expect(first?.payloadType).toBe(this.#payloadType(codec));
      for (const packet of [first, ...others]) expect(packet?.payload.equals(payload)).toBe(true);
    }
  }

  close(): void {
    clearInterval(this.#sending);
    this.#connection.close();
  }

  #send(kind: Kind, codec: string, payload: Buffer): void {
    const packet = Buffer.alloc(12 + payload.length);
    const length = writeRtpHeader(packet, {
      marker: kind === 'video',
      payloadType: this.#payloadType(codec),
      sequenceNumber: this.#sequence & 0xffff,
      timestamp: (this.#sequence * CLOCK[kind]) >>> 0,
      ssrc: SSRC[kind],
    });
    payload.copy(packet, length);
    this.#connection.send(kind, packet);
  }

  /** Of the codec in its own description. */
  #payloadType(codec: string): number {
    const [, payloadType] = new RegExp(`a=rtpmap:(\\d+) ${codec}/`, 'i').exec(this.#local) ?? [];
    return Number(payloadType);
  }
}
