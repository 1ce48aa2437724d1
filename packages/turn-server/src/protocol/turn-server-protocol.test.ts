import {
  REQUESTED_TRANSPORT,
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  addressFamilyAttribute,
  buildChannelData,
  channelNumberAttribute,
  parseChannelData,
  readXorAddress,
  requestedTransportAttribute,
  uint32Attribute,
  verifyIntegrity,
} from '@parley/rtc';
import { describe, expect, it } from 'vitest';
import { Bench, MEDIA, MEDIA_IPV6, type BenchClient } from '../testing/bench.ts';
import { UDP_TRANSPORT, outcome, parsed, peer, rawIpv6Peer } from '../testing/request-writer.ts';

const { ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND } = TURN_METHOD;
const MEDIA_PEER = peer(MEDIA.address, MEDIA.port);
const DATA = Buffer.from('some media');

const lifetime = (seconds: number) => uint32Attribute(TURN_ATTRIBUTE.LIFETIME, seconds);
const channel = (number: number) => channelNumberAttribute(number);

/** A client with an allocation. */
function allocated(bench: Bench, participant = 'ann', options = {}): BenchClient {
  const client = bench.client(participant, options);
  expect(client.allocate()).toBe('success');
  return client;
}

function lifetimeOf(client: BenchClient, seconds?: number): number | undefined {
  const answer = client.ask(REFRESH, ...(seconds === undefined ? [] : [lifetime(seconds)]));
  return answer.attribute(TURN_ATTRIBUTE.LIFETIME)?.readUInt32BE(0);
}

describe('STUN binding', () => {
  it('tells a client its address, and keeps that short', () => {
    const client = new Bench().client('ann', { clientAddress: '2001:db8::77', clientPort: 65_535 });
    const answer = client.answer(client.writer.plainRequest(STUN_METHOD_BINDING))!;
    expect(answer.xorMappedAddress).toEqual({ address: '2001:db8::77', port: 65_535 });
    expect(answer.bytes.length).toBe(44);
  });

  it('answers 420 to what it must understand and does not', () => {
    const client = new Bench().client('ann');
    const request = client.writer.plainRequest(STUN_METHOD_BINDING, [uint32Attribute(0x7ffe, 1)]);
    const answer = client.answer(request)!;
    expect(outcome(answer)).toBe(420);
    expect(answer.attribute(STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES)?.toString('hex')).toBe('7ffe');
  });
});

describe('authentication', () => {
  it('challenges a stranger with realm and nonce in at most 100 bytes', () => {
    const client = new Bench().client('ann');
    const answer = client.answer(client.writer.plainRequest(ALLOCATE))!;
    expect(outcome(answer)).toBe(401);
    expect(answer.attribute(STUN_ATTRIBUTE.REALM)?.toString()).toBe('parley');
    expect(answer.attribute(STUN_ATTRIBUTE.NONCE)).toBeDefined();
    expect(answer.bytes.length).toBeLessThanOrEqual(100);
  });

  it('protects its answers with the key of the client', () => {
    const client = new Bench().client('ann').challenge();
    expect(verifyIntegrity(client.ask(ALLOCATE, UDP_TRANSPORT), client.writer.key)).toBe(true);
    expect(verifyIntegrity(client.ask(ALLOCATE, UDP_TRANSPORT), client.writer.key)).toBe(true);
  });

  it('refuses credentials of another secret, a changed participant and a later expiry', () => {
    const bench = new Bench();
    expect(bench.client('ann', { secret: 'another' }).allocate()).toBe(401);
    const impostor = bench.client('ann');
    impostor.writer.username = impostor.writer.username.replace('ann', 'bob');
    expect(impostor.allocate()).toBe(401);
    const prolonged = bench.client('ann');
    prolonged.writer.username = prolonged.writer.username.replace(/^\d+/, '9999999999');
    expect(prolonged.allocate()).toBe(401);
    expect(bench.protocol.allocations()).toEqual([]);
  });

  it.each(['', ':', 'ann', '1800086401', '1800086401:', 'x:ann', '-1:ann', `1800086401:${'a'.repeat(300)}`])(
    'refuses the username "%s"',
    (username) => {
      const client = new Bench().client('ann');
      client.writer.username = username;
      expect(client.allocate()).toBe(401);
    },
  );

  it('refuses credentials in the last second of their life', () => {
    const bench = new Bench();
    const client = bench.client('ann', { lifetimeSeconds: 60 }).challenge();
    bench.advance(58_900);
    expect(client.outcome(ALLOCATE, UDP_TRANSPORT)).toBe('success');
    bench.advance(500);
    expect(client.outcome(REFRESH)).toBe(401);
  });

  it('refuses another realm', () => {
    const client = new Bench().client('ann');
    client.writer.realm = 'elsewhere';
    expect(client.allocate()).toBe(401);
  });

  it('refuses a nonce after ten minutes, and gives a new one that works', () => {
    const bench = new Bench();
    const client = bench.client('ann').challenge();
    bench.advance(599_000);
    expect(client.outcome(ALLOCATE, UDP_TRANSPORT)).toBe('success');
    bench.advance(3000);
    const answer = client.ask(REFRESH);
    expect(outcome(answer)).toBe(438);
    client.writer.nonce = answer.attribute(STUN_ATTRIBUTE.NONCE)!.toString();
    expect(client.outcome(REFRESH)).toBe('success');
  });

  it('refuses a nonce replayed from another address, port, transport, or made up', () => {
    const bench = new Bench();
    const { nonce } = bench.client('ann').challenge().writer;
    const others = [
      { clientAddress: '198.51.100.8' },
      { clientPort: 5001 },
      { transport: 'tcp' as const },
      { serverPort: 3479 },
    ];
    for (const options of others) {
      const thief = bench.client('ann', options);
      thief.writer.nonce = nonce;
      expect(thief.outcome(ALLOCATE, UDP_TRANSPORT)).toBe(438);
    }
    const [end, mac] = nonce.split('.');
    for (const forged of [`z${end}.${mac}`, `${end}.${mac}x`, `.${mac}`, `${end}.`, '', '....', 'ä']) {
      const client = bench.client('ann');
      client.writer.nonce = forged;
      expect(client.outcome(ALLOCATE, UDP_TRANSPORT)).toBe(438);
    }
  });

  it('answers 400 when a part of the credentials is missing', () => {
    const client = new Bench().client('ann').challenge();
    const whole = client.writer.request(ALLOCATE, [UDP_TRANSPORT]);
    for (const type of [STUN_ATTRIBUTE.USERNAME, STUN_ATTRIBUTE.REALM, STUN_ATTRIBUTE.NONCE]) {
      const request = Buffer.from(whole);
      const at = request.indexOf(Buffer.from([0, type, 0]), 20);
      // Another, optional attribute in its place.
      request.writeUInt16BE(0x8fff, at);
      expect(outcome(client.answer(request)!)).toBe(400);
    }
  });

  it('drops a request whose FINGERPRINT is wrong', () => {
    const bench = new Bench();
    const client = bench.client('ann');
    const request = Buffer.concat([
      client.writer.plainRequest(ALLOCATE),
      Buffer.from('8028000400000000', 'hex'),
    ]);
    request.writeUInt16BE(request.length - 20, 2);
    expect(client.feed(request)).toEqual([]);
  });

  it('answers strangers of one source a few times only, whatever port they use', () => {
    const bench = new Bench({ quotas: { unauthenticatedAnswers: { perSecond: 2, burst: 5 } } });
    const answers = (address: string, count: number) => {
      let got = 0;
      for (let port = 1; port <= count; port++) {
        const client = bench.client('x', { clientAddress: address, clientPort: port });
        if (client.answer(client.writer.plainRequest(port % 2 ? ALLOCATE : STUN_METHOD_BINDING))) got++;
      }
      return got;
    };
    expect(answers('198.51.100.1', 100)).toBe(5);
    expect(answers('::ffff:198.51.100.1', 100)).toBe(0);
    expect(answers('198.51.100.2', 100)).toBe(5);
    expect(answers('2001:db8:1:2::1', 100)).toBe(5);
    expect(answers('2001:db8:1:2:ffff::2', 100)).toBe(0);
    bench.advance(1000);
    expect(answers('198.51.100.1', 100)).toBe(2);
  });
});

describe('Allocate', () => {
  it('gives the relayed and the reflexive address', () => {
    const bench = new Bench();
    const client = bench.client('ann').challenge();
    const answer = client.ask(ALLOCATE, UDP_TRANSPORT);
    const relayed = answer.attribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS)!;
    expect(readXorAddress(relayed, answer.transactionId)).toEqual({ address: '192.0.2.1', port: 50_001 });
    expect(answer.xorMappedAddress).toEqual({ address: '198.51.100.7', port: 5000 });
    expect(answer.attribute(TURN_ATTRIBUTE.LIFETIME)?.readUInt32BE(0)).toBe(600);
    expect(bench.protocol.allocations()).toMatchObject([
      { participant: 'ann', transport: 'udp', relayed: { address: '192.0.2.1', port: 50_001 } },
    ]);
  });

  it('answers a retransmission as the first time, without a second socket', () => {
    const bench = new Bench();
    const client = bench.client('ann').challenge();
    const request = client.writer.request(ALLOCATE, [UDP_TRANSPORT]);
    const first = client.answer(request)!;
    const again = client.feed(request);
    expect(again).toEqual([{ type: 'send', to: client.tuple, bytes: first.bytes }]);
    expect(client.outcome(ALLOCATE, UDP_TRANSPORT)).toBe(437);
  });

  it('says nothing to a retransmission while the socket is being opened', () => {
    const bench = new Bench();
    bench.opensRelays = false;
    const client = bench.client('ann').challenge();
    const request = client.writer.request(ALLOCATE, [UDP_TRANSPORT]);
    expect(client.feed(request).map(({ type }) => type)).toEqual(['open-relay']);
    expect(client.feed(request)).toEqual([]);
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER)).toBe(437);
    const [opened] = bench.protocol.handleRelayOpened(1, { address: '192.0.2.1', port: 9 });
    expect(opened.type === 'send' && outcome(parsed(opened.bytes))).toBe('success');
  });

  it('answers 508 and keeps nothing when the socket cannot be opened', () => {
    const bench = new Bench();
    bench.opensRelays = false;
    const client = bench.client('ann').challenge();
    client.feed(client.writer.request(ALLOCATE, [UDP_TRANSPORT]));
    const actions = bench.protocol.handleRelayFailed(1);
    expect(actions.map(({ type }) => type)).toEqual(['send', 'refused', 'close-relay']);
    expect(actions[0].type === 'send' && outcome(parsed(actions[0].bytes))).toBe(508);
    expect(bench.protocol.allocations()).toEqual([]);
    expect(bench.protocol.handleRelayOpened(1, MEDIA)).toEqual([]);
  });

  it.each([
    [400, 'no transport', []],
    [442, 'TCP', [requestedTransportAttribute(REQUESTED_TRANSPORT.TCP)]],
    [400, 'a short transport', [{ type: TURN_ATTRIBUTE.REQUESTED_TRANSPORT, value: Buffer.from([17]) }]],
    [508, 'an even port', [UDP_TRANSPORT, { type: TURN_ATTRIBUTE.EVEN_PORT, value: Buffer.from([0x80]) }]],
    [
      508,
      'a reserved port',
      [UDP_TRANSPORT, { type: TURN_ATTRIBUTE.RESERVATION_TOKEN, value: Buffer.alloc(8) }],
    ],
    [420, 'no fragments', [UDP_TRANSPORT, { type: TURN_ATTRIBUTE.DONT_FRAGMENT, value: Buffer.alloc(0) }]],
    [
      440,
      'a family of its own',
      [UDP_TRANSPORT, { type: TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, value: Buffer.from([3, 0, 0, 0]) }],
    ],
    [440, 'IPv6', [UDP_TRANSPORT, addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, 'ipv6')]],
    [400, 'a short lifetime', [UDP_TRANSPORT, { type: TURN_ATTRIBUTE.LIFETIME, value: Buffer.alloc(2) }]],
    [
      400,
      'both ways of asking for IPv6',
      [
        UDP_TRANSPORT,
        addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, 'ipv6'),
        addressFamilyAttribute(TURN_ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, 'ipv6'),
      ],
    ],
  ])('answers %i to a client that asks for %s', (code, _what, attributes) => {
    const bench = new Bench({ ipv6: false });
    const client = bench.client('ann').challenge();
    expect(client.outcome(ALLOCATE, ...attributes)).toBe(code);
    expect(bench.protocol.allocations()).toEqual([]);
  });

  it('relays from IPv6 when it has such an address, and to IPv6 peers only then', () => {
    const client = new Bench().client('ann');
    const family = addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, 'ipv6');
    expect(client.allocate(family)).toBe('success');
    expect(client.outcome(CREATE_PERMISSION, peer(MEDIA_IPV6.address, 1))).toBe('success');
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER)).toBe(443);
    const sameFamily = addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, 'ipv4');
    expect(client.outcome(REFRESH, sameFamily)).toBe(443);
  });

  it('says beside the IPv4 address that there is no second one', () => {
    const client = new Bench().client('ann').challenge();
    const both = addressFamilyAttribute(TURN_ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, 'ipv6');
    const answer = client.ask(ALLOCATE, UDP_TRANSPORT, both);
    const error = answer.attribute(TURN_ATTRIBUTE.ADDRESS_ERROR_CODE);
    expect(error?.subarray(0, 4)).toEqual(Buffer.from([2, 0, 4, 40]));
  });

  it('gives the lifetime that was asked for, between the default, an hour and the end of the credentials', () => {
    const bench = new Bench();
    const client = allocated(bench, 'ann', { lifetimeSeconds: 2000 });
    expect(lifetimeOf(client)).toBe(600);
    expect(lifetimeOf(client, 1)).toBe(600);
    expect(lifetimeOf(client, 700)).toBe(700);
    // The expiry is a whole second, and half a second of it has gone.
    expect(lifetimeOf(client, 0xffff_ffff)).toBeGreaterThanOrEqual(1998);
    expect(lifetimeOf(client, 0xffff_ffff)).toBeLessThanOrEqual(2000);
    expect(lifetimeOf(allocated(bench, 'bob', { clientPort: 2 }), 0xffff_ffff)).toBe(3600);
  });

  it('counts allocations of a participant, of an address and of all', () => {
    const bench = new Bench({
      quotas: { allocationsPerParticipant: 2, allocationsPerAddress: 3, allocations: 4 },
    });
    const from = (participant: string, clientAddress: string, clientPort: number) =>
      bench.client(participant, { clientAddress, clientPort }).allocate();
    expect(from('ann', '198.51.100.1', 1)).toBe('success');
    expect(from('ann', '198.51.100.2', 1)).toBe('success');
    expect(from('ann', '198.51.100.3', 1)).toBe(486);
    expect(from('bob', '198.51.100.1', 2)).toBe('success');
    expect(from('cid', '::ffff:198.51.100.1', 3)).toBe('success');
    expect(from('dan', '198.51.100.1', 4)).toBe(486);
    expect(from('dan', '198.51.100.4', 4)).toBe(508);
    bench.protocol.handleClientGone(
      bench.client('ann', { clientAddress: '198.51.100.2', clientPort: 1 }).tuple,
    );
    expect(from('ann', '198.51.100.3', 1)).toBe('success');
  });
});

describe('the life of an allocation', () => {
  it('ends at its deadline, to the millisecond, and closes the connection of a TCP client', () => {
    const bench = new Bench();
    const udp = allocated(bench);
    bench.now += 1;
    const tcp = allocated(bench, 'bob', { transport: 'tcp' });
    expect(bench.advance(599_998)).toEqual([]);
    expect(bench.advance(1)).toMatchObject([{ type: 'close-relay', relay: 1, reason: 'expired' }]);
    expect(bench.advance(1)).toMatchObject([
      { type: 'close-relay', relay: 2 },
      { type: 'close-client', client: tcp.tuple },
    ]);
    expect(bench.protocol.nextDeadline).toBeUndefined();
    expect(udp.challenge().outcome(REFRESH)).toBe(437);
  });

  it('goes on when refreshed and ends when refreshed with 0', () => {
    const bench = new Bench();
    const client = allocated(bench);
    bench.advance(590_000);
    expect(client.outcome(REFRESH)).toBe('success');
    expect(bench.advance(590_000)).toEqual([]);
    client.challenge();
    const actions = client.feed(client.writer.request(REFRESH, [lifetime(0)]));
    expect(actions).toMatchObject([{ type: 'send' }, { type: 'close-relay', reason: 'released' }]);
    expect(client.outcome(REFRESH, lifetime(0))).toBe(437);
    expect(client.outcome(ALLOCATE, UDP_TRANSPORT)).toBe('success');
  });

  it('cannot be used by another participant, but by the same one with renewed credentials', () => {
    const bench = new Bench();
    const ann = allocated(bench, 'ann', { lifetimeSeconds: 60 });
    const bob = bench.client('bob').challenge();
    for (const method of [REFRESH, CREATE_PERMISSION, CHANNEL_BIND])
      expect(bob.outcome(method, MEDIA_PEER, channel(0x4000))).toBe(441);
    expect(bob.outcome(ALLOCATE, UDP_TRANSPORT)).toBe(437);
    expect(lifetimeOf(ann)).toBeLessThanOrEqual(60);
    expect(lifetimeOf(bench.client('ann').challenge())).toBe(600);
  });

  it('ends with the connection of its client', () => {
    const bench = new Bench();
    const client = allocated(bench, 'ann', { transport: 'tls' });
    expect(bench.protocol.handleClientGone(client.tuple)).toMatchObject([{ reason: 'client-gone' }]);
    expect(bench.protocol.handleClientGone(client.tuple)).toEqual([]);
    expect(bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now)).toEqual([]);
  });
});

describe('permissions', () => {
  it('are needed for data, both ways, and last five minutes', () => {
    const bench = new Bench();
    const client = allocated(bench);
    const up = () => client.relayed(client.writer.send(MEDIA, DATA)).length;
    const down = () => bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now).length;
    expect([up(), down()]).toEqual([0, 0]);
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER)).toBe('success');
    expect([up(), down()]).toEqual([1, 1]);
    bench.advance(299_999);
    expect([up(), down()]).toEqual([1, 1]);
    bench.advance(1);
    expect([up(), down()]).toEqual([0, 0]);
  });

  it('are for an address, the port being checked with every datagram', () => {
    const bench = new Bench();
    const client = allocated(bench);
    expect(client.outcome(CREATE_PERMISSION, peer(MEDIA.address, 9))).toBe('success');
    expect(client.relayed(client.writer.send(MEDIA, DATA))).toMatchObject([{ peer: MEDIA, bytes: DATA }]);
    expect(client.relayed(client.writer.send({ ...MEDIA, port: 9 }, DATA))).toEqual([]);
    const stranger = { ...MEDIA, port: 9 };
    expect(bench.protocol.handlePeerDatagram(1, stranger, DATA, bench.now)).toEqual([]);
  });

  it('are given for all peers of a request or for none', () => {
    const bench = new Bench();
    const client = allocated(bench);
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER, peer('192.0.2.11', 1))).toBe(403);
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER, peer(MEDIA_IPV6.address, 1))).toBe(443);
    expect(client.relayed(client.writer.send(MEDIA, DATA))).toEqual([]);
    expect(client.outcome(CREATE_PERMISSION)).toBe(400);
    const broken = { type: TURN_ATTRIBUTE.XOR_PEER_ADDRESS, value: Buffer.from([0, 1, 2, 3]) };
    expect(client.outcome(CREATE_PERMISSION, MEDIA_PEER, broken)).toBe(400);
  });

  it('are not given for the media server dressed up as IPv6', () => {
    const client = allocated(new Bench());
    for (const hex of ['00000000000000000000ffffc000020a', '0064ff9b0000000000000000c000020a'])
      expect(client.outcome(CREATE_PERMISSION, rawIpv6Peer(hex, MEDIA.port))).toBe(443);
  });

  it('end at once when the policy no longer permits the peer', () => {
    const bench = new Bench();
    const client = allocated(bench);
    client.ask(CHANNEL_BIND, channel(0x4000), MEDIA_PEER);
    bench.policy.update([{ ...MEDIA, port: 40_001 }]);
    expect(client.relayed(client.writer.send(MEDIA, DATA))).toEqual([]);
    expect(client.relayed(buildChannelData(0x4000, DATA, false))).toEqual([]);
    expect(bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now)).toEqual([]);
    expect(client.relayed(client.writer.send({ ...MEDIA, port: 40_001 }, DATA))).toHaveLength(1);
  });

  it('let no Send indication through that asks for what is not supported', () => {
    const client = allocated(new Bench());
    client.ask(CREATE_PERMISSION, MEDIA_PEER);
    const dontFragment = { type: TURN_ATTRIBUTE.DONT_FRAGMENT, value: Buffer.alloc(0) };
    expect(client.feed(client.writer.send(MEDIA, DATA, [dontFragment]))).toEqual([]);
  });
});

describe('channels', () => {
  it('carry data both ways, padded on TCP only', () => {
    for (const transport of ['udp', 'tcp', 'tls'] as const) {
      const bench = new Bench();
      const client = allocated(bench, 'ann', { transport });
      expect(client.outcome(CHANNEL_BIND, channel(0x4fff), MEDIA_PEER)).toBe('success');
      expect(client.relayed(buildChannelData(0x4fff, DATA, true))).toMatchObject([
        { peer: MEDIA, bytes: DATA },
      ]);
      const [sent] = bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now);
      const { bytes } = sent as { bytes: Buffer };
      expect(parseChannelData(bytes)).toEqual({ channel: 0x4fff, data: DATA });
      expect(bytes.length).toBe(transport === 'udp' ? 14 : 16);
    }
  });

  it('last ten minutes, twice as long as the permission that came with them', () => {
    const bench = new Bench();
    const client = allocated(bench, 'ann');
    client.ask(REFRESH, lifetime(3600));
    client.ask(CHANNEL_BIND, channel(0x4000), MEDIA_PEER);
    bench.advance(300_000);
    expect(bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now)).toEqual([]);
    bench.advance(299_999);
    expect(client.relayed(buildChannelData(0x4000, DATA, false))).toHaveLength(1);
    bench.advance(1);
    expect(client.relayed(buildChannelData(0x4000, DATA, false))).toEqual([]);
    expect(client.challenge().outcome(CHANNEL_BIND, channel(0x4001), MEDIA_PEER)).toBe('success');
    const [sent] = bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now);
    expect(parseChannelData((sent as { bytes: Buffer }).bytes)?.channel).toBe(0x4001);
  });

  it('belong to one peer, and a peer to one channel', () => {
    const other = { ...MEDIA, port: 40_002 };
    const client = allocated(new Bench({ permitted: [MEDIA, other] }));
    expect(client.outcome(CHANNEL_BIND, channel(0x4000), MEDIA_PEER)).toBe('success');
    expect(client.outcome(CHANNEL_BIND, channel(0x4000), MEDIA_PEER)).toBe('success');
    expect(client.outcome(CHANNEL_BIND, channel(0x4000), peer(other.address, other.port))).toBe(400);
    expect(client.outcome(CHANNEL_BIND, channel(0x4001), MEDIA_PEER)).toBe(400);
    expect(client.outcome(CHANNEL_BIND, channel(0x4001), peer(other.address, other.port))).toBe('success');
  });

  it.each([
    [400, 'a number below the range', [channel(0x3fff), MEDIA_PEER]],
    [400, 'a number above the range', [channel(0x5000), MEDIA_PEER]],
    [400, 'no number', [MEDIA_PEER]],
    [400, 'no peer', [channel(0x4000)]],
    [400, 'two peers', [channel(0x4000), MEDIA_PEER, MEDIA_PEER]],
    [403, 'another port of the media server', [channel(0x4000), peer(MEDIA.address, 22)]],
    [443, 'a peer of the other family', [channel(0x4000), peer(MEDIA_IPV6.address, MEDIA_IPV6.port)]],
  ])('answer %i to %s', (code, _what, attributes) => {
    expect(allocated(new Bench()).outcome(CHANNEL_BIND, ...attributes)).toBe(code);
  });

  it('drop data of a client without allocation and of numbers never bound', () => {
    const bench = new Bench();
    expect(bench.client('ann').feed(buildChannelData(0x4000, DATA, false))).toEqual([]);
    expect(allocated(bench).feed(buildChannelData(0x4001, DATA, false))).toEqual([]);
  });
});

describe('what an allocation carries', () => {
  it('comes from a peer as a Data indication while there is no channel', () => {
    const bench = new Bench();
    const client = allocated(bench);
    client.ask(CREATE_PERMISSION, MEDIA_PEER);
    const [sent] = bench.protocol.handlePeerDatagram(1, MEDIA, DATA, bench.now);
    const message = parsed((sent as { bytes: Buffer }).bytes);
    expect([message.messageClass, message.method]).toEqual(['indication', TURN_METHOD.DATA]);
    expect(message.attribute(TURN_ATTRIBUTE.DATA)).toEqual(DATA);
    const from = message.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS)!;
    expect(readXorAddress(from, message.transactionId)).toEqual(MEDIA);
  });

  it('is limited in each direction, dropped above that, and counted', () => {
    const bench = new Bench({ quotas: { bytesPerAllocation: { perSecond: 100, burst: 250 } } });
    const client = allocated(bench);
    client.ask(CHANNEL_BIND, channel(0x4000), MEDIA_PEER);
    const up = () => client.relayed(buildChannelData(0x4000, Buffer.alloc(100), false)).length;
    const down = () => bench.protocol.handlePeerDatagram(1, MEDIA, Buffer.alloc(100), bench.now).length;
    expect([up(), up(), up()]).toEqual([1, 1, 0]);
    expect([down(), down(), down()]).toEqual([1, 1, 0]);
    bench.advance(500);
    expect([up(), up()]).toEqual([1, 0]);
    expect(bench.protocol.allocations()).toMatchObject([
      { bytesUp: 300, bytesDown: 200, bytesDropped: 300, peers: [MEDIA] },
    ]);
  });
});
