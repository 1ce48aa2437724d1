// What is told of the pair in use, out of a browser's statistics.
import { expect, it } from 'vitest';
import { LegTrace, pairFacts } from './leg-trace.ts';

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
