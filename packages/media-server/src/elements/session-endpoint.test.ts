import { beforeEach, describe, expect, it } from 'vitest';
import { BaseRtpEndpoint, type ConnectedState } from './base-rtp-endpoint.ts';
import type { ObjectContext } from './media-object.ts';
import { Bench } from './testing.ts';

class Leg extends BaseRtpEndpoint {
  constructor(context: ObjectContext) {
    super(context, 'WebRtcEndpoint');
  }

  override source(): undefined {
    return undefined;
  }

  override sink(): undefined {
    return undefined;
  }

  become(state: ConnectedState): void {
    this.setConnectionState(state);
  }

  peerIsGone(): void {
    this.become('DISCONNECTED');
    this.emitSessionTerminated();
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
let leg: Leg;
beforeEach(() => {
  bench = new Bench();
  leg = bench.make(Leg);
});

const told = () =>
  bench.events
    .filter(({ source, type }) => source === leg || type === 'ObjectDestroyed')
    .map(({ type, data }) => (type === 'ConnectionStateChanged' ? data.newState : type));

describe('the session of an endpoint', () => {
  it('is over when the peer is gone, and told so once, though the endpoint is released later', async () => {
    await leg.processOffer('offer');
    leg.become('CONNECTED');
    leg.peerIsGone();
    leg.peerIsGone();
    await leg.release();
    expect(told()).toEqual([
      'MediaSessionStarted',
      'CONNECTED',
      'DISCONNECTED',
      'MediaSessionTerminated',
      'ObjectDestroyed',
    ]);
  });

  it('is over with the release of the endpoint, which is told while the object is still there', async () => {
    await leg.processOffer('offer');
    await leg.release();
    expect(told()).toEqual(['MediaSessionStarted', 'MediaSessionTerminated', 'ObjectDestroyed']);
  });

  it('stands again when the peer that was given up comes back', async () => {
    await leg.generateOffer();
    await leg.processAnswer('answer');
    leg.peerIsGone();
    leg.become('CONNECTED');
    leg.peerIsGone();
    expect(told()).toEqual([
      'MediaSessionStarted',
      'MediaSessionTerminated',
      'CONNECTED',
      'MediaSessionStarted',
      'DISCONNECTED',
      'MediaSessionTerminated',
    ]);
  });

  it('was never there for an endpoint that was not negotiated', async () => {
    await leg.release();
    expect(told()).toEqual(['ObjectDestroyed']);
  });

  it('has no statistics before it was there, as at the original', async () => {
    expect(leg.getStats()).toBeNull();
    await leg.processOffer('offer');
    expect(leg.getStats('DATA')).toEqual({
      [leg.id]: expect.objectContaining({
        __type__: 'EndpointStats',
        type: 'endpoint',
        inputLatency: [],
        E2ELatency: [],
      }) as unknown,
    });
  });
});
