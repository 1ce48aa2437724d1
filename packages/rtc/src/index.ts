// What the other packages may use of @parley/rtc: WebRTC's bytes, without sockets and without a clock.
export * from './codecs/rtp-codec.ts';
export * from './sdp/answer.ts';
export * from './sdp/candidate.ts';
export type { Direction, Fingerprint, OfferedSetup } from './sdp/offer.ts';
export * from './sdp/sdp-error.ts';
