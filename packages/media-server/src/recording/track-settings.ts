// How the codecs of RTP are named and described inside WebM, Matroska and MP4 files, in both directions.
import { avcConfiguration, type EncodedFrame, type RtpCodec } from '@parley/rtc';
import type { AudioCodec, VideoCodec } from 'mediabunny';

const VIDEO_CODECS: Partial<Record<RtpCodec['name'], { name: VideoCodec; codecString: string }>> = {
  VP8: { name: 'vp8', codecString: 'vp8' },
  // Profile 0 and 8 bits are what browsers send in calls; the level is a hint that no decoder here relies on.
  VP9: { name: 'vp9', codecString: 'vp09.00.40.08' },
  AV1: { name: 'av1', codecString: 'av01.0.08M.08' },
  H264: { name: 'avc', codecString: 'avc1.42e01f' },
};

/** Written when no key frame has told the size. Decoders take the real one from the key frames of VP8 and VP9. */
const ASSUMED_SIZE = { width: 640, height: 480 };

export interface VideoSettings {
  readonly codec: VideoCodec;
  readonly decoderConfig: VideoDecoderConfig;
}

export interface AudioSettings {
  readonly codec: AudioCodec;
  readonly decoderConfig: AudioDecoderConfig;
}

/**
 * What a file says of a video track that begins with `keyframe`. Without one only VP8 and VP9 can be described.
 * Undefined when there is no saying: an H.264 key frame without parameter sets, a codec that files cannot hold.
 */
export function videoSettings(
  codec: RtpCodec,
  keyframe: EncodedFrame | undefined,
): VideoSettings | undefined {
  const entry = VIDEO_CODECS[codec.name];
  if (!entry) return undefined;
  if (!keyframe && codec.name !== 'VP8' && codec.name !== 'VP9') return undefined;
  const size = {
    codedWidth: keyframe?.width ?? ASSUMED_SIZE.width,
    codedHeight: keyframe?.height ?? ASSUMED_SIZE.height,
  };
  if (codec.name !== 'H264')
    return { codec: entry.name, decoderConfig: { codec: entry.codecString, ...size } };
  if (!keyframe?.sps || !keyframe.pps) return undefined;
  const description = avcConfiguration(keyframe.sps, keyframe.pps);
  // RFC 6381, section 3.3: profile, constraints and level follow the first byte of the record.
  const codecString = `avc1.${description.subarray(1, 4).toString('hex')}`;
  return { codec: entry.name, decoderConfig: { codec: codecString, ...size, description } };
}

/** What a file says of an Opus track; undefined for other codecs. */
export function audioSettings(codec: RtpCodec): AudioSettings | undefined {
  if (codec.name !== 'opus') return undefined;
  return {
    codec: 'opus',
    decoderConfig: {
      codec: 'opus',
      sampleRate: codec.clockRate,
      numberOfChannels: codec.channels,
      description: opusHead(codec),
    },
  };
}

/** The RTP codec of a track in a file; undefined for codecs that this server does not send. */
export function rtpCodecOf(name: string | null): RtpCodec | undefined {
  if (name === 'opus') return { name: 'opus', kind: 'audio', clockRate: 48_000, channels: 2, parameters: {} };
  for (const [rtpName, entry] of Object.entries(VIDEO_CODECS))
    if (entry.name === name)
      return {
        name: rtpName as RtpCodec['name'],
        kind: 'video',
        clockRate: 90_000,
        channels: 1,
        // What browsers negotiate and what fits the fragmented packets of our packetizer (RFC 6184, section 6.3).
        parameters: name === 'avc' ? { 'packetization-mode': '1', 'profile-level-id': '42e01f' } : {},
      };
  return undefined;
}

/** The identification header (RFC 7845, section 5.1). No pre-skip: a recording starts in the middle of a stream. */
function opusHead(codec: RtpCodec): Uint8Array {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = codec.channels;
  head.writeUInt32LE(codec.clockRate, 12);
  return head;
}
