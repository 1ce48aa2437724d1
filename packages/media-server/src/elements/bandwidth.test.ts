import { beforeEach, describe, expect, it } from 'vitest';
import { parseRtcp } from '@parley/rtc';
import { RtpSession } from '../forwarding/rtp-session.ts';
import { rtpPacket, VP8, videoMedia, vp8Payload } from '../forwarding/testing.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import { BaseRtpEndpoint } from './base-rtp-endpoint.ts';
import { Dispatcher } from './dispatcher.ts';
import { HubPort } from './hub-port.ts';
import type { MediaElement } from './media-element.ts';
import type { ObjectContext } from './media-object.ts';
import { PassThrough } from './pass-through.ts';
import { Bench, TestEndpoint } from './testing.ts';

/** A peer connection in both directions whose peer the test is. */
class Leg extends BaseRtpEndpoint {
  readonly bitrates: number[] = [];
  readonly session: RtpSession;
  #sequence = 65_530;
  #now = 0;

  constructor(context: ObjectContext) {
    super(context, 'WebRtcEndpoint');
    this.session = new RtpSession({
      flowIn: (kind) => this.flowIn(kind),
      flowOut: (kind) => this.flowOut(kind),
      sendRtp: () => undefined,
      sendRtcp: (bytes) => {
        for (const packet of parseRtcp(bytes)) if (packet.type === 'remb') this.bitrates.push(packet.bitrate);
      },
      bounds: this.videoBounds,
    });
    this.session.negotiate([videoMedia({ direction: 'sendrecv' })], 'test');
    this.session.start();
  }

  override source(kind: MediaKind): MediaSource {
    return this.session.up[kind];
  }

  override sink(kind: MediaKind): MediaSink {
    return this.session.down[kind];
  }

  /** What the peer is asked for in the next second, in which so many of its 100 packets are lost. */
  second(lost = 0): number {
    for (let packet = 0; packet < 100; packet++) {
      const sequence = this.#sequence++ & 0xffff;
      if (packet >= 50 && packet < 50 + lost) continue;
      this.session.handleRtp(rtpPacket({ sequence, payload: vp8Payload(true) }).bytes, this.#now);
    }
    this.#now += 1_000;
    this.session.tick(this.#now);
    return this.bitrates.at(-1) ?? 0;
  }

  protected override negotiate(): string {
    return 'answer';
  }

  protected override makeOffer(): string {
    return 'offer';
  }

  protected override acceptAnswer(): void {
    return undefined;
  }
}

let bench: Bench;
let sender: Leg;
beforeEach(() => {
  bench = new Bench();
  sender = bench.make(Leg);
});

describe('bounds on the video that somebody is to get', () => {
  it('ask its sender for no more than the least of them, through whatever is between', () => {
    const hub = bench.make(Dispatcher);
    const [port, out, middle] = [
      bench.make(HubPort, { hub }),
      bench.make(HubPort, { hub }),
      bench.make(PassThrough),
    ];
    const [near, far] = [bench.make(Leg), bench.make(Leg)];
    sender.connect(near);
    sender.connect(middle);
    middle.connect(port);
    hub.connect(port, out);
    out.connect(far);
    expect(sender.second()).toBe(1_080_000);
    far.maxVideoSendBandwidth = 200;
    expect(sender.second()).toBe(200_000);
    near.maxVideoSendBandwidth = 150;
    expect(sender.second()).toBe(150_000);
    near.maxVideoSendBandwidth = 0;
    expect(sender.second()).toBe(162_000);
    expect(sender.second()).toBe(174_960);
    out.disconnect(far);
    for (let second = 0; second < 10; second++) sender.second();
    expect(sender.second()).toBeGreaterThan(200_000);
  });

  it('hold for what an element gives as well, as the most that may be encoded', () => {
    const [middle, down] = [bench.make(PassThrough), bench.make(Leg)];
    sender.connect(middle);
    middle.connect(down);
    for (const [element, bound] of [
      [middle, 300_000],
      [sender, 250_000],
    ] as [MediaElement, number][]) {
      element.maxEncoderBitrate = bound;
      expect([element.maxEncoderBitrate, sender.second()]).toEqual([bound, bound]);
    }
    sender.maxEncoderBitrate = 0;
    expect(sender.second()).toBe(270_000);
  });

  it('are refused where nobody can be asked, and when they are none', () => {
    const other = bench.make(TestEndpoint);
    expect(() => (other.maxEncoderBitrate = 1)).toThrow(expect.objectContaining({ code: 40006 }));
    expect(other.maxEncoderBitrate).toBe(0);
    const set = [
      () => (sender.maxEncoderBitrate = -1),
      () => (sender.maxVideoSendBandwidth = -1),
      () => (sender.minVideoSendBandwidth = -1),
      () => (sender.minVideoRecvBandwidth = -1),
    ];
    for (const each of set) expect(each).toThrow(expect.objectContaining({ code: 40107 }));
  });
});

describe('what a peer is asked for', () => {
  it('does not fall below minVideoRecvBandwidth, however much is lost', () => {
    expect(sender.minVideoRecvBandwidth).toBe(100);
    sender.minVideoRecvBandwidth = 900;
    for (let second = 0; second < 10; second++) sender.second(40);
    expect(sender.second(40)).toBe(900_000);
    sender.minVideoRecvBandwidth = 50;
    for (let second = 0; second < 30; second++) sender.second(40);
    expect(sender.second(40)).toBe(50_000);
  });

  it('follows the rembParams of the application, and says what holds without them', () => {
    expect(sender.rembParams).toEqual({ exponentialFactor: 0.04, upLosses: 26, rembOnConnect: 1_000_000 });
    const given = {
      packetsRecvIntervalTop: 100,
      exponentialFactor: 0.1,
      linealFactorGrade: 30,
      decrementFactor: 0.5,
      thresholdFactor: 0.8,
      upLosses: 12,
      rembOnConnect: 400_000,
    };
    sender.rembParams = { ...given, linealFactorMin: undefined };
    expect(sender.rembParams).toEqual({ ...given, linealFactorMin: 50 });
    expect([sender.second(), sender.second(), sender.second(20)]).toEqual([400_000, 484_000, 242_000]);
    for (const wrong of [
      { decrementFactor: 0 },
      { linealFactorGrade: 0 },
      { rembOnConnect: -1 },
      { upLosses: -1 },
    ])
      expect(() => (sender.rembParams = { ...given, ...wrong })).toThrow(
        expect.objectContaining({ code: 40107 }),
      );
  });
});

describe('what nobody can have without an encoder', () => {
  it('is refused in so many words', () => {
    expect([sender.mtu, sender.encoderBitrate, sender.minEncoderBitrate]).toEqual([1200, 0, 0]);
    sender.mtu = 1200;
    const refused = [
      () => (sender.mtu = 1100),
      () => sender.setVideoFormat({ codec: 'RAW' }),
      () => sender.setAudioFormat({ codec: 'RAW' }),
    ];
    for (const each of refused) expect(each).toThrow(expect.objectContaining({ code: 40006 }));
  });

  it('is told of when another codec comes than was expected', () => {
    const errors = () => bench.eventsOf(sender, 'Error').map(({ errorCode, type }) => [errorCode, type]);
    sender.setVideoFormat({ codec: 'VP8' });
    sender.second();
    expect(errors()).toEqual([]);
    expect(() => sender.setVideoFormat({ codec: 'H264' })).toThrow(/have its sender use H264/);
    sender.setVideoFormat({ codec: VP8.name });
    const other = bench.make(PassThrough);
    other.setVideoFormat({ codec: 'H264' });
    sender.connect(other);
    sender.second();
    expect(bench.eventsOf(other, 'Error')).toMatchObject([
      { errorCode: 40005, type: 'UNSUPPORTED_MEDIA_TYPE' },
    ]);
  });
});
