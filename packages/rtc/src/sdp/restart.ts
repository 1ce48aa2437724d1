// Answers the offer of an ICE restart: a session that is negotiated already gets new credentials and candidates, and
// everything else stays to the letter (RFC 8839, section 4.4; RFC 8445, section 9).
import { checkedCandidate, type NegotiatedMedia, type Negotiation } from './answer.ts';
import { MIRRORED } from './direction.ts';
import { readOffer, type Fingerprint, type OfferedMedia } from './offer.ts';
import { SdpError } from './sdp-error.ts';
import { writeDescription } from './write.ts';

/** Our side of the new generation. */
export interface RestartSession {
  iceUfrag: string;
  icePwd: string;
  /** Values of `a=candidate` lines. */
  candidates: readonly string[];
}

/** The new credentials in the offer of a restart. */
export interface OfferedRestart {
  iceUfrag: string;
  icePwd: string;
}

/**
 * Checks that `offer` restarts ICE on the session of `former` and changes nothing else that matters to us.
 * @throws {SdpError} 'mismatch' when it changes m-lines, codecs, SSRCs, directions or the fingerprint, or restarts
 * nothing; the other reasons for an offer that cannot be read.
 */
export function readRestart(offer: string, former: Negotiation): OfferedRestart {
  const { media } = readOffer(offer);
  if (media.length !== former.media.length)
    throw SdpError.mismatch(`it has ${media.length} m-lines, the session has ${former.media.length}`);
  for (const line of former.media) checkLine(media[line.index], line);
  const carrier = former.media.find(({ accepted }) => accepted)?.index ?? 0;
  const { iceUfrag, icePwd, fingerprint, setup } = media[carrier]?.transport ?? {};
  if (!isSame(fingerprint, former.remote.fingerprint))
    throw SdpError.mismatch('its fingerprint is another one, and a restart keeps the DTLS association');
  if (setup === 'passive')
    throw SdpError.mismatch('it says a=setup:passive, and DTLS roles stay as they are');
  if (iceUfrag === undefined || icePwd === undefined)
    throw SdpError.mismatch('it has no ice-ufrag and ice-pwd');
  if (iceUfrag === former.remote.iceUfrag || icePwd === former.remote.icePwd)
    throw SdpError.mismatch('its ice-ufrag and ice-pwd are the present ones: nothing is restarted');
  return { iceUfrag, icePwd };
}

/** The session with the new generation of both sides, and its answer. */
export function answerRestart(
  former: Negotiation,
  offered: OfferedRestart,
  local: RestartSession,
): Negotiation {
  const { iceUfrag, icePwd } = local;
  const candidates = local.candidates.map(checkedCandidate);
  const media = former.session.media.map((line) => {
    if (!line.accepted) return line;
    const own = line.accepted.candidates && candidates;
    return { ...line, accepted: { ...line.accepted, iceUfrag, icePwd, candidates: own } };
  });
  const session = { ...former.session, version: former.session.version + 1, media };
  return { ...former, answer: writeDescription(session), session, remote: { ...former.remote, ...offered } };
}

function checkLine(offered: OfferedMedia, agreed: NegotiatedMedia): void {
  const where = `m-line ${agreed.index}`;
  // What was refused stays refused, whatever is offered there.
  if (!agreed.accepted) return;
  if (offered.mid !== agreed.mid) throw SdpError.mismatch(`${where} has another mid`);
  if (offered.type !== agreed.kind) throw SdpError.mismatch(`${where} has another kind of media`);
  if (offered.port === 0 && !offered.bundleOnly) throw SdpError.mismatch(`${where} is closed`);
  if (agreed.kind !== 'application' && MIRRORED[offered.direction] !== agreed.direction)
    throw SdpError.mismatch(`${where} has another direction`);
  if (agreed.remoteSsrc !== undefined && offered.ssrc !== undefined && offered.ssrc !== agreed.remoteSsrc)
    throw SdpError.mismatch(`${where} has another SSRC`);
  for (const { name, payloadType, rtxPayloadType } of agreed.sendCodecs ?? agreed.codecs) {
    const isThere = offered.payloads.some(
      (payload) =>
        payload.payloadType === payloadType && payload.encoding.toLowerCase() === name.toLowerCase(),
    );
    const hasRtx =
      rtxPayloadType === undefined ||
      offered.payloads.some((payload) => payload.payloadType === rtxPayloadType);
    if (!isThere || !hasRtx) throw SdpError.mismatch(`${where} lacks payload type ${payloadType} (${name})`);
  }
  for (const { id, uri } of agreed.headerExtensions) {
    if (!offered.headerExtensions.some((each) => each.id === id && each.uri === uri))
      throw SdpError.mismatch(`${where} lacks header extension ${id}`);
  }
}

function isSame(one: Fingerprint | undefined, other: Fingerprint | undefined): boolean {
  return one?.algorithm === other?.algorithm && one?.value === other?.value;
}
