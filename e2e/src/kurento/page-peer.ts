// One RTCPeerConnection inside a browser's page, with a painted camera and a tone of its own, and what it counted. Travels
// into the page as a script: it uses nothing from outside. Its driver is kurento-page.ts.

export interface Sent {
  /** As red, green and blue; no camera without it. */
  readonly rgb?: readonly [number, number, number];
  /** Of the tone, in Hz; no microphone without it. */
  readonly hz?: number;
}

export interface PagePeerOptions {
  readonly sends: Sent;
  readonly receives: readonly ('audio' | 'video')[];
  /** The only video codec that is offered, such as `video/H264`; those of the browser without it. */
  readonly videoCodec?: string | undefined;
  readonly configuration?: RTCConfiguration | undefined;
}

export interface Counts {
  readonly framesSent: number;
  readonly framesDecoded: number;
  readonly videoPacketsReceived: number;
  readonly audioPacketsReceived: number;
  readonly audioSamples: number;
  /** Grows with what is heard; silence adds nothing. */
  readonly audioEnergy: number;
  /** Such as `video/VP8`, of what is received; '' before anything is. */
  readonly videoCodec: string;
  readonly audioCodec: string;
}

/** What a page offers to its driver, as `window.parley`. */
export interface PageParley {
  /** Sent instead of a tone, where a browser makes none without a sound device. */
  microphone?: MediaStreamTrack;
  newPeer(name: string, options: PagePeerOptions): PagePeer;
}

export interface PagePeer {
  readonly connection: RTCPeerConnection;
  readonly candidates: RTCIceCandidateInit[];
  readonly channels: Map<string, { channel: RTCDataChannel; received: (string | number[])[] }>;
  /** Sets the local description, too. */
  offer(options?: RTCOfferOptions): Promise<string>;
  acceptAnswer(sdp: string): Promise<void>;
  /** Takes an offer and gives the answer, which is set. */
  answer(sdp: string): Promise<string>;
  openChannel(label: string, init?: RTCDataChannelInit): void;
  counts(): Promise<Counts>;
  close(): void;
}

/** To be run in each new page before anything else. */
export function installParley(): void {
  const page = window as unknown as { parley: PageParley; candidate?: (peer: string, text: string) => void };

  function camera([red, green, blue]: readonly [number, number, number]): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    let frame = 0;
    const paint = () => {
      context.fillStyle = `rgb(${red}, ${green}, ${blue})`;
      context.fillRect(0, 0, canvas.width, canvas.height);
      // A lighter block that moves, so that no two frames are the same.
      context.fillStyle = 'rgb(230, 230, 230)';
      context.fillRect((frame++ * 8) % 280, 120, 40, 40);
    };
    paint();
    const [track] = canvas.captureStream(15).getVideoTracks();
    if (!track) throw new Error('no picture of the canvas');
    const painting = setInterval(
      () => (track.readyState === 'ended' ? clearInterval(painting) : paint()),
      66,
    );
    return track;
  }

  function microphone(hz: number): MediaStreamTrack {
    if (page.parley.microphone) return page.parley.microphone.clone();
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hz });
    const out = new MediaStreamAudioDestinationNode(context);
    tone.connect(new GainNode(context, { gain: 0.3 })).connect(out);
    tone.start();
    void context.resume();
    const [track] = out.stream.getAudioTracks();
    if (!track) throw new Error('no tone');
    return track;
  }

  function newPeer(name: string, { sends, receives, videoCodec, configuration }: PagePeerOptions): PagePeer {
    const connection = new RTCPeerConnection(configuration);
    const candidates: RTCIceCandidateInit[] = [];
    const channels: PagePeer['channels'] = new Map();
    const tracks = {
      audio: sends.hz === undefined ? undefined : microphone(sends.hz),
      video: sends.rgb === undefined ? undefined : camera(sends.rgb),
    };
    const sent = new MediaStream(Object.values(tracks).filter((track) => track !== undefined));
    const received = new MediaStream();
    const video = document.createElement('video');
    // Not muted: Chromium decodes no audio that nobody would hear.
    Object.assign(video, { autoplay: true, srcObject: received });
    video.dataset.peer = name;
    video.width = 160;
    document.body.append(video);

    const directionOf = (kind: 'audio' | 'video'): RTCRtpTransceiverDirection => {
      if (tracks[kind]) return receives.includes(kind) ? 'sendrecv' : 'sendonly';
      return receives.includes(kind) ? 'recvonly' : 'inactive';
    };
    const prefer = (transceiver: RTCRtpTransceiver) => {
      if (videoCodec === undefined) return;
      const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
      const one = codecs.filter(({ mimeType }) => mimeType === videoCodec);
      if (one.length === 0) throw new Error(`this browser has no ${videoCodec}`);
      transceiver.setCodecPreferences(one);
    };

    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      candidates.push(candidate.toJSON());
      page.candidate?.(name, JSON.stringify(candidate));
    };
    // A new object each time: a <video> shows the tracks that were there when it got the stream.
    connection.ontrack = ({ track }) => {
      received.addTrack(track);
      video.srcObject = new MediaStream(received.getTracks());
    };
    const listen = (channel: RTCDataChannel) => {
      const received: (string | number[])[] = [];
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
        received.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
      channels.set(channel.label, { channel, received });
    };
    connection.ondatachannel = ({ channel }) => listen(channel);

    return {
      connection,
      candidates,
      channels,
      async offer(options) {
        if (connection.getTransceivers().length === 0)
          for (const kind of ['audio', 'video'] as const) {
            const direction = directionOf(kind);
            if (direction === 'inactive') continue;
            const transceiver = connection.addTransceiver(tracks[kind] ?? kind, {
              direction,
              streams: [sent],
            });
            if (kind === 'video') prefer(transceiver);
          }
        const offer = await connection.createOffer(options);
        await connection.setLocalDescription(offer);
        return offer.sdp ?? '';
      },
      acceptAnswer: (sdp) => connection.setRemoteDescription({ type: 'answer', sdp }),
      async answer(sdp) {
        await connection.setRemoteDescription({ type: 'offer', sdp });
        for (const transceiver of connection.getTransceivers()) {
          const kind = transceiver.receiver.track.kind as 'audio' | 'video';
          transceiver.direction = directionOf(kind);
          if (kind === 'video') prefer(transceiver);
          if (tracks[kind]) await transceiver.sender.replaceTrack(tracks[kind]);
        }
        const answer = await connection.createAnswer();
        await connection.setLocalDescription(answer);
        return answer.sdp ?? '';
      },
      openChannel: (label, init) => listen(connection.createDataChannel(label, init)),
      async counts() {
        const all = [
          ...((await connection.getStats()) as unknown as Map<string, Record<string, unknown>>).values(),
        ];
        const entry = (type: string, kind: string) =>
          all.find((stats) => stats['type'] === type && stats['kind'] === kind) ?? {};
        const [audio, video, up] = [
          entry('inbound-rtp', 'audio'),
          entry('inbound-rtp', 'video'),
          entry('outbound-rtp', 'video'),
        ];
        const count = (value: unknown) => (typeof value === 'number' ? value : 0);
        const codec = (id: unknown) => {
          const name = all.find((stats) => stats['id'] === id)?.['mimeType'];
          return typeof name === 'string' ? name : '';
        };
        return {
          framesSent: count(up['framesSent']),
          framesDecoded: count(video['framesDecoded']),
          videoPacketsReceived: count(video['packetsReceived']),
          audioPacketsReceived: count(audio['packetsReceived']),
          audioSamples: count(audio['totalSamplesReceived']),
          audioEnergy: count(audio['totalAudioEnergy']),
          videoCodec: codec(video['codecId']),
          audioCodec: codec(audio['codecId']),
        };
      },
      close() {
        connection.close();
        for (const track of sent.getTracks()) track.stop();
        video.remove();
      },
    };
  }

  page.parley = { newPeer };
}
