import { describe, expect, it } from 'vitest';
import { EVERY_ADDRESS } from '../transport/announced-candidates.ts';
import type { TurnServer } from '../transport/relay.ts';
import { OwnCandidates } from './own-candidates.ts';

const UDP = 'candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host';
const TCP = 'candidate:2 1 tcp 1520435199 192.0.2.1 4000 typ host tcptype passive';
const OUTSIDE = 'candidate:3 1 udp 1694498815 203.0.113.1 4000 typ srflx raddr 192.0.2.1 rport 4000';
const RELAYED = 'candidate:4 1 udp 16777215 198.51.100.1 50000 typ relay raddr 0.0.0.0 rport 9';
const STUN = { address: '203.0.113.9', port: 3478 };
const TURN = { host: '203.0.113.9', port: 3478, transport: 'tls', username: 'ann', password: 'x' } as const;

function candidates(relayed: string | undefined): OwnCandidates {
  const own = new OwnCandidates(
    {
      candidates: () => ({ all: [UDP, TCP], tcp: [TCP] }),
      candidateOutside: (_server, told) => Promise.resolve(told.includes(OUTSIDE) ? undefined : OUTSIDE),
    },
    { candidate: (_server: TurnServer) => Promise.resolve(relayed) },
  );
  own.choose(EVERY_ADDRESS);
  return own;
}

describe('the candidates of an endpoint', () => {
  it('become more by what its servers know, each once', async () => {
    const own = candidates(RELAYED);
    expect(own.findMore(own.all, { stun: undefined, turn: undefined })).toBeUndefined();
    expect(await own.findMore(own.all, { stun: STUN, turn: TURN })).toEqual([OUTSIDE, RELAYED]);
    expect(await own.findMore(own.all, { stun: STUN, turn: TURN })).toEqual([RELAYED]);
    expect(own.all).toEqual([UDP, TCP, OUTSIDE, RELAYED]);
    expect(own.tcp).toEqual([TCP]);
  });

  it('are no more than before when its servers know none', async () => {
    const own = candidates(undefined);
    expect(await own.findMore(own.all, { stun: undefined, turn: TURN })).toEqual([]);
    expect(own.all).toEqual([UDP, TCP]);
  });

  it('are not looked for where the peer is to come by TCP alone', () => {
    const own = candidates(RELAYED);
    expect(own.findMore(own.tcp, { stun: STUN, turn: TURN })).toBeUndefined();
  });

  it('lose the one of a relay that is lost', async () => {
    const own = candidates(RELAYED);
    await own.findMore(own.all, { stun: undefined, turn: TURN });
    own.forget(RELAYED);
    expect(own.all).toEqual([UDP, TCP]);
    expect(own.tcp).toEqual([TCP]);
  });
});
