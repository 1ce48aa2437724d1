// werift as a peer: WebRTC in TypeScript that is not ours.
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import type { Kind, LibraryConnection, VideoCodec } from './library-peer.ts';

const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';

export function weriftConnection(codec: VideoCodec): LibraryConnection {
  const connection = new RTCPeerConnection({
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceUseIpv6: false,
    codecs: {
      audio: [new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2 })],
      video: [
        new RTCRtpCodecParameters({
          mimeType: `video/${codec}`,
          clockRate: 90_000,
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
          ...(codec === 'H264' ? { parameters: H264 } : {}),
        }),
      ],
    },
  });
  const tracks: Record<Kind, MediaStreamTrack> = {
    audio: new MediaStreamTrack({ kind: 'audio' }),
    video: new MediaStreamTrack({ kind: 'video' }),
  };
  const listeners: ((kind: Kind, rtp: Buffer) => void)[] = [];
  for (const kind of ['audio', 'video'] as const)
    connection.addTransceiver(tracks[kind], { direction: 'sendrecv' });
  connection.onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe((rtp) => {
      for (const listener of listeners) listener(track.kind as Kind, rtp.serialize());
    }),
  );
  return {
    connected: new Promise((resolve) =>
      connection.connectionStateChange.subscribe((state) => {
        if (state === 'connected') resolve();
      }),
    ),
    async offer() {
      await connection.setLocalDescription(await connection.createOffer());
      return connection.localDescription?.sdp ?? '';
    },
    acceptAnswer: (sdp) => connection.setRemoteDescription({ type: 'answer', sdp }),
    async answer(sdp) {
      await connection.setRemoteDescription({ type: 'offer', sdp });
      await connection.setLocalDescription(await connection.createAnswer());
      return connection.localDescription?.sdp ?? '';
    },
    send: (kind, rtp) => tracks[kind].writeRtp(rtp),
    onRtp: (listener) => void listeners.push(listener),
    close: () => void connection.close(),
  };
}
