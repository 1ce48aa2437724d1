// What `getDiagnosis` says of one peer connection, gathered from what transport and tracks count anyway. Facts only: no keys,
// no credentials.
import { isIPv6 } from 'node:net';
import type { LegDiagnosis, SelectedPath, TrackDiagnosis } from '@parley/protocol';
import { parseCandidate, SRTP_PROFILE_PARAMETERS } from '@parley/rtc';
import type { DownTrack } from '../forwarding/down-track.ts';
import type { RtpSession } from '../forwarding/rtp-session.ts';
import type { UpTrack } from '../forwarding/up-track.ts';
import type { Path } from '../transport/path.ts';
import type { WebRtcTransport } from '../transport/webrtc-transport.ts';

export interface LegFacts {
  readonly transport: Pick<WebRtcTransport, 'iceState' | 'dtlsState' | 'dtlsDetails' | 'path' | 'dropped'>;
  readonly session: RtpSession;
  /** How often ICE was restarted. */
  readonly restarts: number;
  /** All of this side, as candidate lines. */
  readonly candidates: readonly string[];
}

export function diagnoseLeg({ transport, session, restarts, candidates }: LegFacts): LegDiagnosis {
  const { cipherSuite, failure, srtpProfile } = transport.dtlsDetails;
  const { path } = transport;
  return {
    ice: {
      state: transport.iceState,
      selected: path ? selectedPath(path, candidates) : null,
      restarts,
    },
    dtls: {
      state: transport.dtlsState,
      // The only version that our server speaks.
      version: cipherSuite === undefined ? null : 'DTLS 1.2',
      cipher: cipherSuite ?? null,
      failure: failure ?? null,
    },
    srtp: { profile: srtpProfile === undefined ? null : SRTP_PROFILE_PARAMETERS[srtpProfile].ianaName },
    roundTripMs: session.roundTripMs ?? null,
    dropped: transport.dropped,
    tracks: [
      ...session.receiving.map((track) => received(track, session)),
      ...session.sending.map((track) => sent(track, session)),
    ],
  };
}

/** Which of our candidates the peer uses: the first one of its protocol, address family and kind of way. Undefined: none. */
export function localCandidateFor(path: Path, candidates: readonly string[]): string | undefined {
  return candidates.find((line) => {
    const local = parseCandidate(line);
    if ((local?.type === 'relay') !== (path.relayed === true)) return false;
    return local?.transport === path.protocol && isIPv6(local.address) === isIPv6(path.address);
  });
}

function selectedPath(path: Path, candidates: readonly string[]): SelectedPath {
  const local = parseCandidate(localCandidateFor(path, candidates) ?? '');
  return {
    protocol: path.protocol,
    localAddress: local?.address ?? '',
    localPort: local?.port ?? 0,
    remoteAddress: path.address,
    remotePort: path.port,
  };
}

function received(track: UpTrack, session: RtpSession): TrackDiagnosis {
  const { statistics, totals } = track;
  return {
    kind: track.kind,
    direction: 'received',
    codec: (statistics && track.codec?.name) ?? null,
    packets: totals.packets,
    bytes: totals.bytes,
    lost: totals.lost,
    jitterMs: statistics?.jitterMs ?? null,
    bitrate: session.bitrateOf(track),
  };
}

function sent(track: DownTrack, session: RtpSession): TrackDiagnosis {
  const { packetCount, octetCount, packetsLost, jitter } = track.statistics;
  const { codec } = track;
  return {
    kind: track.kind,
    direction: 'sent',
    codec: codec?.name ?? null,
    packets: packetCount,
    bytes: octetCount,
    lost: packetsLost,
    jitterMs: codec && jitter !== undefined ? (jitter / codec.clockRate) * 1000 : null,
    bitrate: session.bitrateOf(track),
  };
}
