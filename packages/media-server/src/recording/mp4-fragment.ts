// The bytes of fragmented MP4 (ISO/IEC 14496-12): what stands in front, made by mediabunny, and one fragment after the
// other. Fragments are ours, because mediabunny ends one only where every track has a key frame, which in a call may be
// never: see docs/decisions/0020-recordings-as-mp4.md.
import {
  EncodedAudioPacketSource,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from 'mediabunny';
import type { MediaKind } from '../forwarding/track.ts';
import type { FileTracks } from './container.ts';

export interface Mp4Start {
  /** The boxes `ftyp` and `moov`. */
  readonly bytes: Buffer;
  readonly tracks: ReadonlyMap<MediaKind, Mp4Track>;
}

export interface Mp4Track {
  readonly id: number;
  /** Ticks per second. */
  readonly timescale: number;
}

export interface Mp4Sample {
  readonly data: Uint8Array;
  readonly isKey: boolean;
  /** In ticks of the track. */
  readonly duration: number;
}

export interface TrackFragment {
  readonly id: number;
  /** Of the first sample, in ticks of the track. */
  readonly start: number;
  readonly samples: readonly Mp4Sample[];
}

/** Describes the tracks as a file that has no media yet. */
export async function mp4Start({ video, audio }: FileTracks): Promise<Mp4Start> {
  const boxes: Buffer[] = [];
  const keep = (bytes: Uint8Array): number => boxes.push(Buffer.from(bytes));
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: 'fragmented', onFtyp: keep, onMoov: keep }),
    target: new NullTarget(),
  });
  if (video)
    output.addVideoTrack(new EncodedVideoPacketSource(video.codec), { decoderConfig: video.decoderConfig });
  if (audio)
    output.addAudioTrack(new EncodedAudioPacketSource(audio.codec), { decoderConfig: audio.decoderConfig });
  await output.start();
  await output.finalize();
  const bytes = Buffer.concat(boxes);
  const ids = numbersIn(bytes, 'tkhd');
  const timescales = numbersIn(bytes, 'mdhd');
  const kinds = output.tracks.map(({ type }) => type as MediaKind);
  if (ids.length !== kinds.length || timescales.length !== kinds.length)
    throw new Error('The muxer does not describe tracks as it used to');
  const tracks = kinds.map(
    (kind, index) => [kind, { id: ids[index], timescale: timescales[index] }] as const,
  );
  return { bytes, tracks: new Map(tracks) };
}

/**
 * What follows the two times in the boxes of that name, in the order of the tracks: the id in track headers (`tkhd`,
 * section 8.3.2), the timescale in media headers (`mdhd`, section 8.4.2).
 */
function numbersIn(moov: Buffer, type: 'tkhd' | 'mdhd'): number[] {
  const numbers: number[] = [];
  for (let at = moov.indexOf(type); at !== -1; at = moov.indexOf(type, at + 4)) {
    const hasLongTimes = moov[at + 4] === 1;
    numbers.push(moov.readUInt32BE(at + (hasLongTimes ? 24 : 16)));
  }
  return numbers;
}

const MFHD_LENGTH = 16;
const TFHD_LENGTH = 16;
const TFDT_LENGTH = 20;
const TRUN_HEADER_LENGTH = 20;
const SAMPLE_LENGTH = 12;
const BOX_HEADER_LENGTH = 8;

/** Offsets count from the `moof` (section 8.8.7). */
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
/** Data offset, and of each sample duration, size and flags (section 8.8.8). */
const TRUN_FLAGS = 0x000701;
/** Depends on no other sample; depends on others and is no place to start (section 8.8.3.1). */
const KEY_SAMPLE = 0x0200_0000;
const DELTA_SAMPLE = 0x0101_0000;

/** The boxes `moof` and `mdat`. `sequence`: from 1 on, of the fragment. Each track has a sample at least. */
export function mp4Fragment(sequence: number, fragments: readonly TrackFragment[]): Buffer {
  const moofLength = BOX_HEADER_LENGTH + MFHD_LENGTH + sum(fragments.map(trafLength));
  const dataLength = sum(fragments.flatMap(({ samples }) => samples.map(({ data }) => data.length)));
  const bytes = Buffer.alloc(moofLength + BOX_HEADER_LENGTH + dataLength);
  let at = 0;
  const u32 = (value: number): void => {
    at = bytes.writeUInt32BE(value, at);
  };
  const box = (length: number, type: string): void => {
    u32(length);
    at += bytes.write(type, at, 'latin1');
  };
  const fullBox = (length: number, type: string, version: number, flags: number): void => {
    box(length, type);
    u32(version * 0x0100_0000 + flags);
  };
  box(moofLength, 'moof');
  fullBox(MFHD_LENGTH, 'mfhd', 0, 0);
  u32(sequence);
  let dataAt = moofLength + BOX_HEADER_LENGTH;
  for (const fragment of fragments) {
    const { id, start, samples } = fragment;
    box(trafLength(fragment), 'traf');
    fullBox(TFHD_LENGTH, 'tfhd', 0, DEFAULT_BASE_IS_MOOF);
    u32(id);
    fullBox(TFDT_LENGTH, 'tfdt', 1, 0);
    at = bytes.writeBigUInt64BE(BigInt(start), at);
    fullBox(trunLength(fragment), 'trun', 0, TRUN_FLAGS);
    u32(samples.length);
    u32(dataAt);
    for (const { data, isKey, duration } of samples) {
      u32(duration);
      u32(data.length);
      u32(isKey ? KEY_SAMPLE : DELTA_SAMPLE);
      bytes.set(data, dataAt);
      dataAt += data.length;
    }
  }
  box(BOX_HEADER_LENGTH + dataLength, 'mdat');
  return bytes;
}

function trafLength(fragment: TrackFragment): number {
  return BOX_HEADER_LENGTH + TFHD_LENGTH + TFDT_LENGTH + trunLength(fragment);
}

function trunLength({ samples }: TrackFragment): number {
  return TRUN_HEADER_LENGTH + samples.length * SAMPLE_LENGTH;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
