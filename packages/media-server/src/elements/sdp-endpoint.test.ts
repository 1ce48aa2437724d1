// The order of offers and answers that an endpoint lets through, whatever their text.
import { KurentoError } from '@parley/protocol';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../environment.ts';
import type { ObjectEvent } from './media-object.ts';
import { SdpEndpoint, type OfferOptions } from './sdp-endpoint.ts';

class TestEndpoint extends SdpEndpoint {
  offered: OfferOptions | undefined;
  readonly accepted: string[] = [];
  described = 0;

  override source(): undefined {}

  override sink(): undefined {}

  protected override onDescribed(): void {
    this.described++;
  }

  protected override async makeOffer(options: OfferOptions): Promise<string> {
    await Promise.resolve();
    this.offered = options;
    return 'our offer';
  }

  protected override async acceptAnswer(answer: string): Promise<void> {
    await Promise.resolve();
    if (answer === 'bad') throw new KurentoError('SDP_END_POINT_PROCESS_ANSWER_ERROR', 'bad');
    this.accepted.push(answer);
  }

  protected override negotiate(offer: string): string {
    if (offer === 'bad') throw new KurentoError('SDP_PARSE_ERROR', 'bad');
    return 'our answer';
  }
}

let endpoint: TestEndpoint;
let events: ObjectEvent[];

beforeEach(() => {
  events = [];
  const environment = { log: pino({ level: 'silent' }) } as unknown as Environment;
  endpoint = new TestEndpoint(
    {
      id: 'endpoint',
      parent: undefined,
      environment,
      publish: (event) => void events.push(event),
      released: () => {},
    },
    'SdpEndpoint',
  );
});

async function codeOf(attempt: () => unknown): Promise<unknown> {
  try {
    return await attempt();
  } catch (error) {
    return (error as KurentoError).code;
  }
}

describe('an endpoint that offers', () => {
  it('gives its offer again for the answer, and tells that the session stands', async () => {
    expect(await endpoint.generateOffer()).toBe('our offer');
    expect(endpoint.getLocalSessionDescriptor()).toBe('our offer');
    expect(await codeOf(() => endpoint.getRemoteSessionDescriptor())).toBe(40203);
    expect(events).toEqual([]);
    expect(endpoint.described).toBe(1);
    expect(await endpoint.processAnswer('their answer')).toBe('our offer');
    expect(endpoint.getRemoteSessionDescriptor()).toBe('their answer');
    expect(events.map(({ type }) => type)).toEqual(['MediaSessionStarted']);
  });

  it('offers both kinds of media unless told otherwise', async () => {
    await endpoint.generateOffer({ offerToReceiveVideo: false });
    expect(endpoint.offered).toEqual({ offerToReceiveAudio: true, offerToReceiveVideo: false });
  });

  it('takes no second offer from either side, not even while it makes the first', async () => {
    const first = endpoint.generateOffer();
    expect(await codeOf(() => endpoint.generateOffer())).toBe(40208);
    expect(await codeOf(() => endpoint.processOffer('theirs'))).toBe(40208);
    await first;
    expect(await codeOf(() => endpoint.generateOffer())).toBe(40208);
    expect(await codeOf(() => endpoint.processOffer('theirs'))).toBe(40208);
  });

  it('wants an offer before the answer, an answer that is not empty, and only one', async () => {
    expect(await codeOf(() => endpoint.processAnswer('theirs'))).toBe(40209);
    const offering = endpoint.generateOffer();
    expect(await codeOf(() => endpoint.processAnswer('theirs'))).toBe(40209);
    await offering;
    expect(await codeOf(() => endpoint.processAnswer(''))).toBe(40201);
    const first = endpoint.processAnswer('theirs');
    expect(await codeOf(() => endpoint.processAnswer('theirs'))).toBe(40210);
    await first;
    expect(await codeOf(() => endpoint.processAnswer('theirs'))).toBe(40210);
    expect(endpoint.accepted).toEqual(['theirs']);
  });

  it('takes a better answer after one that it refused', async () => {
    await endpoint.generateOffer();
    expect(await codeOf(() => endpoint.processAnswer('bad'))).toBe(40206);
    expect(events).toEqual([]);
    expect(await endpoint.processAnswer('good')).toBe('our offer');
  });
});

describe('an endpoint that answers', () => {
  it('takes one offer, and no answer after it', async () => {
    expect(await codeOf(() => endpoint.processOffer('bad'))).toBe(40201);
    expect(await codeOf(() => endpoint.getLocalSessionDescriptor())).toBe(40202);
    expect(await endpoint.processOffer('theirs')).toBe('our answer');
    expect(await codeOf(() => endpoint.processAnswer('theirs'))).toBe(40210);
    expect(await codeOf(() => endpoint.generateOffer())).toBe(40208);
  });
});

describe('a bandwidth that may be received', () => {
  it('is unlimited at first, is kept, and is never less than nothing', async () => {
    for (const name of ['maxAudioRecvBandwidth', 'maxVideoRecvBandwidth'] as const) {
      expect(endpoint[name]).toBe(0);
      endpoint[name] = 40;
      expect(await codeOf(() => (endpoint[name] = -1))).toBe(40107);
      expect(endpoint[name]).toBe(40);
    }
  });

  it('stands in the SDP for audio, so that it is to be set before; for video it may change', async () => {
    await endpoint.processOffer('theirs');
    expect(await codeOf(() => (endpoint.maxAudioRecvBandwidth = 40))).toBe(40111);
    endpoint.maxVideoRecvBandwidth = 40;
    expect([endpoint.maxAudioRecvBandwidth, endpoint.maxVideoRecvBandwidth]).toEqual([0, 40]);
  });
});
