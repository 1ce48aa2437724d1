// Chooses the depacketizer of a codec.
import { AudioDepacketizer } from './audio-depacketizer.ts';
import { Av1Depacketizer } from './av1-depacketizer.ts';
import type { Depacketizer } from './encoded-frame.ts';
import { H264Depacketizer } from './h264-depacketizer.ts';
import type { RtpCodec } from './rtp-codec.ts';
import { Vp8Depacketizer } from './vp8-depacketizer.ts';
import { Vp9Depacketizer } from './vp9-depacketizer.ts';

/** A fresh depacketizer for one SSRC that carries `codec`. */
export function createDepacketizer(codec: RtpCodec): Depacketizer {
  switch (codec.name) {
    case 'VP8':
      return new Vp8Depacketizer();
    case 'VP9':
      return new Vp9Depacketizer();
    case 'H264':
      return new H264Depacketizer();
    case 'AV1':
      return new Av1Depacketizer();
    case 'opus':
    case 'PCMU':
    case 'PCMA':
      return new AudioDepacketizer();
  }
}
