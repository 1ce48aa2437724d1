// What is told of the pair in use, out of a browser's statistics.
import { afterEach, expect, it, vi } from 'vitest';
import { LegTrace, pairFacts } from './leg-trace.ts';

afterEach(() => void vi.useRealTimers());

it('tells an address of IPv6 from its port, and leaves out one that the browser hides', () => {
  const report = new Map<string, object>(
    [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      {
        id: 'P',
        type: 'candidate-pair',
        localCandidateId: 'L',
        remoteCandidateId: 'R',
        currentRoundTripTime: 0.0123,
      },
      { id: 'L', type: 'local-candidate', candidateType: 'prflx', protocol: 'udp', address: '', port: 5000 },
      {
        id: 'R',
        type: 'remote-candidate',
        candidateType: 'host',
        protocol: 'udp',
        address: '2001:db8::1',
        port: 40000,
      },
    ].map((entry) => [entry.id, entry]),
  );
  expect(pairFacts(report)).toEqual({
    localType: 'prflx',
    localProtocol: 'udp',
    remoteType: 'host',
    remoteProtocol: 'udp',
    remoteAddress: '[2001:db8::1]:40000',
    roundTripMs: 12,
  });
});

it.each([
  ['a relay', { candidateType: 'relay', relayProtocol: 'udp' }, true],
  [
    'a relay that the server sees under another address',
    { candidateType: 'prflx', relayProtocol: 'tls' },
    true,
  ],
  ['a NAT', { candidateType: 'prflx' }, false],
  ['nothing', { candidateType: 'host' }, false],
])('knows whether a leg is relayed: through %s', async (_what, local, isRelayed) => {
  const entries = [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
    { id: 'P', type: 'candidate-pair', localCandidateId: 'L' },
    { id: 'L', type: 'local-candidate', ...local },
  ];
  const getStats = () => Promise.resolve(new Map(entries.map((entry) => [entry.id, entry])));
  const connection = Object.assign(new EventTarget(), { getStats }) as unknown as RTCPeerConnection;
  expect(await new LegTrace({ kind: 'up', stream: 's' as never }, connection).isRelayed()).toBe(isRelayed);
});

it('tells the pair again when ICE has moved to another one, once it stays, and not for another round trip time', async () => {
  vi.useFakeTimers();
  const local = { id: 'L', type: 'local-candidate', protocol: 'udp', candidateType: 'host' };
  const pair = { id: 'P', type: 'candidate-pair', localCandidateId: 'L', currentRoundTripTime: 0.01 };
  const entries = [{ id: 'T', type: 'transport', selectedCandidatePairId: 'P' }, pair, local];
  const iceTransport = new EventTarget();
  const transport = Object.assign(new EventTarget(), { iceTransport, state: 'connected' });
  const connection = Object.assign(new EventTarget(), {
    getStats: () => Promise.resolve(new Map(entries.map((entry) => [entry.id, { ...entry }]))),
    getSenders: () => [{ transport }],
    getReceivers: () => [],
  });
  const told: unknown[] = [];
  const trace = new LegTrace(
    { kind: 'up', stream: 's' as never },
    connection as unknown as RTCPeerConnection,
    (_leg, { name, facts }) => told.push([name, facts['localProtocol'], facts['roundTripMs']]),
  );
  const changed = async () => {
    iceTransport.dispatchEvent(new Event('selectedcandidatepairchange'));
    await vi.advanceTimersByTimeAsync(400);
  };
  trace.negotiated();
  await changed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);

  await trace.pair();
  pair.currentRoundTripTime = 0.02;
  await changed();
  await vi.advanceTimersByTimeAsync(1_000);
  local.protocol = 'tcp';
  await changed();
  await changed();
  expect(told).toEqual([['selectedPair', 'udp', 10]]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.slice(1)).toEqual([['selectedPair', 'tcp', 20]]);

  local.protocol = 'udp';
  await changed();
  trace.close();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toHaveLength(2);
});
