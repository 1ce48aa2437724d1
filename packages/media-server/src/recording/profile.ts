// The media profiles of recorders: which kinds of media a file takes, in which format, and what that format can hold.
import { KurentoError } from '@parley/protocol';
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';
import type { ByteSink } from './byte-sink.ts';
import type { Container, FileTracks } from './container.ts';
import { Mp4Container } from './mp4-container.ts';
import { WebmContainer } from './webm-container.ts';

export interface RecordingProfile {
  readonly kinds: readonly MediaKind[];
  /** WebM becomes Matroska when a codec asks for it; the others stay what they are. */
  readonly format: FileFormat;
}

export type FileFormat = 'webm' | 'matroska' | 'mp4';

const FORMATS: Record<string, FileFormat> = { WEBM: 'webm', MKV: 'matroska', MP4: 'mp4' };

const KINDS: Record<string, readonly MediaKind[]> = {
  '': ['audio', 'video'],
  _AUDIO_ONLY: ['audio'],
  _VIDEO_ONLY: ['video'],
};

const PROFILES: ReadonlyMap<string, RecordingProfile> = new Map(
  Object.entries(FORMATS).flatMap(([name, format]) =>
    Object.entries(KINDS).map(([suffix, kinds]) => [name + suffix, { kinds, format }] as const),
  ),
);

/** Profiles of the original that are none here, and why. */
const MISSING: ReadonlyMap<string, string> = new Map([
  ['JPEG_VIDEO_ONLY', 'it needs transcoding, and media is recorded as it comes'],
  ['FLV', 'its codecs are none that browsers send, and media is recorded as it comes'],
  ['KURENTO_SPLIT_RECORDER', 'a recording is one file'],
]);

/**
 * What the formats hold of the codecs that browsers send. WebM takes H.264, too, but as Matroska, of which it is a
 * subset: see `fileFormat`.
 */
const HOLDS: Record<FileFormat, readonly RtpCodec['name'][]> = {
  webm: ['opus', 'VP8', 'VP9', 'AV1', 'H264'],
  matroska: ['opus', 'VP8', 'VP9', 'AV1', 'H264'],
  mp4: ['opus', 'VP9', 'AV1', 'H264'],
};

const FORMAT_NAMES: Record<FileFormat, string> = { webm: 'WebM', matroska: 'Matroska', mp4: 'MP4' };

/**
 * What a Kurento `mediaProfile` asks for.
 * @throws KurentoError NOT_IMPLEMENTED for profiles that need transcoding or another format
 */
export function recordingProfile(name: string): RecordingProfile {
  const profile = PROFILES.get(name);
  if (profile) return profile;
  const reason = MISSING.get(name);
  throw new KurentoError(
    'NOT_IMPLEMENTED',
    `The media profile '${name}' is not supported${reason ? `: ${reason}` : ''}. Use one of ${[...PROFILES.keys()].join(', ')}`,
  );
}

/** Whether the codec can be recorded in this format. */
export function holds(format: FileFormat, codec: RtpCodec): boolean {
  return HOLDS[format].includes(codec.name);
}

/** A sentence for who chose the profile: why the codec is left out, and what would take it. */
export function whyNotHeld(format: FileFormat, { kind, name }: RtpCodec): string {
  const others = (Object.keys(HOLDS) as FileFormat[]).filter((other) => HOLDS[other].includes(name));
  const advice = others.length > 0 ? `; ${others.map((other) => FORMAT_NAMES[other]).join(' and ')} can` : '';
  // The one of them that all browsers send when they are asked to.
  const offer = kind === 'video' && HOLDS[format].includes('H264') ? ', or let the sender offer H264' : '';
  return `The ${kind} cannot be recorded: ${FORMAT_NAMES[format]} files cannot hold ${name}, and nothing is transcoded${advice}${offer}`;
}

/**
 * What the file with these tracks is. H.264 has no place in WebM, but a recording that is honest about being Matroska is
 * worth more than none, whatever its name ends in: what a browser sends is not for who records to choose.
 */
export function fileFormat({ format }: RecordingProfile, tracks: FileTracks): FileFormat {
  return format === 'webm' && tracks.video?.codec === 'avc' ? 'matroska' : format;
}

/** As sent along with the file. */
export function contentTypeOf(format: FileFormat, tracks: FileTracks): string {
  return `${tracks.video ? 'video' : 'audio'}/${format === 'matroska' ? 'x-matroska' : format}`;
}

/** Of the name of a file of that content type, with its dot. */
export function fileEnding(contentType: string): string {
  return contentType.endsWith('x-matroska') ? '.mkv' : `.${contentType.split('/')[1]}`;
}

export function openContainer(format: FileFormat, sink: ByteSink, tracks: FileTracks): Container {
  return format === 'mp4' ? new Mp4Container(sink, tracks) : new WebmContainer(sink, tracks, format);
}
