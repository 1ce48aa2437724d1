// For tests: media files made of the frames of the clips by mediabunny, in the forms that players meet.
import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Output,
  type AudioCodec,
  type OutputFormat,
} from 'mediabunny';
import { annexBToAvcc, avcConfiguration } from '@parley/rtc';
import { CLIP, H264_CLIP, readClip } from '../../recording/testing/clip.ts';

export interface MadeAudio {
  readonly codec: AudioCodec;
  readonly sampleRate: number;
  readonly channels: number;
  readonly description?: Uint8Array;
  readonly packets: readonly { readonly data: Uint8Array; readonly at: number; readonly duration: number }[];
}

export interface MadeVideo {
  readonly codec: 'vp8' | 'avc';
  readonly description?: Uint8Array;
  /** In decoding order. Times in ms. */
  readonly packets: readonly { readonly data: Uint8Array; readonly keyframe: boolean; readonly at: number }[];
}

/** The sound of the clip: Opus, 2 s. */
export async function opus(): Promise<MadeAudio> {
  const { audio } = await readClip(CLIP);
  return { codec: 'opus', sampleRate: 48_000, channels: 2, packets: audio, description: opusHead() };
}

/** `seconds` of G.711, each byte telling its place. */
export function g711(codec: 'ulaw' | 'alaw', seconds: number, channels = 1, sampleRate = 8_000): MadeAudio {
  const data = Uint8Array.from({ length: seconds * sampleRate * channels }, (_, index) => index % 251);
  return { codec, sampleRate, channels, packets: [{ data, at: 0, duration: seconds * 1000 }] };
}

/** Sound that nobody can play here: packets that call themselves AAC. */
export function aac(): MadeAudio {
  const packets = Array.from({ length: 40 }, (_, index) => ({
    data: Uint8Array.of(0x21, index, 0x49),
    at: (index * 1024_000) / 48_000,
    duration: 1024_000 / 48_000,
  }));
  return { codec: 'aac', sampleRate: 48_000, channels: 2, packets, description: Uint8Array.of(0x11, 0x90) };
}

/** The picture of the clip: VP8, 2 s. */
export async function vp8(): Promise<MadeVideo> {
  return { codec: 'vp8', packets: (await readClip(CLIP)).video };
}

/** H.264, 1 s; its parameter sets are in the description only. `order` changes the times of the frames. */
export async function h264(order = (index: number): number => index): Promise<MadeVideo> {
  const { video } = await readClip(H264_CLIP);
  const units = splitAnnexB(video[0].data);
  const ofType = (type: number): Buffer => units.find((unit) => (unit[0] & 0x1f) === type) ?? Buffer.alloc(0);
  const packets = video.map(({ data, keyframe }, index) => {
    const slices = splitAnnexB(data).filter((unit) => (unit[0] & 0x1f) <= 5);
    const bytes = Buffer.concat(slices.flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit]));
    return { data: annexBToAvcc(bytes), keyframe, at: order(index) * 40 };
  });
  return { codec: 'avc', packets, description: avcConfiguration(ofType(7), ofType(8)) };
}

/** The bytes of a file that holds these tracks, interleaved by time. */
export async function made(
  format: OutputFormat,
  tracks: { readonly audio?: MadeAudio; readonly video?: MadeVideo },
): Promise<Buffer<ArrayBuffer>> {
  const target = new BufferTarget();
  const output = new Output({ format, target });
  const audio = tracks.audio && new EncodedAudioPacketSource(tracks.audio.codec);
  const video = tracks.video && new EncodedVideoPacketSource(tracks.video.codec);
  if (video) output.addVideoTrack(video);
  if (audio) output.addAudioTrack(audio);
  await output.start();
  const sounds = [...(tracks.audio?.packets ?? [])];
  for (const { data, keyframe, at } of tracks.video?.packets ?? []) {
    while (sounds.length > 0 && sounds[0].at <= at) await addSound(sounds.shift());
    const packet = new EncodedPacket(data, keyframe ? 'key' : 'delta', at / 1000, 0.04);
    await video?.add(packet, {
      decoderConfig: {
        codec: tracks.video?.codec === 'avc' ? 'avc1.42c01e' : 'vp8',
        codedWidth: 160,
        codedHeight: 90,
        description: tracks.video?.description,
      },
    });
  }
  for (const sound of sounds) await addSound(sound);
  await output.finalize();
  return Buffer.from(target.buffer ?? new ArrayBuffer(0));

  async function addSound(sound: MadeAudio['packets'][number] | undefined): Promise<void> {
    if (!sound || !tracks.audio) return;
    const { codec, sampleRate, channels, description } = tracks.audio;
    const packet = new EncodedPacket(sound.data, 'key', sound.at / 1000, sound.duration / 1000);
    await audio?.add(packet, {
      decoderConfig: {
        codec: codec === 'aac' ? 'mp4a.40.2' : codec,
        sampleRate,
        numberOfChannels: channels,
        description,
      },
    });
  }
}

/** The NAL units of a byte stream whose start codes have four bytes. */
export function splitAnnexB(data: Buffer): Buffer[] {
  const startCode = Buffer.of(0, 0, 0, 1);
  const units: Buffer[] = [];
  for (let at = data.indexOf(startCode); at !== -1;) {
    const next = data.indexOf(startCode, at + 4);
    units.push(data.subarray(at + 4, next === -1 ? undefined : next));
    at = next;
  }
  return units;
}

function opusHead(): Uint8Array {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = 2;
  head.writeUInt32LE(48_000, 12);
  return head;
}
