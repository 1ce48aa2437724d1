// A sample call for each member of the Kurento model: the walk over the model (conformance-walk.test.ts) makes them all, and
// the mutations (e2e/kurento) are made of them. A member that becomes supported needs a line here, and fails without one.
import { readFileSync } from 'node:fs';
import { classLineage } from '@parley/protocol';
import { isRecord, type Params } from './messages.ts';

/**
 * Values in braces are filled in: {pipeline}, {peer} (a WebRtcEndpoint of the same pipeline), {hub}, {port} and {port2} (of
 * the object, which is a hub), {offer}, {answer} (to the offer that the object gave), {restart} (an offer of the peer of
 * {offer}), {file} (one that can be played), {new} (one that does not exist yet).
 */
export interface Case {
  readonly args?: Params;
  /** Operations of the object that come first, called as their own cases say. */
  readonly after?: readonly string[];
  /** The code of the error that is right here, where nobody is connected and nothing is played. */
  readonly refused?: number;
  /** Where nothing was negotiated there is no value, as at the original. */
  readonly mayBeNull?: true;
}

/** One for each parameter of each class that can be created. */
export const constructorCases: Readonly<Record<string, Params>> = {
  MediaPipeline: {},
  PassThrough: { mediaPipeline: '{pipeline}' },
  HubPort: { hub: '{hub}' },
  Dispatcher: { mediaPipeline: '{pipeline}' },
  DispatcherOneToMany: { mediaPipeline: '{pipeline}' },
  WebRtcEndpoint: {
    mediaPipeline: '{pipeline}',
    recvonly: true,
    sendonly: true,
    useDataChannels: true,
    certificateKeyType: 'ECDSA',
    qosDscp: 'AF41',
  },
  RtpEndpoint: {
    mediaPipeline: '{pipeline}',
    crypto: { crypto: 'AES_128_CM_HMAC_SHA1_80', key: 'abcdefghijklmnopqrstuvwxyz1234' },
    useIpv6: true,
  },
  PlayerEndpoint: { mediaPipeline: '{pipeline}', uri: '{file}', useEncodedMedia: true, networkCache: 100 },
  RecorderEndpoint: {
    mediaPipeline: '{pipeline}',
    uri: '{new}',
    mediaProfile: 'MKV',
    stopOnEndOfStream: true,
  },
  HttpPostEndpoint: { mediaPipeline: '{pipeline}', disconnectionTimeout: 1, useEncodedMedia: true },
};

const negotiated = { after: ['processOffer'] };
const flowOf = { args: { mediaType: 'VIDEO' } };

/** By class and name; that of the nearest class counts. */
export const methodCases: Readonly<Record<string, Case>> = {
  'MediaObject.addTag': { args: { key: 'stream', value: 'one' } },
  'MediaObject.removeTag': { args: { key: 'stream' }, after: ['addTag'] },
  'MediaObject.getTag': { args: { key: 'stream' }, after: ['addTag'] },
  'MediaObject.getTags': { after: ['addTag'] },
  'ServerManager.getKmd': { args: { moduleName: 'core' } },
  'ServerManager.getCpuCount': {},
  'ServerManager.getUsedCpu': { args: { interval: 10 } },
  'ServerManager.getUsedMemory': {},
  'MediaPipeline.getGstreamerDot': { args: { details: 'SHOW_ALL' } },
  'MediaPipeline.dumpGstreamerDot': {},
  'MediaElement.getSourceConnections': { args: { mediaType: 'AUDIO', description: 'default' } },
  'MediaElement.getSinkConnections': { after: ['connect'] },
  'MediaElement.connect': { args: { sink: '{peer}', mediaType: 'VIDEO' } },
  'MediaElement.disconnect': { args: { sink: '{peer}' }, after: ['connect'] },
  'MediaElement.setAudioFormat': { args: { caps: { codec: 'OPUS', bitrate: 32_000 } } },
  'MediaElement.setVideoFormat': {
    args: { caps: { codec: 'VP8', framerate: { numerator: 15, denominator: 1 } } },
  },
  'MediaElement.dumpGstreamerDot': {},
  'MediaElement.getGstreamerDot': { args: { details: 'SHOW_STATES' } },
  'MediaElement.getStats': { args: { mediaType: 'VIDEO' }, mayBeNull: true },
  'SdpEndpoint.getStats': negotiated,
  'MediaElement.isMediaFlowingIn': flowOf,
  'MediaElement.isMediaFlowingOut': flowOf,
  'MediaElement.isMediaTranscoding': flowOf,
  'SdpEndpoint.generateOffer': { args: { options: { offerToReceiveAudio: true } } },
  'SdpEndpoint.processOffer': { args: { offer: '{offer}' } },
  'SdpEndpoint.processAnswer': { args: { answer: '{answer}' }, after: ['generateOffer'] },
  'SdpEndpoint.getLocalSessionDescriptor': negotiated,
  'SdpEndpoint.getRemoteSessionDescriptor': negotiated,
  'BaseRtpEndpoint.requestKeyframe': negotiated,
  'WebRtcEndpoint.gatherCandidates': negotiated,
  'WebRtcEndpoint.addIceCandidate': {
    args: {
      candidate: {
        candidate: 'candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host',
        sdpMid: '0',
        sdpMLineIndex: 0,
      },
    },
    ...negotiated,
  },
  'WebRtcEndpoint.createDataChannel': { args: { label: 'chat', ordered: true }, refused: 40111 },
  'WebRtcEndpoint.closeDataChannel': { args: { channelId: 7 } },
  'WebRtcEndpoint.restartIce': { args: { offer: '{restart}', via: 'any' }, ...negotiated },
  'WebRtcEndpoint.getDiagnosis': negotiated,
  'UriEndpoint.pause': {},
  'UriEndpoint.stop': {},
  'RecorderEndpoint.record': {},
  'RecorderEndpoint.stopAndWait': { after: ['record'] },
  'PlayerEndpoint.play': {},
  'HttpEndpoint.getUrl': {},
  'Hub.getGstreamerDot': { args: { details: 'SHOW_ALL' } },
  'Hub.dumpGstreamerDot': {},
  'Dispatcher.connect': { args: { source: '{port}', sink: '{port2}' } },
  'DispatcherOneToMany.setSource': { args: { source: '{port}' } },
  'DispatcherOneToMany.removeSource': { after: ['setSource'] },
};

/** What a property that can be set is set to. It is read back, unless `reads` says what is read instead. */
export interface Setting {
  readonly value: unknown;
  readonly reads?: unknown;
  readonly refused?: number;
}

/** By class and name; that of the nearest class counts. */
export const settingCases: Readonly<Record<string, Setting>> = {
  'MediaObject.name': { value: 'room' },
  'MediaObject.sendTagsInEvents': { value: true },
  'MediaPipeline.latencyStats': { value: true },
  'MediaElement.maxEncoderBitrate': { value: 900_000 },
  // Who made this video is not there to be asked for less.
  'UriEndpoint.maxEncoderBitrate': { value: 900_000, refused: 40_006 },
  'HttpEndpoint.maxEncoderBitrate': { value: 900_000, refused: 40_006 },
  'SdpEndpoint.maxAudioRecvBandwidth': { value: 64 },
  'SdpEndpoint.maxVideoRecvBandwidth': { value: 900 },
  'BaseRtpEndpoint.minVideoRecvBandwidth': { value: 200 },
  'BaseRtpEndpoint.minVideoSendBandwidth': { value: 200 },
  'BaseRtpEndpoint.maxVideoSendBandwidth': { value: 900 },
  'BaseRtpEndpoint.mtu': { value: 1_200 },
  'BaseRtpEndpoint.rembParams': { value: { packetsRecvIntervalTop: 50 } },
  'WebRtcEndpoint.networkInterfaces': { value: 'lo' },
  'WebRtcEndpoint.iceTcp': { value: false },
  'WebRtcEndpoint.stunServerAddress': { value: '192.0.2.1' },
  'WebRtcEndpoint.stunServerPort': { value: 3_479 },
  'WebRtcEndpoint.turnUrl': { value: 'user:password@192.0.2.1:3478' },
  'WebRtcEndpoint.externalIPv4': { value: '192.0.2.9' },
  'WebRtcEndpoint.externalIPv6': { value: '2001:db8::9' },
  // Nothing is played yet, so there is no place to go to.
  'PlayerEndpoint.position': { value: 10, refused: 40_700 },
};

/** The case of a member, looked for at the class and then at its ancestors. */
export function caseFor<Found>(
  cases: Readonly<Record<string, Found>>,
  className: string,
  member: string,
): Found | undefined {
  const keys = classLineage(className).map(({ name }) => `${name}.${member}`);
  const key = keys.find((each) => Object.hasOwn(cases, each));
  return key === undefined ? undefined : cases[key];
}

/** Puts the values of `filling` in the place of their names in braces, wherever in `sample`. */
export function fill(sample: unknown, filling: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(sample)) return sample.map((item) => fill(item, filling));
  if (isRecord(sample))
    return Object.fromEntries(Object.entries(sample).map(([key, item]) => [key, fill(item, filling)]));
  const name = typeof sample === 'string' ? /^\{(\w+)\}$/.exec(sample)?.[1] : undefined;
  if (name === undefined) return sample;
  if (!Object.hasOwn(filling, name)) throw new Error(`nothing fills {${name}}`);
  return filling[name];
}

const CHROMIUM_OFFER = new URL('../../../rtc/src/sdp/fixtures/chromium-sendrecv.sdp', import.meta.url);

const PLAIN_OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 50000 RTP/AVPF 96',
  'a=rtpmap:96 opus/48000/2',
  'a=sendrecv',
  'm=video 50002 RTP/AVPF 97',
  'a=rtpmap:97 VP8/90000',
  'a=rtcp-fb:97 nack pli',
  'a=sendrecv',
  '',
].join('\r\n');

/** What fills {offer} and {restart} for objects of a class. */
export function offersFor(className: string): { offer: string; restart: string } {
  if (className !== 'WebRtcEndpoint') return { offer: PLAIN_OFFER, restart: PLAIN_OFFER };
  const offer = readFileSync(CHROMIUM_OFFER, 'utf8');
  const restart = offer
    .replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:anew')
    .replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:anew-anew-anew-anew-anew');
  return { offer, restart };
}

/** What a peer that takes everything answers to an offer. */
export function answerTo(offer: string): string {
  return offer
    .replaceAll(/a=(ice-lite|candidate:.*|end-of-candidates|ssrc.*)\r\n/g, '')
    .replaceAll('a=setup:actpass', 'a=setup:active')
    .replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:peer')
    .replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:peer-peer-peer-peer-peer');
}
