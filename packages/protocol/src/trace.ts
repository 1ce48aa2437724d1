// What a session leaves behind for whoever has to find out why it went as it did: every message between the four parties,
// with its time. As the administration's API gives it. Never media, SDP, credentials or other secrets.
import { z } from 'zod';
import { ParticipantId, RoomId } from './ids.ts';
import { LegDiagnosis } from './leg-diagnosis.ts';
import { LegStatus, LegStep } from './leg-progress.ts';
import { SecurityFinding } from './security-finding.ts';

/** The lanes of the diagram, in this order. */
export const TRACE_PARTIES = ['browser', 'app-server', 'media-server', 'turn-server'] as const;
export const TraceParty = z.enum(TRACE_PARTIES);
export type TraceParty = z.infer<typeof TraceParty>;

/** A session is a stream (camera, screen) with its up leg and all its down legs, or one run of the audio/video test. */
export const SessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export type SessionId = z.infer<typeof SessionId>;
export const SessionKind = z.enum(['camera', 'screen', 'test']);
export type SessionKind = z.infer<typeof SessionKind>;

export const TraceLeg = z.object({
  kind: z.enum(['up', 'down', 'testRecord', 'testPlayback']),
  /** Null in a test before joining. */
  participant: ParticipantId.nullable(),
});
export type TraceLeg = z.infer<typeof TraceLeg>;

export const TraceFact = z.union([z.string().max(256), z.number(), z.boolean()]);
export type TraceFact = z.infer<typeof TraceFact>;
export const TraceFacts = z.record(z.string().max(64), TraceFact);
export type TraceFacts = z.infer<typeof TraceFacts>;

/**
 * One arrow of the diagram, or, when `from` and `to` are the same, one thing seen at that party.
 * `request`: answered after `durationMs`; `notification` and `event`: one way; `state`: what a party saw of itself, such as
 * an ICE state; `retry`: the same again because no answer came; `remedy`: a step of the ladder; `gap`: a deadline passed.
 */
export const TraceEntry = z.object({
  /** Unique and growing within the session. */
  number: z.number().int(),
  /** Begin, in ms since 1970 by the server's clock, with fractions. */
  at: z.number(),
  /** Of a request, once it is answered; null: no answer yet, or none to come. */
  durationMs: z.number().nullable(),
  from: TraceParty,
  to: TraceParty,
  kind: z.enum(['request', 'notification', 'event', 'state', 'retry', 'remedy', 'gap']),
  /** The method or event as it stands on the wire, such as `startBroadcast`, `processOffer`, `IceComponentStateChanged`. */
  name: z.string().max(64),
  outcome: z.enum(['pending', 'ok', 'refused', 'lost']).nullable(),
  leg: TraceLeg.nullable(),
  facts: TraceFacts,
});
export type TraceEntry = z.infer<typeof TraceEntry>;

export const TracedLeg = z.object({
  leg: TraceLeg,
  participantName: z.string().nullable(),
  status: LegStatus,
  /** When each step was reached, in ms since 1970. */
  steps: z.array(z.object({ step: LegStep, at: z.number() })),
  /** The media server's view; null when it gives none (the original) or the leg is gone. */
  diagnosis: LegDiagnosis.nullable(),
  /** Whether media goes through a TURN server; null while no pair is selected. */
  relayed: z.boolean().nullable(),
  /** The browser's selected pair, such as `host udp 192.0.2.7:50000`; null while there is none or nothing was told. */
  browserPair: z.object({ local: z.string(), remote: z.string() }).nullable(),
  /** The browser's round trip to the other end of the pair, in ms. */
  roundTripMs: z.number().nullable(),
});
export type TracedLeg = z.infer<typeof TracedLeg>;

export const Verdict = z.object({
  level: z.enum(['good', 'establishing', 'repairing', 'failed', 'ended']),
  /** One plain sentence, such as `Everybody receives it: 3 of 3 viewers confirmed.` */
  text: z.string(),
});
export type Verdict = z.infer<typeof Verdict>;

export const SessionSummary = z.object({
  id: SessionId,
  kind: SessionKind,
  room: RoomId.nullable(),
  participantName: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  verdict: Verdict,
});
export type SessionSummary = z.infer<typeof SessionSummary>;

export const SessionTrace = SessionSummary.extend({
  legs: z.array(TracedLeg),
  entries: z.array(TraceEntry),
  /** How many older entries were dropped because the session had more than the store keeps. */
  dropped: z.number().int(),
  findings: z.array(SecurityFinding),
});
export type SessionTrace = z.infer<typeof SessionTrace>;

/** `GET /api/admin/sessions`, newest first. */
export const SessionsResponse = z.object({ sessions: z.array(SessionSummary) });
export type SessionsResponse = z.infer<typeof SessionsResponse>;

/** What a browser saw of one of its legs: told by `reportTrace`, at most this many at once. */
export const MAX_REPORTED_EVENTS = 64;
export const ReportedEvent = z.object({
  /** How long before the report was sent, in ms: the browser's clock is its own. */
  agoMs: z.number().min(0).max(3_600_000),
  kind: z.enum(['state', 'retry', 'remedy']),
  name: z.string().min(1).max(64),
  facts: TraceFacts.refine((facts) => Object.keys(facts).length <= 16, 'must have at most 16 facts'),
});
export type ReportedEvent = z.infer<typeof ReportedEvent>;
