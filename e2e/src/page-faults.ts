// Faults inside of a page: what its WebRTC does otherwise than it should. Each runs in the page before its own scripts.

/** Offers only codecs that nobody knows. */
export function speakOfUnknownCodecs(): void {
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    override get localDescription(): RTCSessionDescription | null {
      const own = super.localDescription;
      return (
        own &&
        new RTCSessionDescription({ type: own.type, sdp: own.sdp.replace(/^(a=rtpmap:\d+ )/gm, '$1x-') })
      );
    }
  };
}

/** The camera does not start, as where a device belongs to one program at a time (Media Capture and Streams, 10.2). */
export function cameraOfAnotherProgram(): void {
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (constraints = {}) =>
    constraints.video
      ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError'))
      : open(constraints);
}

/** Expects another certificate than the media server's. */
export function breakDtls(): void {
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    override setRemoteDescription({ type, sdp = '' }: RTCSessionDescriptionInit): Promise<void> {
      const other = sdp.replace(/^(a=fingerprint:\S+ )(\S\S):(\S\S)/gm, '$1$3:$2');
      return super.setRemoteDescription({ type: type ?? 'answer', sdp: other });
    }
  };
}

/** Every picture that arrives is made unreadable before it is decoded. */
export function garbleReceivedPictures(): void {
  interface Encoded {
    data: ArrayBuffer;
  }
  interface Receiver extends RTCRtpReceiver {
    createEncodedStreams(): { readable: ReadableStream<Encoded>; writable: WritableStream<Encoded> };
  }
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration: RTCConfiguration = {}) {
      super({ ...configuration, encodedInsertableStreams: true } as RTCConfiguration);
    }

    override addTransceiver(
      track: MediaStreamTrack | string,
      init?: RTCRtpTransceiverInit,
    ): RTCRtpTransceiver {
      const transceiver = super.addTransceiver(track, init);
      const pass = (garble: boolean) =>
        new TransformStream<Encoded, Encoded>({
          transform(frame, controller) {
            if (garble) frame.data = new Uint8Array(frame.data.byteLength).fill(0xff).buffer;
            controller.enqueue(frame);
          },
        });
      for (const [end, garble] of [
        [
          transceiver.receiver as Receiver,
          transceiver.receiver.track.kind === 'video' && init?.direction === 'recvonly',
        ],
        [transceiver.sender as unknown as Receiver, false],
      ] as const) {
        const { readable, writable } = end.createEncodedStreams();
        void readable.pipeThrough(pass(garble)).pipeTo(writable);
      }
      return transceiver;
    }
  };
}
