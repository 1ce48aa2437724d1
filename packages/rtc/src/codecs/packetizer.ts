// Chooses the packetizer of a codec.
import { AudioPacketizer } from './audio-packetizer.ts';
import { Av1Packetizer } from './av1-packetizer.ts';
import type { Packetizer } from './encoded-frame.ts';
import { H264Packetizer } from './h264-packetizer.ts';
import type { RtpCodec } from './rtp-codec.ts';
import { Vp8Packetizer } from './vp8-packetizer.ts';
import { Vp9Packetizer } from './vp9-packetizer.ts';

/** Every descriptor and some data fit into this. */
const MIN_MAX_PAYLOAD = 32;

/**
 * A fresh packetizer for one SSRC that carries `codec`, with payloads of at most `maxPayload` bytes.
 * @throws {RangeError} if `maxPayload` is below 32.
 */
export function createPacketizer(codec: RtpCodec, maxPayload = 1200): Packetizer {
  if (maxPayload < MIN_MAX_PAYLOAD) throw new RangeError(`maxPayload must be at least ${MIN_MAX_PAYLOAD}`);
  switch (codec.name) {
    case 'VP8':
      return new Vp8Packetizer(maxPayload);
    case 'VP9':
      return new Vp9Packetizer(maxPayload);
    case 'H264':
      return new H264Packetizer(maxPayload);
    case 'AV1':
      return new Av1Packetizer(maxPayload);
    case 'opus':
    case 'PCMU':
    case 'PCMA':
      return new AudioPacketizer();
  }
}
