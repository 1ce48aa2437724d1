// The media server's end of plain RTP, protected by SDES or not, as Kurento clients see it: SDP in or out, then states and
// events. Each m-line has ports of its own; its bytes are the transport's, its packets the RTP session's.
import { randomInt } from 'node:crypto';
import { KurentoError, type MediaType } from '@parley/protocol';
import {
  agreeOnPlainOffer,
  offerPlainLines,
  readPlainAnswer,
  writePlainDescription,
  type PlainLine,
  type PlainLocal,
} from '@parley/rtc';
import { RtpSession } from '../forwarding/rtp-session.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import type { Flood } from '../transport/flood-gate.ts';
import type { RtpTransport } from '../transport/rtp-transport.ts';
import { BaseRtpEndpoint } from './base-rtp-endpoint.ts';
import { CodecMismatch } from './codec-mismatch.ts';
import type { StatsRecord } from './element-stats.ts';
import { floodError } from './flood-error.ts';
import type { MediaElement } from './media-element.ts';
import type { ObjectContext } from './media-object.ts';
import { rtpStats } from './rtp-stats.ts';
import { readSdesKey, type SdesValue } from './sdes-key.ts';
import type { OfferOptions } from './sdp-endpoint.ts';
import { readOrRefuse } from './sdp-refusal.ts';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** Without a packet for this long the peer's media counts as gone, in ms; as for a WebRtcEndpoint. */
const SILENCE_MS = 15_000;

export class RtpEndpoint extends BaseRtpEndpoint {
  readonly #local: PlainLocal;
  readonly #cname = `user-${randomInt(2 ** 32).toString(36)}@parley`;
  readonly #sessions: Readonly<Record<MediaKind, RtpSession>>;
  readonly #transports = new Map<MediaKind, RtpTransport>();
  readonly #mismatch = new CodecMismatch((error, kind) => {
    this.environment.log.warn({ endpoint: this.id, kind }, error.description);
    this.emit('Error', { ...error });
  });
  readonly #softLimitTold = new Set<MediaKind>();
  readonly #tick = (now: number): void => this.#onTick(now);
  #offered: readonly PlainLine[] = [];
  #lastPacketAt: number | undefined;

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for a key that does not go with its suite */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'RtpEndpoint');
    this.#local = {
      crypto: readSdesKey(params.crypto as SdesValue | undefined),
      ipv6: params.useIpv6 === true,
      newSsrc: () => randomInt(1, 2 ** 32),
    };
    this.#sessions = { audio: this.#newSession('audio'), video: this.#newSession('video') };
  }

  override source(kind: MediaKind): MediaSource {
    return this.#sessions[kind].up[kind];
  }

  override sink(kind: MediaKind): MediaSink {
    return this.#sessions[kind].down[kind];
  }

  override connect(sink: MediaElement, mediaType?: MediaType, ...descriptions: string[]): void {
    super.connect(sink, mediaType, ...descriptions);
    if (mediaType === undefined || mediaType === 'VIDEO') this.#tellOfKeyframes(sink);
  }

  /**
   * Asks the far side for a key frame.
   * @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED when it sends no video, or takes no such requests: without
   * the feedback of RTP/AVPF there are none
   */
  override requestKeyframe(): void {
    if (!this.#takesKeyframeRequests()) {
      const why = this.#receives('video') ? 'has agreed to no requests for key frames' : 'sends no video';
      throw new KurentoError('MEDIA_OBJECT_OPERATION_NOT_SUPPORTED', `The peer of '${this.id}' ${why}`);
    }
    super.requestKeyframe();
  }

  protected override async negotiate(offer: string): Promise<string> {
    const lines = readOrRefuse('SDP_END_POINT_PROCESS_OFFER_ERROR', () =>
      agreeOnPlainOffer(offer, this.#local),
    );
    const answer = await this.#openAndDescribe(lines, 'answer');
    this.#begin(lines);
    return answer;
  }

  protected override async makeOffer(options: OfferOptions): Promise<string> {
    const { offerToReceiveAudio, offerToReceiveVideo } = options;
    const kinds = KINDS.filter((kind) => (kind === 'audio' ? offerToReceiveAudio : offerToReceiveVideo));
    const lines = readOrRefuse('SDP_END_POINT_GENERATE_OFFER_ERROR', () =>
      offerPlainLines(kinds, this.#local),
    );
    const offer = await this.#openAndDescribe(lines, 'offer');
    this.#offered = lines;
    return offer;
  }

  protected override acceptAnswer(answer: string): void {
    const lines = readOrRefuse('SDP_END_POINT_PROCESS_ANSWER_ERROR', () =>
      readPlainAnswer(answer, this.#offered, this.#local),
    );
    this.#begin(lines);
  }

  protected override stats(kind: MediaKind): readonly StatsRecord[] {
    return rtpStats(this.id, kind, this.#sessions[kind]);
  }

  protected override onRelease(): void | Promise<void> {
    const released = super.onRelease();
    this.environment.ticker.remove(this.#tick);
    for (const session of Object.values(this.#sessions)) session.close();
    this.#closePorts();
    return released;
  }

  #newSession(kind: MediaKind): RtpSession {
    return new RtpSession({
      bounds: this.videoBounds,
      flowIn: (kind) => this.flowIn(kind),
      flowOut: (kind) => this.flowOut(kind),
      sendRtp: (packet, headerLength) => this.#transports.get(kind)?.sendRtp(packet, headerLength),
      sendRtcp: (packet) => this.#transports.get(kind)?.sendRtcp(packet),
    });
  }

  /** @throws KurentoError NOT_ENOUGH_RESOURCES when there are no ports; nothing is left open then */
  async #openAndDescribe(lines: readonly PlainLine[], as: 'offer' | 'answer'): Promise<string> {
    const address = this.environment.rtp.announcedIp(this.#local.ipv6);
    const version = this.#local.ipv6 ? 'IPv6' : 'IPv4';
    if (address === undefined)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', `This media server announces no ${version} address`);
    try {
      for (const { media } of lines)
        if (media.accepted && media.kind !== 'application') await this.#openPorts(media.kind);
    } catch (error) {
      this.#closePorts();
      throw error;
    }
    return writePlainDescription(
      {
        sessionId: randomInt(2 ** 31),
        sessionName: 'Parley Media Server',
        address,
        cname: this.#cname,
        as,
        bandwidthOf: ({ type }) => this.#bandwidthIn(as, type),
        portsOf: ({ type }) => this.#transports.get(type as MediaKind)?.ports ?? { rtp: 0, rtcp: 0 },
      },
      lines,
    );
  }

  /** Answers have none for video, as at the original: what we want to receive is told by REMB. */
  #bandwidthIn(as: 'offer' | 'answer', type: string): number {
    if (type === 'audio') return this.maxAudioRecvBandwidth;
    return as === 'offer' ? this.maxVideoRecvBandwidth : 0;
  }

  async #openPorts(kind: MediaKind): Promise<void> {
    const session = this.#sessions[kind];
    const listener = {
      onRtp: (packet: Buffer, now: number) => {
        this.#lastPacketAt = now;
        session.handleRtp(packet, now);
      },
      onRtcp: (packet: Buffer, now: number) => {
        this.#lastPacketAt = now;
        session.handleRtcp(packet, now);
      },
      onConnected: () => {
        session.start();
        this.setConnectionState('CONNECTED');
      },
      onKeySoftLimit: () => this.#tellOfSoftLimit(kind),
      onFlood: (flood: Flood) => this.#tellOfFlood(kind, flood),
    };
    const transport = await this.environment.rtp
      .create(this.#local.ipv6, listener)
      .catch((error: unknown) => {
        throw new KurentoError('NOT_ENOUGH_RESOURCES', `No ports for RTP: ${(error as Error).message}`);
      });
    if (!transport)
      throw new KurentoError(
        'NOT_ENOUGH_RESOURCES',
        'Every port of the range for RTP (--rtp-ports) is in use',
      );
    this.#transports.set(kind, transport);
    // Nobody else would give the ports back: the release has passed by.
    if (this.isReleased) throw new KurentoError('MEDIA_OBJECT_NOT_FOUND', `'${this.id}' was released`);
  }

  #closePorts(): void {
    for (const transport of this.#transports.values()) transport.close();
    this.#transports.clear();
  }

  #begin(lines: readonly PlainLine[]): void {
    for (const { media, place, comesToUs, rtcpMux, crypto } of lines) {
      if (media.kind === 'application') continue;
      const transport = this.#transports.get(media.kind);
      if (!media.accepted) {
        this.#giveBack(lines, media.kind);
        continue;
      }
      this.#sessions[media.kind].negotiate([media], this.#cname);
      const keys = crypto?.receive && { send: crypto.send, receive: crypto.receive };
      const payloadTypes = new Set(media.codecs.map(({ payloadType }) => payloadType));
      transport?.start({ place, comesToUs, rtcpMux, keys, payloadTypes });
    }
    this.environment.ticker.add(this.#tick);
    this.#tellOfRefused(lines);
    this.#tellOfKeyframes();
  }

  #tellOfRefused(lines: readonly PlainLine[]): void {
    const refused = lines.filter(({ media }) => !media.accepted);
    if (refused.length === 0) return;
    this.environment.log.warn(
      {
        endpoint: this.id,
        refused: refused.map(({ type, protocol, formats }) => [type, protocol, ...formats].join(' ')),
        keys: this.#local.crypto?.profile,
      },
      'lines were refused: by the peer, or for their profile, their keys (a=crypto) or their codecs',
    );
  }

  /** The ports of a line that was offered and refused; a surplus line has none of its own. */
  #giveBack(lines: readonly PlainLine[], kind: MediaKind): void {
    if (lines.some(({ media }) => media.accepted && media.kind === kind)) return;
    this.#transports.get(kind)?.close();
    this.#transports.delete(kind);
  }

  #receives(kind: MediaKind): boolean {
    return this.#sessions[kind].receiving.length > 0;
  }

  #takesKeyframeRequests(): boolean {
    const feedback = this.#sessions.video.up.video.codec?.feedback;
    return this.#receives('video') && feedback !== undefined && (feedback.pli || feedback.fir);
  }

  /** A viewer who joins sees nothing until then, and somebody will ask why. */
  #tellOfKeyframes(sink?: MediaElement): void {
    if (!this.#receives('video') || this.#takesKeyframeRequests()) return;
    const viewer = sink === undefined ? {} : { viewer: sink.id };
    this.environment.log.info(
      { endpoint: this.id, ...viewer },
      'the peer takes no requests for key frames: viewers wait for its next one',
    );
  }

  #tellOfSoftLimit(kind: MediaKind): void {
    if (this.#softLimitTold.has(kind)) return;
    this.#softLimitTold.add(kind);
    this.environment.log.warn({ endpoint: this.id, kind }, 'an SRTP key is nearly used up');
    this.emit('OnKeySoftLimit', { mediaType: kind === 'audio' ? 'AUDIO' : 'VIDEO' });
  }

  #tellOfFlood(kind: MediaKind, flood: Flood): void {
    const error = floodError(flood);
    this.environment.log.warn({ endpoint: this.id, kind, dropped: flood.dropped }, error.description);
    this.emit('Error', error);
  }

  #onTick(now: number): void {
    for (const kind of KINDS) {
      const session = this.#sessions[kind];
      session.maxVideoBitrate = this.maxVideoRecvBandwidth * 1000;
      session.tick(now);
      this.#mismatch.check(session.down[kind]);
    }
    // Many a sender of plain RTP has no RTCP: its media says as much.
    const last = this.#lastPacketAt;
    this.setMediaState(last !== undefined && now - last < SILENCE_MS ? 'CONNECTED' : 'DISCONNECTED');
  }
}
