// libdatachannel as a peer, by node-datachannel: WebRTC in C++ that many devices and servers are made with.
import { Audio, PeerConnection, Video, type Track } from 'node-datachannel';
import type { Kind, LibraryConnection, VideoCodec } from './library-peer.ts';

const PAYLOAD_TYPE = { opus: 111, VP8: 96, H264: 102 } as const;

export function libdatachannelConnection(codec: VideoCodec): LibraryConnection {
  const connection = new PeerConnection('peer', { iceServers: [], disableAutoNegotiation: true });
  const tracks = new Map<Kind, Track>();
  const listeners: ((kind: Kind, rtp: Buffer) => void)[] = [];
  const described = new Promise<string>((resolve) =>
    connection.onGatheringStateChange((state) => {
      if (state === 'complete') resolve(connection.localDescription()?.sdp ?? '');
    }),
  );
  const adopt = (kind: Kind, track: Track) => {
    track.onMessage((packet) => {
      // RTCP comes here as well (RFC 5761, section 4).
      if ((packet[1] & 0x7f) >= 64 && (packet[1] & 0x7f) < 96) return;
      for (const listener of listeners) listener(kind, packet);
    });
    tracks.set(kind, track);
  };
  const media = (mids: Readonly<Record<Kind, string>>) => {
    const audio = new Audio(mids.audio, 'SendRecv');
    audio.addOpusCodec(PAYLOAD_TYPE.opus);
    audio.addSSRC(0x1111_1111, 'peer');
    const video = new Video(mids.video, 'SendRecv');
    if (codec === 'VP8') video.addVP8Codec(PAYLOAD_TYPE.VP8);
    else video.addH264Codec(PAYLOAD_TYPE.H264);
    video.addSSRC(0x2222_2222, 'peer');
    adopt('audio', connection.addTrack(audio));
    adopt('video', connection.addTrack(video));
  };
  return {
    connected: new Promise((resolve) =>
      connection.onStateChange((state) => {
        if (state === 'connected') resolve();
      }),
    ),
    async offer() {
      media({ audio: 'a', video: 'v' });
      connection.setLocalDescription('offer');
      return described;
    },
    async acceptAnswer(sdp) {
      connection.setRemoteDescription(sdp, 'answer');
    },
    async answer(sdp) {
      connection.onTrack((track) => adopt(track.type() as Kind, track));
      connection.setRemoteDescription(sdp, 'offer');
      connection.setLocalDescription('answer');
      return described;
    },
    send: (kind, rtp) => void tracks.get(kind)?.sendMessageBinary(rtp),
    onRtp: (listener) => void listeners.push(listener),
    close: () => connection.close(),
  };
}
