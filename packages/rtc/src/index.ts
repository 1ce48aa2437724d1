// What the other packages may use of @parley/rtc: WebRTC's bytes, without sockets and without a clock.
export * from './codecs/depacketizer.ts';
export * from './codecs/encoded-frame.ts';
export {
  annexBToAvcc,
  avccToAnnexB,
  avcConfiguration,
  parseAvcConfiguration,
} from './codecs/h264-payload.ts';
export * from './codecs/keyframe.ts';
export * from './codecs/opus.ts';
export * from './codecs/packetizer.ts';
export * from './codecs/rtp-codec.ts';
export * from './demux.ts';
export * from './dtls/dtls-connection.ts';
export * from './dtls/hello-probe.ts';
export * from './dtls/self-signed-certificate.ts';
export * from './ice/ice-consent.ts';
export * from './ice/ice-credentials.ts';
export * from './ice/ice-lite-agent.ts';
export * from './ice/ice-prober.ts';
export * from './nack/nack-generator.ts';
export * from './nack/packet-history.ts';
export * from './reports/ntp.ts';
export * from './reports/reception-statistics.ts';
export * from './reports/sender-statistics.ts';
export { writeBye } from './rtcp/bye.ts';
export type { Goodbye } from './rtcp/bye.ts';
export { writeFir } from './rtcp/fir.ts';
export type { FullIntraRequest } from './rtcp/fir.ts';
export * from './rtcp/keyframe-request-throttle.ts';
export { writeNack } from './rtcp/nack.ts';
export type { Nack } from './rtcp/nack.ts';
export { writePli } from './rtcp/pli.ts';
export type { PictureLossIndication } from './rtcp/pli.ts';
export { writeReceiverReport } from './rtcp/receiver-report.ts';
export type { ReceiverReport } from './rtcp/receiver-report.ts';
export { writeRemb } from './rtcp/remb.ts';
export type { ReceiverEstimatedMaximumBitrate } from './rtcp/remb.ts';
export type { ReportBlock } from './rtcp/report-block.ts';
export type { FeedbackParties } from './rtcp/rtcp-header.ts';
export * from './rtcp/rtcp-packet.ts';
export { writeSdes } from './rtcp/sdes.ts';
export type { SourceDescription, SourceDescriptionChunk } from './rtcp/sdes.ts';
export { writeSenderReport } from './rtcp/sender-report.ts';
export type { SenderReport, SenderReportFields } from './rtcp/sender-report.ts';
export { writeTransportFeedback } from './rtcp/transport-feedback.ts';
export type {
  TransportFeedback,
  TransportFeedbackFields,
  TransportFeedbackPacket,
} from './rtcp/transport-feedback.ts';
export * from './rtp/rtp-header.ts';
export * from './rtp/rtp-packet.ts';
export * from './rtp/rtx.ts';
export * from './rtp/sequence.ts';
export { answerOffer } from './sdp/answer.ts';
export type { LocalSctp, LocalSession, NegotiatedMedia, Negotiation } from './sdp/answer.ts';
export * from './sdp/candidate.ts';
export * from './sdp/late-candidates.ts';
export * from './sdp/make-offer.ts';
export type { Direction, Fingerprint, OfferedSctp, OfferedSetup } from './sdp/offer.ts';
export { masterKeyLength, splitMasterKey } from './sdp/plain-crypto.ts';
export type { PlainPlace } from './sdp/plain-media.ts';
export * from './sdp/plain-negotiation.ts';
export * from './sdp/plain-write.ts';
export * from './sdp/read-answer.ts';
export * from './sdp/remote-ice.ts';
export * from './sdp/restart.ts';
export * from './sdp/sdp-error.ts';
export * from './srtp/srtp-profile.ts';
export * from './srtp/srtp-receiver.ts';
export * from './srtp/srtp-sender.ts';
export * from './stun/ip-address.ts';
export * from './stun/stun-attributes.ts';
export * from './stun/stun-message.ts';
export * from './stun/turn-attributes.ts';
export * from './turn/channel-data.ts';
export * from './turn/stream-framer.ts';
export * from './turn/turn-client.ts';
export * from './twcc/transport-feedback-recorder.ts';
