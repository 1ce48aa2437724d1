// The media profiles of recorders: which kinds of media a file takes, and whether it must be Matroska.
import { KurentoError } from '@parley/protocol';
import type { MediaKind } from '../forwarding/track.ts';

export interface RecordingProfile {
  readonly kinds: readonly MediaKind[];
  /** WebM where the codecs allow it; `matroska` always gives Matroska. */
  readonly container: 'webm' | 'matroska';
}

const PROFILES: Record<string, RecordingProfile> = {
  WEBM: { kinds: ['audio', 'video'], container: 'webm' },
  WEBM_AUDIO_ONLY: { kinds: ['audio'], container: 'webm' },
  WEBM_VIDEO_ONLY: { kinds: ['video'], container: 'webm' },
  MKV: { kinds: ['audio', 'video'], container: 'matroska' },
  MKV_AUDIO_ONLY: { kinds: ['audio'], container: 'matroska' },
  MKV_VIDEO_ONLY: { kinds: ['video'], container: 'matroska' },
};

/**
 * What a Kurento `mediaProfile` asks for.
 * @throws KurentoError NOT_IMPLEMENTED for profiles that need transcoding or another container
 */
export function recordingProfile(name: string): RecordingProfile {
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  if (profile) return profile;
  throw new KurentoError(
    'NOT_IMPLEMENTED',
    `The media profile '${name}' is not supported; use one of ${Object.keys(PROFILES).join(', ')}`,
  );
}
