// What the application server reads out of a browser's offer. Not a parser of SDP: the media server has one.
import { Refusal } from '../refusal.ts';

/** RFC 8839, section 5.4: the first user fragment; under BUNDLE all are the same. */
export function ufragOf(sdpOffer: string): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(sdpOffer)?.[1];
}

/**
 * Refuses an offer that lacks a kind of media that was announced: its recorder would wait for it for ever.
 * @throws Refusal ('sdp-refused')
 */
export function checkOfferSends(sdpOffer: string, announced: { audio: boolean; video: boolean }): void {
  for (const kind of ['audio', 'video'] as const)
    if (announced[kind] && !sends(sdpOffer, kind))
      throw new Refusal('sdp-refused', `the offer does not send ${kind}, but ${kind} was announced`);
}

/** RFC 8866, section 6.7 (sendrecv where nothing is said); RFC 3264, section 5.1 (port 0: rejected). */
function sends(sdpOffer: string, kind: 'audio' | 'video'): boolean {
  return sdpOffer
    .split(/^m=/m)
    .slice(1)
    .some(
      (section) =>
        section.startsWith(`${kind} `) &&
        !section.startsWith(`${kind} 0 `) &&
        !/^a=(recvonly|inactive)\s*$/m.test(section),
    );
}
