// What the other packages may use of @parley/rtc: WebRTC's bytes, without sockets and without a clock.
export * from './codecs/rtp-codec.ts';
