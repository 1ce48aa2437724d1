// Audio packets are RTP payloads as they are: opus (RFC 7587), PCMU and PCMA (RFC 3551).
import type { EncodedFrame, Packetizer } from './encoded-frame.ts';

export class AudioPacketizer implements Packetizer {
  /** Never split: an audio packet above the limit is sent whole, for RTP knows no fragments of these. */
  packetize({ data }: EncodedFrame): Buffer[] {
    return data.length === 0 ? [] : [data];
  }
}
