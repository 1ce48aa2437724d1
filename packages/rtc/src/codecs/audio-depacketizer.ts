// Audio codecs whose every RTP payload is one packet of the file: opus (RFC 7587), PCMU and PCMA (RFC 3551).
import type { Depacketizer, EncodedFrame, RtpPayloadInfo } from './encoded-frame.ts';

export class AudioDepacketizer implements Depacketizer {
  push(payload: Buffer, { timestamp }: RtpPayloadInfo): EncodedFrame[] {
    return payload.length === 0 ? [] : [{ data: payload, timestamp, keyframe: true }];
  }

  reset(): void {
    // Nothing is kept between packets.
  }
}
