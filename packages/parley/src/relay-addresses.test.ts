import { describe, expect, it } from 'vitest';
import { relayAddresses } from './relay-addresses.ts';

const OWN = ['127.0.0.1', '192.0.2.7', '172.17.0.1', '::1', '2001:db8::7'];

function plan(addresses: readonly string[], own = OWN) {
  return relayAddresses({ addresses, rtcPort: 40_000 }, own);
}

describe('the addresses of the relay', () => {
  it('are those announced, when they are this machine’s own', () => {
    expect(plan(['192.0.2.7', '2001:db8::7'])).toEqual({
      listen: ['192.0.2.7', '2001:db8::7'],
      relay: [
        { address: '192.0.2.7', told: '192.0.2.7' },
        { address: '2001:db8::7', told: '2001:db8::7' },
      ],
      peers: [
        { address: '192.0.2.7', port: 40_000 },
        { address: '2001:db8::7', port: 40_000 },
      ],
      told: ['192.0.2.7', '2001:db8::7'],
      impossible: [],
    });
  });

  it('are, behind address translation, its own to listen on and the announced ones to be told', () => {
    expect(plan(['203.0.113.5'])).toEqual({
      listen: ['192.0.2.7', '172.17.0.1'],
      relay: [{ address: '192.0.2.7', told: '203.0.113.5' }],
      peers: [{ address: '203.0.113.5', port: 40_000, reachedAt: '192.0.2.7' }],
      told: ['203.0.113.5'],
      impossible: [],
    });
  });

  it('are those announced on a machine with many, in whatever order it has them', () => {
    const bridges = Array.from({ length: 20 }, (_, number) => `172.18.${number}.1`);
    expect(plan(['192.0.2.7'], [...bridges, '192.0.2.7'])).toMatchObject({
      listen: ['192.0.2.7'],
      relay: [{ address: '192.0.2.7', told: '192.0.2.7' }],
    });
  });

  it('reach the media server by its near address when both that and a public one are announced', () => {
    const both = plan(['203.0.113.5', '192.0.2.7']);
    expect(both).toMatchObject({
      listen: ['192.0.2.7', '172.17.0.1'],
      relay: [{ address: '192.0.2.7', told: '192.0.2.7' }],
      told: ['203.0.113.5', '192.0.2.7'],
    });
    expect(both?.peers).toEqual([
      { address: '203.0.113.5', port: 40_000 },
      { address: '192.0.2.7', port: 40_000 },
    ]);
  });

  it('never lead to two peers at one place', () => {
    const peers = plan(['203.0.113.5', '203.0.113.6'])?.peers;
    expect(peers?.filter(({ reachedAt }) => reachedAt !== undefined)).toHaveLength(1);
  });

  it('leave out a family that this machine does not have, and say so', () => {
    expect(plan(['192.0.2.7', '2001:db8::5'], ['127.0.0.1', '192.0.2.7'])).toMatchObject({
      listen: ['192.0.2.7'],
      told: ['192.0.2.7'],
      impossible: ['2001:db8::5'],
    });
    expect(plan(['2001:db8::5'], ['127.0.0.1', '192.0.2.7'])).toBeUndefined();
    expect(plan(['127.0.0.1'])).toBeUndefined();
  });

  it('are told sparingly: each costs every browser an allocation for every leg', () => {
    const many = [...Array(5).keys()].map((i) => `192.0.2.${i + 1}`);
    expect(plan([...many, '2001:db8::7', '2001:db8::8'], many.concat('2001:db8::7'))?.told).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8::7',
    ]);
  });
});
