// Twenty thousand broken messages: nothing throws, nothing reaches anybody but the media server, and nothing is left.
import {
  FramingError,
  REQUESTED_TRANSPORT,
  StreamFramer,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  buildChannelData,
  channelNumberAttribute,
  uint32Attribute,
} from '@parley/rtc';
import { describe, expect, it } from 'vitest';
import { Bench, MEDIA, type BenchClient } from '../testing/bench.ts';
import { UDP_TRANSPORT, peer, rawIpv6Peer, type Attribute } from '../testing/request-writer.ts';
import type { TurnAction } from './turn-action.ts';

const MESSAGES = 20_000;
const SEED = 20_261_122;
const QUOTAS = { allocationsPerParticipant: 3, unauthenticatedAnswers: { perSecond: 100, burst: 100 } };

/** mulberry32: numbers in [0, 1), the same ones for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)];
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

/** Attributes right, wrong, and of random bytes. */
function attribute(): Attribute {
  return pick<Attribute>([
    UDP_TRANSPORT,
    peer(MEDIA.address, pick([MEDIA.port, below(65_536)])),
    peer(`${below(256)}.${below(256)}.${below(256)}.${below(256)}`, below(65_536)),
    rawIpv6Peer(bytes(16).toString('hex'), below(65_536)),
    rawIpv6Peer(`00000000000000000000ffff${pick(['7f000001', 'c000020a'])}`, MEDIA.port),
    channelNumberAttribute(pick([0x4000, 0x4001, below(65_536)])),
    uint32Attribute(TURN_ATTRIBUTE.LIFETIME, pick([0, 1, 600, 0xffff_ffff])),
    uint32Attribute(TURN_ATTRIBUTE.REQUESTED_TRANSPORT, REQUESTED_TRANSPORT.UDP),
    { type: pick([...Object.values(TURN_ATTRIBUTE), below(65_536)]), value: bytes(below(24)) },
  ]);
}

/** A message that authenticates, of any method and with any attributes. */
function valid({ writer }: BenchClient): Buffer {
  switch (below(6)) {
    case 0:
      return buildChannelData(pick([0x4000, 0x4001, 0x4fff]), bytes(below(40)), random() < 0.5);
    case 1:
      return writer.send(pick([MEDIA, { ...MEDIA, port: below(65_536) }]), bytes(below(40)));
    case 2:
      return writer.request(TURN_METHOD.REFRESH, [uint32Attribute(TURN_ATTRIBUTE.LIFETIME, pick([0, 600]))]);
    default: {
      const attributes = Array.from({ length: below(5) }, attribute);
      const method = pick([...Object.values(TURN_METHOD), 1, below(4096)]);
      return writer.request(method, attributes);
    }
  }
}

function mutated(message: Buffer): Buffer {
  const at = below(message.length);
  const copy = Buffer.from(message);
  switch (below(6)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), bytes(1 + below(8)), copy.subarray(at)]);
    case 2:
      copy[at] = below(256);
      return copy;
    case 3:
      copy[at] ^= 1 << below(8);
      return copy;
    case 4:
      if (copy.length >= 4) copy.writeUInt16BE(below(65_536), 2);
      return copy;
    default:
      return bytes(below(100));
  }
}

/** Everything that leaves the server goes to the one who sent, or to the media server. */
function expectHarmless(actions: readonly TurnAction[], client: BenchClient): void {
  for (const action of actions) {
    if (action.type === 'relay') expect(action.peer).toEqual(MEDIA);
    if (action.type === 'send') expect(action.to).toEqual(client.tuple);
  }
}

describe('the TURN server under broken messages', () => {
  it('throws nothing, reaches nobody but the media server, and keeps to its quotas', () => {
    const bench = new Bench({ quotas: QUOTAS, permitted: [MEDIA] });
    const clients = [1, 2, 3, 4, 5].map((clientPort) => bench.client('ann', { clientPort }));
    const seen = new Map<string, number>();
    const feed = (client: BenchClient, message: Buffer) => {
      const actions = client.feed(message);
      expectHarmless(actions, client);
      for (const { type } of actions) seen.set(type, (seen.get(type) ?? 0) + 1);
    };
    for (let sent = 0; sent < MESSAGES; sent++) {
      const client = pick(clients);
      if (sent % 100 === 0) client.challenge();
      // Now and then a clean start, so that what follows meets an allocation with permission and channel.
      if (sent % 50 === 0) {
        const attributes = [channelNumberAttribute(0x4000), peer(MEDIA.address, MEDIA.port)];
        feed(client, client.writer.request(TURN_METHOD.ALLOCATE, [UDP_TRANSPORT]));
        feed(client, client.writer.request(TURN_METHOD.CHANNEL_BIND, attributes));
      }
      const message = valid(client);
      feed(client, random() < 0.5 ? message : mutated(message));
      for (const from of [MEDIA, { address: '192.0.2.66', port: below(65_536) }]) {
        const down = bench.protocol.handlePeerDatagram(1 + below(400), from, bytes(below(10)), bench.now);
        expect(down.length === 0 || from === MEDIA).toBe(true);
      }
      expect(bench.protocol.allocations().length).toBeLessThanOrEqual(3);
      bench.advance(below(1000));
    }
    for (const type of ['send', 'relay', 'open-relay', 'close-relay', 'refused'])
      expect([type, (seen.get(type) ?? 0) > 30]).toEqual([type, true]);
    bench.advance(3_600_000);
    expect(bench.protocol.allocations()).toEqual([]);
    expect(bench.protocol.nextDeadline).toBeUndefined();
  });

  it('cuts broken streams into messages or gives them up', () => {
    const bench = new Bench({ quotas: QUOTAS, permitted: [MEDIA] });
    const client = bench.client('ann', { transport: 'tcp' }).challenge();
    let framer = new StreamFramer();
    let givenUp = 0;
    for (let sent = 0; sent < MESSAGES / 10; sent++) {
      const message = valid(client);
      const chunk = random() < 0.8 ? message : mutated(message);
      try {
        for (const whole of framer.push(chunk)) expectHarmless(client.feed(whole), client);
      } catch (error) {
        expect(error).toBeInstanceOf(FramingError);
        framer = new StreamFramer();
        givenUp++;
      }
    }
    expect(givenUp).toBeGreaterThan(10);
  });
});
