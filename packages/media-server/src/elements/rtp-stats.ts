// What `getStats` says of one kind of media of a peer connection, in Kurento's shapes (RTCInboundRTPStreamStats, …).
import type { RtpSession } from '../forwarding/rtp-session.ts';
import type { MediaKind } from '../forwarding/track.ts';
import type { StatsRecord } from './element-stats.ts';

/** Ids are `<endpoint>/inbound-video` and so on, stable over the endpoint's life. Empty before any packet passed. */
export function rtpStats(endpointId: string, kind: MediaKind, session: RtpSession): StatsRecord[] {
  return [...inbound(endpointId, kind, session), ...outbound(endpointId, kind, session)];
}

function inbound(endpointId: string, kind: MediaKind, session: RtpSession): StatsRecord[] {
  const track = session.up[kind];
  const { statistics } = track;
  if (!statistics || track.ssrc === undefined) return [];
  return [
    {
      ...common(
        `${endpointId}/inbound-${kind}`,
        'RTCInboundRTPStreamStats',
        'inboundrtp',
        track.ssrc,
        track.counters,
      ),
      packetsReceived: statistics.packetsReceived,
      bytesReceived: statistics.bytesReceived,
      packetsLost: statistics.packetsLost,
      fractionLost: statistics.lastFractionLost,
      jitter: statistics.jitterMs / 1000,
      remb: kind === 'video' ? (session.requestedBitrate ?? 0) : 0,
    },
  ];
}

function outbound(endpointId: string, kind: MediaKind, session: RtpSession): StatsRecord[] {
  const track = session.down[kind];
  if (track.ssrc === undefined) return [];
  const { statistics } = track;
  return [
    {
      ...common(
        `${endpointId}/outbound-${kind}`,
        'RTCOutboundRTPStreamStats',
        'outboundrtp',
        track.ssrc,
        track.counters,
      ),
      packetsSent: statistics.packetCount,
      bytesSent: statistics.octetCount,
      packetsLost: statistics.packetsLost,
      fractionLost: statistics.fractionLost ?? 0,
      roundTripTime: (statistics.roundTripMs ?? 0) / 1000,
      targetBitrate: 0,
      remb: kind === 'video' ? (session.peerEstimate ?? 0) : 0,
    },
  ];
}

function common(
  id: string,
  __type__: string,
  type: string,
  ssrc: number,
  counters: Readonly<{ nacks: number; plis: number; firs: number }>,
): StatsRecord {
  return {
    __type__,
    id,
    type,
    timestampMillis: Date.now(),
    ssrc: String(ssrc),
    associateStatsId: '',
    isRemote: false,
    mediaTrackId: '',
    transportId: '',
    codecId: '',
    sliCount: 0,
    nackCount: counters.nacks,
    pliCount: counters.plis,
    firCount: counters.firs,
  };
}
