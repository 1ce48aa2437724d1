// The data channels of one peer connection: opened by the peer or by this server (RFC 8832), counted and closed. Messages
// of the peer leave at `source`; what comes in at `write` goes to the peer, on its first channel.
import type { Logger } from 'pino';
import { DataChannel } from './data-channel.ts';
import { DataFanOut, type DataMessage, type DataSink, type DataSource } from './data-flow.ts';
import { PPID, readDcep, writeAck, writeOpen, type ChannelParameters } from './dcep.ts';
import { MessagePace } from './message-pace.ts';
import { SendingRoom } from './sending-room.ts';
import { SctpAssociation } from './sctp-association.ts';
import { MAX_STREAMS } from './sctp-guard.ts';
import type { SctpConstructor } from './sctp-library.ts';

/** Of one message, in bytes: what browsers announce as well. */
export const MAX_MESSAGE_SIZE = 262_144;

/** Open at the same time. */
export const MAX_CHANNELS = 64;

/** A channel that this server opens for messages of the pipeline, when the peer has none. */
const OWN_CHANNEL: ChannelParameters = {
  label: '',
  protocol: '',
  ordered: true,
  maxRetransmits: undefined,
  maxPacketLifeTime: undefined,
};

/** SCTP knows no empty message. */
const EMPTY = Buffer.of(0);

export interface DataChannelsOptions {
  readonly log: Logger;
  readonly library: SctpConstructor;
  /** Of SCTP, as the SDP of either side says. */
  readonly localPort: number;
  readonly remotePort: number;
  /** In bytes, as the peer's SDP says; 0: any (RFC 8841, section 6). */
  readonly remoteMaxMessageSize: number;
  /** The DTLS server's channels have odd ids, the client's even ones (RFC 8832, section 6). */
  readonly isDtlsServer: boolean;
  send(packet: Buffer): void;
  onOpened(channelId: number): void;
  onClosed(channelId: number): void;
}

export class DataChannels implements DataSink {
  readonly #options: DataChannelsOptions;
  readonly #association: SctpAssociation;
  readonly #channels = new Map<number, DataChannel>();
  readonly #fanOut = new DataFanOut();
  readonly #room = new SendingRoom(() => this.#association.waitingBytes);
  readonly #pace = new MessagePace();
  #nextId: number;
  #opened = 0;
  #closedCount = 0;
  readonly #told = new Set<string>();

  constructor(options: DataChannelsOptions) {
    this.#options = options;
    this.#nextId = options.isDtlsServer ? 1 : 0;
    this.#association = new SctpAssociation(options.library, {
      log: options.log,
      localPort: options.localPort,
      remotePort: options.remotePort,
      send: (packet) => options.send(packet),
      onEstablished: () => options.log.info('data channels connected'),
      onMessage: (streamId, ppid, bytes) => this.#onMessage(streamId, ppid, bytes),
      onTaken: () => this.#room.progressed(),
      onStreamsReset: (ids) => this.#onStreamsReset(ids),
      onClosed: () => this.#closeAll(),
    });
  }

  /** What the peer says on any of its channels. */
  get source(): DataSource {
    return this.#fanOut;
  }

  /** Whether channels can be opened. */
  get established(): boolean {
    return this.#association.established;
  }

  /** What waits to be sent, in bytes. */
  get bufferedBytes(): number {
    return this.#association.bufferedBytes;
  }

  get all(): readonly DataChannel[] {
    return [...this.#channels.values()];
  }

  /** How many were opened and closed so far. */
  get counts(): { readonly opened: number; readonly closed: number } {
    return { opened: this.#opened, closed: this.#closedCount };
  }

  handlePacket(packet: Buffer): void {
    this.#association.handlePacket(packet);
  }

  /** Opens a channel to the peer. Undefined: there are too many, or it is too early. */
  create(parameters: ChannelParameters): DataChannel | undefined {
    const id = this.#freeId();
    if (!this.established || id === undefined) return undefined;
    const channel = new DataChannel(id, parameters, 'connecting');
    this.#channels.set(id, channel);
    this.#sendDcep(id, writeOpen(parameters));
    return channel;
  }

  /** Closes a channel, when what was sent on it before has gone. An unknown id is left alone. */
  closeChannel(id: number): void {
    const channel = this.#channels.get(id);
    if (!channel || channel.state === 'closing') return;
    channel.state = 'closing';
    this.#association.resetStream(id);
  }

  /** Takes a message of the pipeline to the peer: on its first channel, or on a new one when it has none. */
  write(message: DataMessage): void {
    const channel = this.#channelToThePeer();
    const { length } = message.bytes;
    const { remoteMaxMessageSize } = this.#options;
    const fits = remoteMaxMessageSize === 0 || length <= remoteMaxMessageSize;
    if (!channel || !fits || !this.#sendOn(channel, message))
      this.#tellOnce({ length }, 'a message could not be sent to the peer');
  }

  /** Whether the peer keeps up with what it is sent: one that takes nothing for seconds is not waited for. */
  room(): Promise<void> | undefined {
    return this.#room.awaited();
  }

  /** Closes every channel, in the order of their opening, and the association. Idempotent. */
  close(): void {
    this.#pace.close();
    this.#association.close([...this.#channels.keys()]);
    this.#room.close();
    this.#closeAll();
  }

  #channelToThePeer(): DataChannel | undefined {
    const usable = this.all.filter(({ state }) => state === 'open' || state === 'connecting');
    return usable.find(({ state }) => state === 'open') ?? usable[0] ?? this.create(OWN_CHANNEL);
  }

  #sendOn(channel: DataChannel, { bytes, isText }: DataMessage): boolean {
    const { ordered, maxPacketLifeTime, maxRetransmits } = channel.parameters;
    const isEmpty = bytes.length === 0;
    const ppid = isText ? (isEmpty ? PPID.emptyText : PPID.text) : isEmpty ? PPID.emptyBinary : PPID.binary;
    return this.#association.send({
      streamId: channel.id,
      ppid,
      bytes: isEmpty ? EMPTY : bytes,
      // Before the peer has answered, nothing may overtake the opening (RFC 8832, section 6).
      ordered: ordered || channel.state === 'connecting',
      expiresAt: maxPacketLifeTime === undefined ? undefined : performance.now() + maxPacketLifeTime,
      maxRetransmits,
      onSent: () => {
        channel.messagesSent++;
        channel.bytesSent += bytes.length;
      },
    });
  }

  #sendDcep(streamId: number, bytes: Buffer): void {
    const reliably = { ordered: true, expiresAt: undefined, maxRetransmits: undefined };
    this.#association.send({ streamId, ppid: PPID.dcep, bytes, ...reliably });
  }

  #onMessage(streamId: number, ppid: number, bytes: Buffer): void {
    switch (ppid) {
      case PPID.dcep:
        return this.#onDcep(streamId, bytes);
      case PPID.text:
      case PPID.binary:
        return this.#onData(streamId, { bytes, isText: ppid === PPID.text });
      case PPID.emptyText:
      case PPID.emptyBinary:
        return this.#onData(streamId, { bytes: Buffer.alloc(0), isText: ppid === PPID.emptyText });
    }
  }

  #onData(streamId: number, message: DataMessage): void {
    const channel = this.#channels.get(streamId);
    if (!channel) return;
    const { length } = message.bytes;
    if (length > MAX_MESSAGE_SIZE) {
      this.#options.log.warn(
        { channel: streamId, length },
        'a message above the announced size: channel closed',
      );
      return this.closeChannel(streamId);
    }
    channel.messagesReceived++;
    channel.bytesReceived += length;
    this.#fanOut.write(message);
    const { maxRetransmits, maxPacketLifeTime } = channel.parameters;
    const pause = this.#pace.passed(Math.max(1, this.#fanOut.reach()), performance.now());
    // On a channel that may lose messages, old ones are not worth the waiting of new ones.
    const mayLose = maxRetransmits !== undefined || maxPacketLifeTime !== undefined;
    const room = mayLose ? undefined : this.#fanOut.room();
    if (pause ?? room) this.#association.holdUntil(Promise.all([pause, room]).then(() => undefined));
  }

  #onDcep(streamId: number, bytes: Buffer): void {
    const message = readDcep(bytes);
    const known = this.#channels.get(streamId);
    if (message?.type === 'ack') {
      if (known?.state === 'connecting') this.#becomeOpen(known);
    } else if (!message || known || this.#channels.size >= MAX_CHANNELS) {
      this.#tellOnce({ channel: streamId }, 'a data channel was refused');
      if (!known) this.#association.resetStream(streamId);
    } else {
      const channel = new DataChannel(streamId, message.parameters, 'connecting');
      this.#channels.set(streamId, channel);
      this.#sendDcep(streamId, writeAck());
      this.#becomeOpen(channel);
    }
  }

  #becomeOpen(channel: DataChannel): void {
    channel.state = 'open';
    this.#opened++;
    this.#options.onOpened(channel.id);
  }

  #onStreamsReset(ids: readonly number[]): void {
    for (const id of ids) this.#remove(id);
  }

  #closeAll(): void {
    this.#pace.close();
    this.#room.close();
    for (const { id } of this.all) this.#remove(id);
  }

  #remove(id: number): void {
    const channel = this.#channels.get(id);
    if (!channel) return;
    this.#channels.delete(id);
    channel.state = 'closed';
    this.#closedCount++;
    this.#options.onClosed(id);
  }

  /** Not the lowest one: the peer may still be about to close its side of a channel that was there before. */
  #freeId(): number | undefined {
    if (this.#channels.size >= MAX_CHANNELS) return undefined;
    while (this.#channels.has(this.#nextId)) this.#advance();
    const id = this.#nextId;
    this.#advance();
    return id;
  }

  #advance(): void {
    this.#nextId = (this.#nextId + 2) % MAX_STREAMS;
  }

  /** The peer can make it happen again and again. */
  #tellOnce(facts: Record<string, unknown>, what: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#options.log.warn(facts, `${what}; more of the same is not told`);
  }
}
