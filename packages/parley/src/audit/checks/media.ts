// Is media protected as it should be? The media server is asked for weak SRTP profiles and nothing else.
import { securityFinding } from '@parley/protocol';
import { WEAK_PROFILES, type MediaProbe } from '../../probes/media-probe.ts';
import { NOT_RUNNING, failed, judged, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

export async function judgeMedia(subject: AuditSubject): Promise<Judgement> {
  const { url } = subject;
  return url === undefined ? NOT_RUNNING : judgeProbe(await subject.media(url));
}

export function judgeProbe({ dtlsSrtp, weakProfiles, candidates }: MediaProbe): Judgement {
  if (!dtlsSrtp)
    return judged(
      '',
      securityFinding(
        'media-without-dtls',
        'the media server answered without DTLS, or with keys in its answer',
      ),
    );
  if (weakProfiles === undefined)
    return failed(
      candidates.some(({ reached }) => reached)
        ? 'the media server did not answer the beginning of DTLS'
        : 'the media port could not be reached: see "parley doctor"',
    );
  const taken = weakProfiles.type === 'hello' ? weakProfiles.profile : undefined;
  const name = taken === undefined ? undefined : WEAK_PROFILES[taken];
  const offered = Object.values(WEAK_PROFILES).join(', ');
  if (name !== undefined)
    return judged(
      '',
      securityFinding('srtp-profile-weak', `offered only ${offered}, the media server agreed to ${name}`),
    );
  return judged(`offered only ${offered}, the media server agreed to none of them`);
}
