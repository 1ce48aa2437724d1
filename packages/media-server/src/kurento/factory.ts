// Which class of ours stands for which class of the Kurento model. Adding one is adding a line.
import { Dispatcher } from '../elements/dispatcher.ts';
import { DispatcherOneToMany } from '../elements/dispatcher-one-to-many.ts';
import { HttpPostEndpoint } from '../elements/http-post-endpoint.ts';
import { HubPort } from '../elements/hub-port.ts';
import { MediaPipeline } from '../elements/media-pipeline.ts';
import type { MediaObject, ObjectContext } from '../elements/media-object.ts';
import { PassThrough } from '../elements/pass-through.ts';
import { PlayerEndpoint } from '../elements/player-endpoint.ts';
import { RecorderEndpoint } from '../elements/recorder-endpoint.ts';
import { RtpEndpoint } from '../elements/rtp-endpoint.ts';
import { WebRtcEndpoint } from '../elements/webrtc-endpoint.ts';

/** `params`: constructor parameters by name, marshalled by the model: defaults filled in, ids turned into objects. */
export type MediaObjectConstructor = new (
  context: ObjectContext,
  params: Record<string, unknown>,
) => MediaObject;

export type Factory = Readonly<Record<string, MediaObjectConstructor>>;

export const factory: Factory = {
  Dispatcher,
  DispatcherOneToMany,
  HttpPostEndpoint,
  HubPort,
  MediaPipeline,
  PassThrough,
  PlayerEndpoint,
  RecorderEndpoint,
  RtpEndpoint,
  WebRtcEndpoint,
};
