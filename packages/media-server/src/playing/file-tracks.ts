// What of a file's tracks can be sent over RTP as it is, and how its packets become frames. A track that cannot be is
// named with the reason: nothing here is decoded.
import { avccToAnnexB, parseAvcConfiguration, type EncodedFrame, type RtpCodec } from '@parley/rtc';
import {
  EncodedPacketSink,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';
import type { MediaKind } from '../forwarding/track.ts';
import { rtpCodecOf } from '../recording/track-settings.ts';

const NAL_TYPE_SPS = 7;

/** 20 ms of G.711 (RFC 3551, section 4.5.14), one byte per sample. */
const G711_FRAME_BYTES = 160;
const G711_BYTES_PER_MS = 8;

/** Packets looked at for pictures out of order: encoders that reorder at all do so within the first second. */
const REORDERING_PROBE_PACKETS = 48;

export const REORDERED =
  'its H.264 holds pictures that refer to later ones (B-frames), which browsers cannot show in calls: encode it without them';

/** A frame of a file. Its `timestamp` is for the sender to fill in. */
export interface FileFrame extends EncodedFrame {
  readonly kind: MediaKind;
  /** From the start of the file, in ms. */
  readonly at: number;
  /** In ms; 0 when the file does not say. */
  readonly duration: number;
}

export interface FileTrack {
  readonly kind: MediaKind;
  readonly codec: RtpCodec;
  readonly packets: EncodedPacketSink;
  /** The frames of a packet, at least one. */
  readonly toFrames: (packet: EncodedPacket) => FileFrame[];
}

/**
 * How a track is played; a text tells why it cannot be, continuing a sentence.
 * `isRandomAccess`: whether it may be looked ahead.
 */
export async function fileTrack(
  track: InputAudioTrack | InputVideoTrack,
  isRandomAccess: boolean,
): Promise<FileTrack | string> {
  const name = await track.getCodec();
  if (track.isAudioTrack()) return audioTrack(track, name);
  const codec = rtpCodecOf(name);
  if (codec?.kind !== 'video')
    return `its picture is coded as ${name ?? 'something unknown'}, which calls do not use`;
  const packets = new EncodedPacketSink(track);
  if (codec.name === 'H264') {
    if (isRandomAccess && (await isReordered(packets))) return REORDERED;
    return avcTrack(codec, track, packets);
  }
  const parameters = profileParameters(codec.name, (await track.getDecoderConfig())?.codec ?? '');
  const toFrames = (packet: EncodedPacket): FileFrame[] => [plainFrame('video', packet)];
  return { kind: 'video', codec: { ...codec, parameters }, packets, toFrames };
}

async function audioTrack(track: InputAudioTrack, name: string | null): Promise<FileTrack | string> {
  const packets = new EncodedPacketSink(track);
  const channels = await track.getNumberOfChannels();
  if (name === 'opus') {
    const codec = rtpCodecOf(name);
    if (channels > 2) return `its sound has ${channels} channels, and calls have two at most`;
    if (codec) return { kind: 'audio', codec, packets, toFrames: (packet) => [plainFrame('audio', packet)] };
  }
  if (name === 'ulaw' || name === 'alaw') {
    const rate = await track.getSampleRate();
    if (channels !== 1 || rate !== 8_000)
      return `its G.711 sound has ${channels} channels at ${rate} Hz, and calls have one at 8000 Hz`;
    const rtpName = name === 'ulaw' ? 'PCMU' : 'PCMA';
    const codec: RtpCodec = { name: rtpName, kind: 'audio', clockRate: rate, channels, parameters: {} };
    return { kind: 'audio', codec, packets, toFrames: g711Frames };
  }
  return `its sound is coded as ${name ?? 'something unknown'}, which calls do not use`;
}

function plainFrame(kind: MediaKind, packet: EncodedPacket): FileFrame {
  const { buffer, byteOffset, byteLength } = packet.data;
  return {
    kind,
    data: Buffer.from(buffer, byteOffset, byteLength),
    keyframe: kind === 'audio' || packet.type === 'key',
    timestamp: 0,
    at: packet.timestamp * 1000,
    duration: packet.duration * 1000,
  };
}

/** Files keep long stretches of samples together; packets are of 20 ms. */
function g711Frames(packet: EncodedPacket): FileFrame[] {
  const whole = plainFrame('audio', packet);
  const frames: FileFrame[] = [];
  for (let start = 0; start < whole.data.length; start += G711_FRAME_BYTES) {
    const data = whole.data.subarray(start, start + G711_FRAME_BYTES);
    const at = whole.at + start / G711_BYTES_PER_MS;
    frames.push({ ...whole, data, at, duration: data.length / G711_BYTES_PER_MS });
  }
  return frames.length > 0 ? frames : [whole];
}

/**
 * The profile decides who can decode it: `profile-id` of VP9 (RFC 9628, section 7) and `profile` of AV1, out of codec
 * strings such as vp09.02.10.10 and av01.1.04M.10.
 */
function profileParameters(name: RtpCodec['name'], codecString: string): Record<string, string> {
  const profile = Number(/^(?:vp09|av01)\.(\d+)/.exec(codecString)?.[1] ?? 0);
  if (profile === 0) return {};
  return name === 'AV1' ? { profile: String(profile) } : { 'profile-id': String(profile) };
}

/** Whether pictures are shown in another order than they are stored in: composition offsets that differ, in MP4. */
async function isReordered(packets: EncodedPacketSink): Promise<boolean> {
  let packet = await packets.getFirstPacket({ metadataOnly: true });
  for (let count = 0; packet && count < REORDERING_PROBE_PACKETS; count++) {
    const next = await packets.getNextPacket(packet, { metadataOnly: true });
    if (next && next.timestamp < packet.timestamp) return true;
    packet = next;
  }
  return false;
}

/** H.264 lies in files behind lengths, and its parameter sets often in the track's description only. */
async function avcTrack(
  codec: RtpCodec,
  track: InputVideoTrack,
  packets: EncodedPacketSink,
): Promise<FileTrack | string> {
  const description = (await track.getDecoderConfig())?.description;
  // Without a description the frames are a byte stream already.
  if (!description)
    return { kind: 'video', codec, packets, toFrames: (packet) => [plainFrame('video', packet)] };
  const record = ArrayBuffer.isView(description)
    ? Buffer.from(description.buffer, description.byteOffset, description.byteLength)
    : Buffer.from(description);
  const format = avcFormat(codec, record);
  if (typeof format === 'string') return format;
  const toFrames = (packet: EncodedPacket): FileFrame[] => {
    const frame = plainFrame('video', packet);
    return [{ ...frame, data: format.toData(frame.data, frame.keyframe) }];
  };
  return { kind: 'video', codec: format.codec, packets, toFrames };
}

/** How H.264 of this description (avcC) becomes a byte stream, parameter sets before each key frame; or why not. */
export function avcFormat(
  codec: RtpCodec,
  record: Buffer,
): { readonly codec: RtpCodec; readonly toData: (data: Buffer, keyframe: boolean) => Buffer } | string {
  const configuration = parseAvcConfiguration(record);
  if (!configuration) return 'its H.264 description is damaged';
  const { lengthSize } = configuration;
  const startCode = Buffer.from([0, 0, 0, 1]);
  const sets = [...configuration.sps, ...configuration.pps].flatMap((unit) => [startCode, unit]);
  const parameters = { ...codec.parameters, 'profile-level-id': record.toString('hex', 1, 4) };
  return {
    codec: { ...codec, parameters },
    toData: (units, keyframe) => {
      const data = avccToAnnexB(units, lengthSize);
      return keyframe && !holdsSps(units, lengthSize) ? Buffer.concat([...sets, data]) : data;
    },
  };
}

function holdsSps(units: Buffer, lengthSize: number): boolean {
  for (let at = 0; at + lengthSize < units.length;) {
    const length = units.readUIntBE(at, lengthSize);
    if ((units[at + lengthSize] & 0x1f) === NAL_TYPE_SPS) return true;
    at += lengthSize + length;
  }
  return false;
}
