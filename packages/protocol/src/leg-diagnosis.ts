// What the media server knows of one endpoint's connection: the answer of `getDiagnosis`, an operation that Parley's media
// server has and the original has not (Kurento module `parley`). Facts only: no keys, no media, no credentials.
import { z } from 'zod';

export const SelectedPath = z.object({
  protocol: z.enum(['udp', 'tcp']),
  localAddress: z.string(),
  localPort: z.number().int(),
  remoteAddress: z.string(),
  remotePort: z.number().int(),
});
export type SelectedPath = z.infer<typeof SelectedPath>;

/** One direction of one kind. Counters since the leg was negotiated; `bitrate` in bit/s over the last second or so. */
export const TrackDiagnosis = z.object({
  kind: z.enum(['audio', 'video']),
  direction: z.enum(['received', 'sent']),
  /** Such as `opus` or `VP8`; null while no packet was seen or agreed. */
  codec: z.string().nullable(),
  packets: z.number().int(),
  bytes: z.number().int(),
  lost: z.number().int(),
  /** In ms; null: not known. */
  jitterMs: z.number().nullable(),
  bitrate: z.number(),
});
export type TrackDiagnosis = z.infer<typeof TrackDiagnosis>;

export const LegDiagnosis = z.object({
  ice: z.object({
    state: z.enum(['new', 'checking', 'connected', 'disconnected', 'failed']),
    selected: SelectedPath.nullable(),
    /** How many times ICE was restarted on this endpoint. */
    restarts: z.number().int(),
  }),
  dtls: z.object({
    state: z.enum(['new', 'connecting', 'connected', 'failed', 'closed']),
    /** Such as `DTLS 1.2`; null before the handshake. */
    version: z.string().nullable(),
    /** Such as `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256` (its name in IANA's registry). */
    cipher: z.string().nullable(),
    /** Why it failed, in the terms of the field, such as `fingerprint mismatch`. */
    failure: z.string().nullable(),
  }),
  srtp: z.object({
    /** IANA's name, such as `SRTP_AEAD_AES_128_GCM`. */
    profile: z.string().nullable(),
  }),
  /** Between the media server and the browser, from RTCP; null before the first report. */
  roundTripMs: z.number().nullable(),
  /** Packets that were dropped because the browser sent more than is taken. Media servers of before do not say. */
  dropped: z.number().int().default(0),
  tracks: z.array(TrackDiagnosis),
});
export type LegDiagnosis = z.infer<typeof LegDiagnosis>;
