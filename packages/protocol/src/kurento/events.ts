// The events and complex values that a client of the Kurento Protocol receives, as schemas and types. They take what a
// real Kurento Media Server sends; unknown fields are dropped. A test holds them against the model.
import { z } from 'zod';

export const MediaType = z.enum(['AUDIO', 'VIDEO', 'DATA']);
export type MediaType = z.infer<typeof MediaType>;

export const KurentoTag = z.object({ key: z.string(), value: z.string() });
export type KurentoTag = z.infer<typeof KurentoTag>;

export const KurentoIceCandidate = z.object({
  candidate: z.string(),
  sdpMid: z.string(),
  sdpMLineIndex: z.number().int(),
});
export type KurentoIceCandidate = z.infer<typeof KurentoIceCandidate>;

export const KurentoIceCandidatePair = z.object({
  streamId: z.string(),
  componentId: z.number().int(),
  localCandidate: z.string(),
  remoteCandidate: z.string(),
});
export type KurentoIceCandidatePair = z.infer<typeof KurentoIceCandidatePair>;

export const KurentoElementConnection = z.object({
  source: z.string(),
  sink: z.string(),
  type: MediaType,
  sourceDescription: z.string(),
  sinkDescription: z.string(),
});
export type KurentoElementConnection = z.infer<typeof KurentoElementConnection>;

export const KurentoServerInfo = z.object({
  version: z.string(),
  modules: z.array(
    z.object({
      version: z.string(),
      name: z.string(),
      generationTime: z.string(),
      factories: z.array(z.string()),
    }),
  ),
  type: z.enum(['KMS', 'KCS']),
  capabilities: z.array(z.string()),
});
export type KurentoServerInfo = z.infer<typeof KurentoServerInfo>;

const raised = { source: z.string(), timestampMillis: z.string(), tags: z.array(KurentoTag) };
const media = { ...raised, type: z.string() };
const flow = {
  ...media,
  state: z.enum(['FLOWING', 'NOT_FLOWING']),
  padName: z.string(),
  mediaType: MediaType,
};
const connected = z.enum(['DISCONNECTED', 'CONNECTED']);
const stateChange = { ...media, oldState: connected, newState: connected };
const connection = {
  ...media,
  sink: z.string(),
  mediaType: MediaType,
  sourceMediaDescription: z.string(),
  sinkMediaDescription: z.string(),
};

const dataChannel = { ...media, channelId: z.number().int() };

/** `data` of each event, by the event's name. `source`, `sink` and `object` are ids. */
export const kurentoEvents = {
  /** `type` is the kind of error here, e.g. INVALID_URI. */
  Error: z.object({ ...raised, description: z.string(), errorCode: z.number().int(), type: z.string() }),
  ObjectCreated: z.object({ ...raised, object: z.string() }),
  ObjectDestroyed: z.object({ ...raised, objectId: z.string() }),
  ElementConnected: z.object(connection),
  ElementDisconnected: z.object(connection),
  /** From outside into the pipeline, through this element. */
  MediaFlowOutStateChanged: z.object(flow),
  /** From the pipeline into this element. */
  MediaFlowInStateChanged: z.object(flow),
  MediaTranscodingStateChanged: z.object({
    ...media,
    state: z.enum(['TRANSCODING', 'NOT_TRANSCODING']),
    binName: z.string(),
    mediaType: MediaType,
  }),
  MediaSessionStarted: z.object(media),
  MediaSessionTerminated: z.object(media),
  MediaStateChanged: z.object(stateChange),
  ConnectionStateChanged: z.object(stateChange),
  IceCandidateFound: z.object({ ...media, candidate: KurentoIceCandidate }),
  IceGatheringDone: z.object(media),
  IceComponentStateChanged: z.object({
    ...media,
    streamId: z.number().int(),
    componentId: z.number().int(),
    state: z.enum(['DISCONNECTED', 'GATHERING', 'CONNECTING', 'CONNECTED', 'READY', 'FAILED']),
  }),
  DtlsConnectionStateChange: z.object({
    ...media,
    streamId: z.string(),
    componentId: z.string(),
    connectionId: z.string(),
    state: z.enum(['NEW', 'CLOSED', 'FAILED', 'CONNECTING', 'CONNECTED']),
  }),
  NewCandidatePairSelected: z.object({ ...media, candidatePair: KurentoIceCandidatePair }),
  DataChannelOpened: z.object(dataChannel),
  DataChannelClosed: z.object(dataChannel),
  OnKeySoftLimit: z.object({ ...media, mediaType: MediaType }),
  UriEndpointStateChanged: z.object({ ...media, state: z.enum(['STOP', 'START', 'PAUSE']) }),
  Recording: z.object(media),
  Paused: z.object(media),
  Stopped: z.object(media),
  EndOfStream: z.object(media),
} as const;

export type KurentoEventName = keyof typeof kurentoEvents;
export type KurentoEventData<Name extends KurentoEventName> = z.infer<(typeof kurentoEvents)[Name]>;

/** `params` of the notification `onEvent`. `data` is to be parsed with the schema that `type` names. */
export const OnEventParams = z.object({
  value: z.object({ object: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) }),
});
export type OnEventParams = z.infer<typeof OnEventParams>;
