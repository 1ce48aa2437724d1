// The data of one WebRtcEndpoint, as its clients see it: off until negotiated, then channels of SCTP, with Kurento's errors.
import { KurentoError } from '@parley/protocol';
import type { LocalSctp, NegotiatedMedia } from '@parley/rtc';
import type { Logger } from 'pino';
import type { StatsRecord } from '../elements/element-stats.ts';
import { dataChannelStats } from './data-channel-stats.ts';
import { DataChannels, MAX_MESSAGE_SIZE } from './data-channels.ts';
import { DataFanOut, type DataMessage, type DataSink, type DataSource } from './data-flow.ts';
import { MAX_NAME_LENGTH } from './dcep.ts';
import { loadSctp, type SctpConstructor } from './sctp-library.ts';

/** The port that browsers use as well; it is no port of the machine. */
const SCTP_PORT = 5000;

/** Packets that came while the library was being loaded: the beginning of the association, perhaps repeated. */
const MAX_EARLY_PACKETS = 4;

export interface PeerDataOptions {
  readonly endpoint: string;
  readonly log: Logger;
  /** One packet, which fits into a datagram. */
  send(packet: Buffer): void;
  onOpened(channelId: number): void;
  onClosed(channelId: number): void;
}

/** Kurento's parameters of `createDataChannel`. A negative limit is none. */
export interface NewChannel {
  readonly label: string;
  readonly ordered: boolean;
  /** In ms. */
  readonly maxPacketLifeTime: number;
  readonly maxRetransmits: number;
  readonly protocol: string;
}

export class PeerData implements DataSink {
  readonly #options: PeerDataOptions;
  readonly #log: Logger;
  readonly #fanOut = new DataFanOut();
  /** Begun early: the peer needs the library as soon as it is connected. */
  readonly #library: Promise<SctpConstructor | undefined>;
  #early: Buffer[] = [];
  #channels: DataChannels | undefined;
  #closed = false;

  constructor(options: PeerDataOptions) {
    this.#options = options;
    this.#log = options.log.child({ endpoint: options.endpoint });
    this.#library = loadSctp().catch((error: unknown) => {
      this.#log.error({ err: error }, 'data channels cannot be had');
      return undefined;
    });
  }

  /** What this side writes into SDP. */
  get local(): LocalSctp {
    return { port: SCTP_PORT, maxMessageSize: MAX_MESSAGE_SIZE };
  }

  get source(): DataSource {
    return this.#fanOut;
  }

  /** Takes what was agreed about the m-lines; without one for data, there is none. */
  negotiated(media: readonly NegotiatedMedia[], isDtlsServer: boolean): void {
    const sctp = media.find(({ accepted, sctp }) => accepted && sctp)?.sctp;
    if (!sctp) return;
    const localPort = sctp.isOldForm ? sctp.port : SCTP_PORT;
    const agreed = { localPort, remotePort: sctp.port, remoteMaxMessageSize: sctp.maxMessageSize };
    void this.#library.then((library) => {
      if (library) this.#start(library, { ...agreed, isDtlsServer });
    });
  }

  /** Takes what came under DTLS. */
  handlePacket(packet: Buffer): void {
    if (this.#channels) this.#channels.handlePacket(packet);
    else if (!this.#closed && this.#early.length < MAX_EARLY_PACKETS) this.#early.push(packet);
  }

  write(message: DataMessage): void {
    this.#channels?.write(message);
  }

  room(): Promise<void> | undefined {
    return this.#channels?.room();
  }

  /**
   * Opens a channel to the peer.
   * @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED before the connection, MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for
   * two limits at once and names that are too long, NOT_ENOUGH_RESOURCES when there are too many
   */
  create({ label, ordered, maxPacketLifeTime, maxRetransmits, protocol }: NewChannel): void {
    if (maxPacketLifeTime >= 0 && maxRetransmits >= 0)
      throw new KurentoError(
        'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
        'Only one of maxPacketLifeTime and maxRetransmits may be set',
      );
    for (const name of [label, protocol])
      if (Buffer.byteLength(name) > MAX_NAME_LENGTH)
        throw new KurentoError(
          'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
          `A label and a protocol have at most ${MAX_NAME_LENGTH} bytes`,
        );
    if (!this.#channels?.established)
      throw new KurentoError(
        'MEDIA_OBJECT_OPERATION_NOT_SUPPORTED',
        `'${this.#options.endpoint}' is not connected for data yet`,
      );
    const channel = this.#channels.create({
      label,
      ordered,
      protocol,
      maxPacketLifeTime: maxPacketLifeTime < 0 ? undefined : maxPacketLifeTime,
      maxRetransmits: maxRetransmits < 0 ? undefined : maxRetransmits,
    });
    if (!channel)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', `'${this.#options.endpoint}' has too many channels`);
  }

  /** An unknown id is left alone, as by the original. */
  closeChannel(channelId: number): void {
    this.#channels?.closeChannel(channelId);
  }

  stats(): StatsRecord[] {
    return this.#channels ? dataChannelStats(`${this.#options.endpoint}/session`, this.#channels) : [];
  }

  /** Closes the channels in the order of their opening, and forgets the peer. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#early = [];
    this.#channels?.close();
  }

  #start(
    library: SctpConstructor,
    agreed: Pick<
      ConstructorParameters<typeof DataChannels>[0],
      'localPort' | 'remotePort' | 'remoteMaxMessageSize' | 'isDtlsServer'
    >,
  ): void {
    if (this.#closed) return;
    this.#channels = new DataChannels({ ...this.#options, log: this.#log, library, ...agreed });
    this.#channels.source.addSink(this.#fanOut);
    for (const packet of this.#early.splice(0)) this.#channels.handlePacket(packet);
  }
}
