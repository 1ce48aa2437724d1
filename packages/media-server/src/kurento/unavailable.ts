// What this media server says when a client wants a class or a member that it does not have: why not, and what to use instead.
import { findClass, KURENTO_NAMESPACE } from '@parley/protocol';

const FORWARDS = 'this media server forwards pictures and sound as they come and does not decode them';

/** By class name; classes that are not named here get a general sentence. */
const reasons: Readonly<Record<string, string>> = {
  Composite: `Composite puts many pictures into one, and ${FORWARDS}: give each viewer the streams one by one, and let the page lay them out`,
  Mixer: `Mixer adds sounds together, and ${FORWARDS}: route with a Dispatcher, or give each listener the streams one by one`,
  AlphaBlending: `AlphaBlending lays pictures over one another, and ${FORWARDS}: lay them over one another in the page`,
  FaceOverlayFilter: `FaceOverlayFilter looks for faces in pictures, and ${FORWARDS}: draw over the video in the page`,
  ImageOverlayFilter: `ImageOverlayFilter draws into pictures, and ${FORWARDS}: lay the image over the video in the page`,
  GStreamerFilter: `GStreamerFilter runs commands of GStreamer, which is not here: ${FORWARDS}; where only a place in the pipeline is wanted, PassThrough is one`,
  ZBarFilter: `ZBarFilter reads bar codes in pictures, and ${FORWARDS}: read them in the page, before the video is sent`,
};

/** A sentence for the client whose `create` of a known class is refused. */
export function whyUnavailable(className: string): string {
  const reason = Object.hasOwn(reasons, className) ? reasons[className] : undefined;
  return reason ?? `This media server does not have '${className}'`;
}

const NO_ENCODER =
  'there is no encoder here; a sender is held back by setMaxVideoSendBandwidth of a receiver or setMaxVideoRecvBandwidth of its own endpoint';

/** By operation; those that are not named here have nothing in their place. */
const instead: Readonly<Record<string, string>> = {
  setEncoderBitrate: NO_ENCODER,
  setMinEncoderBitrate: NO_ENCODER,
};

/** A sentence for the client whose `invoke` of a known operation is refused. */
export function whyNotImplemented(className: string, operation: string): string {
  const refusal = `This media server does not implement '${operation}' of '${className}'`;
  return Object.hasOwn(instead, operation) ? `${refusal}: ${instead[operation]}` : refusal;
}

/** A sentence for the client whose `create` of a class that is not in the model is refused. `type`: as the client wrote it. */
export function whyUnknown(type: string): string {
  const refusal = `There is no class '${type}' to create`;
  const [, module, name] = /^(\w+)\.(\w+)$/.exec(type) ?? [];
  if (module === undefined || module === KURENTO_NAMESPACE) return refusal;
  const namesake = findClass(name);
  if (namesake) return namesake.abstract ? refusal : `${refusal}: it is '${KURENTO_NAMESPACE}.${name}'`;
  return `${refusal}: modules of Kurento's add-ons are not here. Most of them change pictures, and ${FORWARDS}; change them in the page, before they are sent or as they are shown`;
}
