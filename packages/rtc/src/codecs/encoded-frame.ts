// What lies between RTP and files: one encoded picture, or one audio packet, and the two directions to and from it.

/** Pixels. */
export interface FrameSize {
  width: number;
  height: number;
}

/**
 * One frame as a file keeps it. VP8, VP9: the bitstream's frame (a VP9 picture of several spatial layers as a
 * superframe). H264: an access unit as Annex B byte stream, each NAL unit after a four-byte start code. AV1: the OBUs of
 * a temporal unit, each with its size field, without temporal delimiters, as Matroska wants them. Audio: the packet.
 */
export interface EncodedFrame {
  data: Buffer;
  /** RTP timestamp in units of the codec's clock, 32 bits. */
  timestamp: number;
  /** Whether decoding can start here; true for audio. */
  keyframe: boolean;
  /** Pixels; where the frame itself says so, which key frames do. */
  width?: number;
  height?: number;
  /** H264 key frames: the parameter sets in force (NAL units without start code), for an avcC record. */
  sps?: Buffer;
  pps?: Buffer;
}

export interface RtpPayloadInfo {
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** The marker bit: for video, the last packet of a frame. */
  marker: boolean;
  /** Whether packets before this one are missing and will not come. */
  sequenceGap: boolean;
}

/** Turns the payloads of one SSRC into frames. */
export interface Depacketizer {
  /**
   * Takes the next payload in order of sequence, without duplicates, and returns the frames that it completes.
   * A frame that misses a packet is dropped, never handed out. The payload is kept, not copied, until its frame is done;
   * the `data` of an audio frame is the payload itself. Malformed payloads count as missing; nothing is thrown.
   */
  push(payload: Buffer, info: RtpPayloadInfo): EncodedFrame[];
  /** Forgets the frame in progress, for instance when another source takes over. */
  reset(): void;
}

/** Turns frames into RTP payloads. */
export interface Packetizer {
  /** The payloads of one frame in order, none larger than the limit; the marker belongs on the last video one. */
  packetize(frame: EncodedFrame): Buffer[];
}
