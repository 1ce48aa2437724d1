// A peer without a browser: ICE, DTLS and SRTP over one socket on loopback; sends made-up frames or counts packets.
import { randomBytes, randomInt, X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import {
  buildStun,
  classifyDatagram,
  parseStun,
  randomIceCredentials,
  SrtpReceiver,
  SrtpSender,
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  writeRtpHeader,
} from '@parley/rtc';
import { CipherContext, DtlsClient, type DtlsSocket } from 'werift';

type Direction = 'sendonly' | 'recvonly';

/** As large as browsers make them. */
const PACKET_BYTES = 1_100;
const AUDIO_BYTES = 100;
const AUDIO_TYPE = 111;
const VIDEO_TYPE = 96;

/** Keeps the server's idea of a living connection (RFC 7675), as browsers do. */
const CHECK_INTERVAL_MS = 2_500;

/** Every so many packets one is opened, to know that they are what they should be. */
const OPEN_EVERY = 100;

const made = await CipherContext.createSelfSignedCertificateWithKey({ hash: 4, signature: 3 }, 23);
const fingerprint = new X509Certificate(made.certPem).fingerprint256;

interface Remote {
  readonly ufrag: string;
  readonly pwd: string;
  readonly port: number;
}

export class RtcPeer {
  received = 0;
  broken = 0;
  readonly #socket: Socket;
  readonly #remote: Remote;
  readonly #localUfrag: string;
  readonly #videoSsrc: number;
  readonly #audioSsrc: number;
  readonly #checks: ReturnType<typeof setInterval>;
  #toDtls: (datagram: Buffer) => void = () => {};
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;
  #videoSequence = 65_000;
  #audioSequence = 65_000;
  #frame = 0;

  private constructor(
    socket: Socket,
    remote: Remote,
    localUfrag: string,
    ssrcs: { video: number; audio: number },
  ) {
    this.#socket = socket;
    this.#remote = remote;
    this.#localUfrag = localUfrag;
    this.#videoSsrc = ssrcs.video;
    this.#audioSsrc = ssrcs.audio;
    socket.on('message', (bytes) => this.#handle(bytes));
    this.#checks = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }

  /** Resolves when DTLS is up. `negotiate` gives the server's answer to an offer. */
  static async connect(
    direction: Direction,
    negotiate: (offer: string) => Promise<string>,
  ): Promise<RtcPeer> {
    const credentials = randomIceCredentials();
    const ssrcs = { video: randomInt(1, 2 ** 32), audio: randomInt(1, 2 ** 32) };
    const answer = await negotiate(offerFor(direction, credentials, ssrcs));
    const socket = createSocket({
      type: 'udp4',
      lookup: (address, _options, callback) => callback(null, address, 4),
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const peer = new RtcPeer(socket, readAnswer(answer), credentials.ufrag, ssrcs);
    peer.#check();
    await peer.#handshake();
    return peer;
  }

  resetCounts(): void {
    this.received = 0;
    this.broken = 0;
  }

  /** One video frame in a burst. */
  sendFrame(packets: number, keyframe: boolean): void {
    this.#frame++;
    for (let index = 0; index < packets; index++) {
      // RFC 7741: the first packet starts partition 0, whose first byte tells key frames from others.
      const payload = Buffer.concat([
        Buffer.from([index === 0 ? 0x10 : 0x00, keyframe ? 0x00 : 0x01, 0, 0, 0x9d, 0x01, 0x2a]),
        randomBytes(PACKET_BYTES - 19),
      ]);
      this.#sendRtp(
        { marker: index === packets - 1, payloadType: VIDEO_TYPE, sequenceNumber: this.#videoSequence++ },
        this.#frame * 3_000,
        this.#videoSsrc,
        payload,
      );
    }
  }

  sendAudio(): void {
    const sequenceNumber = this.#audioSequence++;
    this.#sendRtp(
      { marker: false, payloadType: AUDIO_TYPE, sequenceNumber },
      sequenceNumber * 960,
      this.#audioSsrc,
      randomBytes(AUDIO_BYTES),
    );
  }

  close(): void {
    clearInterval(this.#checks);
    this.#socket.close();
  }

  #sendRtp(
    fields: { marker: boolean; payloadType: number; sequenceNumber: number },
    timestamp: number,
    ssrc: number,
    payload: Buffer,
  ): void {
    const packet = Buffer.alloc(12 + payload.length);
    const headerLength = writeRtpHeader(packet, { ...fields, timestamp, ssrc });
    payload.copy(packet, headerLength);
    if (this.#sender) this.#send(this.#sender.protectRtp(packet, headerLength));
  }

  #send(bytes: Buffer): void {
    this.#socket.send(bytes, 0, bytes.length, this.#remote.port, '127.0.0.1');
  }

  #check(): void {
    this.#send(
      buildStun({
        messageClass: 'request',
        method: STUN_METHOD_BINDING,
        transactionId: randomBytes(12),
        attributes: [
          { type: STUN_ATTRIBUTE.USERNAME, value: Buffer.from(`${this.#remote.ufrag}:${this.#localUfrag}`) },
          { type: STUN_ATTRIBUTE.PRIORITY, value: Buffer.from([0x7e, 0xff, 0xff, 0xff]) },
          { type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) },
          { type: STUN_ATTRIBUTE.ICE_CONTROLLING, value: randomBytes(8) },
        ],
        integrityKey: this.#remote.pwd,
        fingerprint: true,
      }),
    );
  }

  #handle(bytes: Buffer): void {
    switch (classifyDatagram(bytes)) {
      case 'rtp':
        this.received++;
        if (this.received % OPEN_EVERY === 0 && !this.#receiver?.unprotectRtp(Buffer.from(bytes)))
          this.broken++;
        break;
      case 'dtls':
        this.#toDtls(bytes);
        break;
      case 'stun':
        this.#onChecked(bytes);
        break;
      default:
        break;
    }
  }

  #checked: (() => void) | undefined;

  #onChecked(bytes: Buffer): void {
    if (parseStun(bytes)?.messageClass === 'success') this.#checked?.();
  }

  async #handshake(): Promise<void> {
    await new Promise<void>((resolve) => (this.#checked = resolve));
    const transport = {
      type: 'udp',
      closed: false,
      onData: (_datagram: Buffer): void => {},
      send: async (datagram: Buffer) => this.#send(datagram),
      close: async () => {},
    };
    const client = new DtlsClient({
      transport: transport as unknown as DtlsSocket['options']['transport'],
      srtpProfiles: [7],
      cert: made.certPem,
      key: made.keyPem,
      signatureHash: made.signatureHash,
      extendedMasterSecret: true,
    });
    this.#toDtls = (datagram) => transport.onData(datagram);
    const connected = new Promise<void>((resolve) => client.onConnect.subscribe(() => resolve()));
    void client.connect();
    await connected;
    const keys = client.extractSessionKeys(16, 12);
    const profile = 'AEAD_AES_128_GCM';
    this.#sender = new SrtpSender({
      profile,
      masterKey: keys.localKey as Buffer,
      masterSalt: keys.localSalt as Buffer,
    });
    this.#receiver = new SrtpReceiver({
      profile,
      masterKey: keys.remoteKey as Buffer,
      masterSalt: keys.remoteSalt as Buffer,
    });
  }
}

function readAnswer(answer: string): Remote {
  const find = (pattern: RegExp) => pattern.exec(answer)?.[1] ?? '';
  return {
    ufrag: find(/^a=ice-ufrag:(\S+)/m),
    pwd: find(/^a=ice-pwd:(\S+)/m),
    port: Number(find(/^a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host/im)),
  };
}

function offerFor(
  direction: Direction,
  { ufrag, pwd }: { ufrag: string; pwd: string },
  ssrcs: { video: number; audio: number },
): string {
  const media = (kind: string, mid: number, type: number, codec: string, ssrc: number) => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${type}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    'a=setup:actpass',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=rtpmap:${type} ${codec}`,
    ...(kind === 'video' ? [`a=rtcp-fb:${type} nack`, `a=rtcp-fb:${type} nack pli`] : []),
    ...(direction === 'sendonly' ? [`a=ssrc:${ssrc} cname:bench`] : []),
  ];
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    ...media('audio', 0, AUDIO_TYPE, 'opus/48000/2', ssrcs.audio),
    ...media('video', 1, VIDEO_TYPE, 'VP8/90000', ssrcs.video),
    '',
  ].join('\r\n');
}
