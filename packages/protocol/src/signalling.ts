// Every message between browser and application server, once: JSON-RPC 2.0 over the WebSocket at /ws.
// `requests` are answered exactly once, by a result or an error; `notifications` go from server to browser only.
import { z } from 'zod';
import { ParticipantId, RecordingId, RoomId, StreamId } from './ids.ts';
import { LegStatus } from './leg-progress.ts';
import { MAX_REPORTED_EVENTS, ReportedEvent } from './trace.ts';

/** Largest SDP and largest whole message that either side accepts, in characters. */
export const MAX_SDP_LENGTH = 65_536;
export const MAX_MESSAGE_LENGTH = 131_072;

const Sdp = z.string().min(1).max(MAX_SDP_LENGTH);
const Nothing = z.object({});

/** RFC 8829, section 3.5.1: what `RTCIceCandidate.toJSON()` gives. An empty `candidate` ends the gathering. */
export const Candidate = z.object({
  candidate: z.string().max(1_024),
  sdpMid: z.string().max(64).nullish(),
  sdpMLineIndex: z.number().int().min(0).max(255).nullish(),
});
export type Candidate = z.infer<typeof Candidate>;

/** One entry of `RTCConfiguration.iceServers`. */
export const IceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof IceServer>;

/** Neither control characters, some of which a database does not store, nor what turns the text after it around. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;
/** U+2800 is the empty pattern of Braille. */
const VISIBLE = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** How a participant wants to be called: on tiles, in notices, beside recordings. */
export const ParticipantName = z
  .string()
  .trim()
  .max(64)
  .refine((name) => VISIBLE.test(name), 'must have something to be seen')
  .refine((name) => !UNWRITABLE.test(name), 'must have no control characters');

/** `away`: their connection is lost, and they are waited for. */
export const Participant = z.object({ id: ParticipantId, name: z.string(), away: z.boolean().optional() });
export type Participant = z.infer<typeof Participant>;

/** What makes a browser the same participant again; only that browser has the secret. */
export const Resume = z.object({ participant: ParticipantId, secret: z.string().max(64) });
export type Resume = z.infer<typeof Resume>;

export const StreamKind = z.enum(['camera', 'screen']);
export type StreamKind = z.infer<typeof StreamKind>;

/** A stream as every participant of the room sees it. `muted`: its sound is switched off at the source for now. */
export const StreamDescription = z.object({
  id: StreamId,
  participant: ParticipantId,
  kind: StreamKind,
  audio: z.boolean(),
  video: z.boolean(),
  muted: z.boolean(),
});
export type StreamDescription = z.infer<typeof StreamDescription>;

/** One up or one down peer connection of this browser. */
export const Leg = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up'), stream: StreamId }),
  z.object({ kind: z.literal('down'), stream: StreamId }),
  z.object({ kind: z.literal('testRecord') }),
  z.object({ kind: z.literal('testPlayback') }),
]);
export type Leg = z.infer<typeof Leg>;

/** By which way an ICE restart looks: `tcp` and `relay` are for networks that let no UDP through, or none that lasts. */
export const IceVia = z.enum(['any', 'tcp', 'relay']);
export type IceVia = z.infer<typeof IceVia>;

/** Who receives a stream: its up leg, and the down leg of each viewer. */
export const Ledger = z.object({
  stream: StreamId,
  up: LegStatus,
  viewers: z.array(z.object({ participant: ParticipantId, status: LegStatus })),
});
export type Ledger = z.infer<typeof Ledger>;

/**
 * A recording that runs in the room. `startedAt` is the server's clock in ms since 1970; `runningMs`: for how long it had run
 * when this was said, because a browser's clock may say something else.
 */
export const RunningRecording = z.object({
  id: RecordingId,
  startedBy: ParticipantId,
  startedAt: z.number(),
  runningMs: z.number().nonnegative(),
});
export type RunningRecording = z.infer<typeof RunningRecording>;

/** What tries the server without a person who joins: the two commands, and the page `/check`. */
export const TestingProgram = z.enum(['audit', 'check', 'doctor']);
export type TestingProgram = z.infer<typeof TestingProgram>;

/** Requests of the browser, with what they take and what they give. */
export const requests = {
  /**
   * Enters a room. Everything but the test flows, `leave` and `ping` needs it first. With a valid `resume` the browser is
   * the same participant as before, in place of its former connection; else it is a new one, without a word.
   * `secret`: for the next `resume`. `legs`: those of this participant that still run on the server.
   */
  join: {
    params: z.object({ room: RoomId, name: ParticipantName, resume: Resume.optional() }),
    result: z.object({
      self: Participant,
      secret: z.string(),
      legs: z.array(Leg),
      participants: z.array(Participant),
      streams: z.array(StreamDescription),
      iceServers: z.array(IceServer),
      recording: RunningRecording.nullable(),
    }),
  },
  leave: { params: Nothing, result: Nothing },
  /** Asks for nothing but an answer, which a lost connection does not give. */
  ping: { params: Nothing, result: Nothing },

  /**
   * New credentials for the same ICE servers, before the former ones end: for the call in a room, else for a test. A relayed
   * leg goes on after an ICE restart with them: a browser keeps to the credentials that its allocation was made with.
   */
  renewIceServers: {
    params: Nothing,
    result: z.object({ iceServers: z.array(IceServer), expiresInSeconds: z.number().int().positive() }),
  },

  /** Flow 3, first half: asks to broadcast; permission comes with the stream's id and ICE servers. */
  requestBroadcast: {
    params: z.object({ kind: StreamKind, audio: z.boolean(), video: z.boolean(), muted: z.boolean() }),
    result: z.object({ stream: StreamDescription, iceServers: z.array(IceServer) }),
  },
  /** Flow 3, second half: the browser's offer for the permitted stream, answered by the media server. */
  startBroadcast: {
    params: z.object({ stream: StreamId, sdpOffer: Sdp }),
    result: z.object({ sdpAnswer: Sdp }),
  },
  stopBroadcast: { params: z.object({ stream: StreamId }), result: Nothing },
  /** Says that the sound of a running stream was switched off or on at the source; no renegotiation. */
  setMuted: { params: z.object({ stream: StreamId, muted: z.boolean() }), result: Nothing },

  /** Flow 4: a new endpoint for this viewer, connected to the sender. Repeating it replaces the former endpoint. */
  watch: {
    params: z.object({ stream: StreamId, sdpOffer: Sdp }),
    result: z.object({ sdpAnswer: Sdp }),
  },
  unwatch: { params: z.object({ stream: StreamId }), result: Nothing },

  /**
   * New ICE credentials and candidates for a leg that runs (RFC 8445, section 9): its endpoint, keys and tracks stay. `relay`
   * is the browser's own doing. Refused as `not-supported` by a media server that cannot: then the leg is to be built anew.
   */
  restartIce: {
    params: z.object({ leg: Leg, sdpOffer: Sdp, via: IceVia }),
    result: z.object({ sdpAnswer: Sdp }),
  },

  /** A candidate of this browser for one of its legs. May come before the leg's endpoint exists: it is kept. */
  addCandidate: { params: z.object({ leg: Leg, candidate: Candidate }), result: Nothing },

  /**
   * How one of this browser's own legs fares, as only the browser can see: whether frames and samples are decoded, and
   * what it could not get from its devices. Sent when it changes.
   */
  reportLeg: {
    params: z.object({
      leg: z.object({ kind: z.enum(['up', 'down']), stream: StreamId }),
      status: LegStatus,
    }),
    result: Nothing,
  },

  /**
   * What this browser saw of one of its own legs, for the session's trace. `selected-pair` tells the pair that its ICE agent
   * uses, with the facts `localType` (`host`, `srflx`, `prflx`, `relay`), `localProtocol`, `localAddress`, `remoteAddress`,
   * `relayProtocol` when relayed, and `roundTripMs` when known. Nothing secret belongs in here, and is dropped.
   */
  reportTrace: {
    params: z.object({ leg: Leg, events: z.array(ReportedEvent).min(1).max(MAX_REPORTED_EVENTS) }),
    result: Nothing,
  },

  /** Flows 1 and 2, first half: asks for the ICE servers of a test. `by`: what tries the server, when it is no person before joining. */
  requestTest: {
    params: z.object({ by: TestingProgram.optional() }),
    result: z.object({ iceServers: z.array(IceServer) }),
  },
  /** Flow 1: records what this browser sends, until `stopTest` or the limit (`TEST_RECORD_SECONDS`). */
  startTestRecord: {
    params: z.object({ sdpOffer: Sdp, audio: z.boolean(), video: z.boolean() }),
    result: z.object({ sdpAnswer: Sdp, seconds: z.number() }),
  },
  /** Flow 2: plays back what flow 1 recorded in this session. */
  startTestPlayback: { params: z.object({ sdpOffer: Sdp }), result: z.object({ sdpAnswer: Sdp }) },
  stopTest: { params: Nothing, result: Nothing },

  /**
   * A path check: an endpoint that sends back what this browser sends, until `stopPathCheck`, the next one, or the limit
   * (`PATH_CHECK_SECONDS`). The offer is complete, and so is the answer: no candidates follow. Needs no room.
   */
  startPathCheck: { params: z.object({ sdpOffer: Sdp }), result: z.object({ sdpAnswer: Sdp }) },
  stopPathCheck: { params: Nothing, result: Nothing },

  /** Records every stream of the room, those that start later too, one piece each. */
  startRecording: { params: Nothing, result: RunningRecording },
  stopRecording: { params: Nothing, result: Nothing },
} as const;

/** Why a stream or a leg ended, as told to the browser. */
export const EndReason = z.enum([
  'stopped',
  'left',
  'connection-lost',
  'media-lost',
  'media-server-lost',
  'failed',
]);
export type EndReason = z.infer<typeof EndReason>;

/** What the server tells the browser unasked. */
export const notifications = {
  participantJoined: z.object({ participant: Participant }),
  /** They went away or came back, or have another name now. */
  participantChanged: z.object({ participant: Participant }),
  participantLeft: z.object({ participant: ParticipantId, reason: EndReason }),
  /** A stream may be watched from now on, with these ICE servers. Never sent for the browser's own streams. */
  streamStarted: z.object({ stream: StreamDescription, iceServers: z.array(IceServer) }),
  streamChanged: z.object({ stream: StreamDescription }),
  /** Sent to everyone in the room, to the sender too when it was not the sender who stopped it. */
  streamStopped: z.object({ stream: StreamId, reason: EndReason }),
  /** "Who can see me": sent to everyone in the room when it has changed, and for each stream after joining. */
  ledger: Ledger,
  /**
   * Viewers of the browser's own stream still have no picture although the media server has asked for a key frame: what it
   * sends to the browser may not come through.
   */
  keyFrameWanted: z.object({ stream: StreamId }),
  /** A candidate of the media server for one of this browser's legs. */
  candidate: z.object({ leg: Leg, candidate: Candidate }),

  /** Flow 1: once a second from 0, counted from when media reached the recorder. */
  testTick: z.object({ seconds: z.number().int() }),
  /** Flow 1 ended and the file is complete; `seconds` is how much was recorded. */
  testRecorded: z.object({ seconds: z.number() }),
  /** Flow 2 reached the end. */
  testPlayed: z.object({}),
  testFailed: z.object({ message: z.string() }),

  recordingStarted: z.object({ recording: RunningRecording }),
  /** `lost`: nobody stopped it; its media server is gone, and it does not begin again by itself. */
  recordingStopped: z.object({ recording: RecordingId, lost: z.boolean().optional() }),
  /** The room's owner has deleted a recording that had ended. */
  recordingDeleted: z.object({ recording: RecordingId }),
  /** A stream is not recorded any more though the recording runs, such as when the disk is full. */
  recordingFailed: z.object({ stream: StreamId, message: z.string() }),
  /** The application server lost (false) or found again (true) its media server. */
  mediaServer: z.object({ available: z.boolean() }),
} as const;

/** How long a test recording runs at most, in seconds. */
export const TEST_RECORD_SECONDS = 5;

/** How long a path check may hold an endpoint, in seconds. */
export const PATH_CHECK_SECONDS = 20;

/** The connection was closed because its participant has another one now (RFC 6455, section 7.4.2: 4000 to 4999). */
export const TAKEN_OVER_CODE = 4001;

/** Why a request was refused; travels as `error.data.reason`. */
export const RefusalReason = z.enum([
  'invalid-message',
  'not-in-a-room',
  'already-in-a-room',
  'room-gone',
  'room-full',
  'unknown-stream',
  'not-yours',
  'screen-already-shared',
  'sdp-refused',
  'media-server-unreachable',
  'media-server-refused',
  'not-supported',
  'nothing-recorded',
  'already-recording',
  'not-recording',
  'too-many-requests',
  'internal',
]);
export type RefusalReason = z.infer<typeof RefusalReason>;

export type RequestName = keyof typeof requests;
export type RequestParams<Name extends RequestName> = z.infer<(typeof requests)[Name]['params']>;
export type RequestResult<Name extends RequestName> = z.infer<(typeof requests)[Name]['result']>;
export type NotificationName = keyof typeof notifications;
export type NotificationParams<Name extends NotificationName> = z.infer<(typeof notifications)[Name]>;
