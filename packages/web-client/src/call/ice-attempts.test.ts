import { expect, it } from 'vitest';
import { IceAttempts } from './ice-attempts.ts';

const NOW = 1_700_000_000_000;
const turn = (expiry = 1_700_000_600) => ({
  urls: ['turn:relay.example:3478', 'turns:relay.example:5349'],
  username: `${expiry}:participant-me`,
  credential: 'x',
});
const refusal = { errorCode: 401, errorText: 'Unauthorized', url: 'turn:relay.example:3478' };
const unreachable = { errorCode: 701, errorText: 'timed out', url: 'turns:relay.example:5349' };
const BOTH =
  'a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\na=candidate:2 1 tcp 1 192.0.2.1 9 typ host tcptype passive';

it('says which ways were tried when there is no relay', () => {
  const attempts = new IceAttempts([]);
  attempts.offered(BOTH);
  expect(attempts.verdict(NOW)).toEqual({
    cause: 'no-candidate-pair',
    detail: 'tried UDP, TCP; there is no relay',
  });
});

it('says that the server named no address', () => {
  const { detail } = new IceAttempts([]).verdict(NOW);
  expect(detail).toBe('tried nothing: the server named no address; there is no relay');
});

it('does not blame a relay that let the browser in', () => {
  const attempts = new IceAttempts([turn()]);
  attempts.offered(BOTH);
  attempts.refused(unreachable);
  attempts.gathered('candidate:1 1 udp 1 192.0.2.9 50000 typ relay raddr 0.0.0.0 rport 0');
  expect(attempts.verdict(NOW)).toEqual({
    cause: 'no-candidate-pair',
    detail: 'tried UDP, TCP, relay (turn:relay.example:3478, turns:relay.example:5349)',
  });
});

it.each([
  ['credentials: 401 Unauthorized turn:relay.example:3478', turn(), [refusal, unreachable]],
  ['expired credentials: 401 Unauthorized turn:relay.example:3478', turn(1_699_999_999), [refusal]],
  ['unreachable: 701 timed out turns:relay.example:5349', turn(), [unreachable]],
  ['unreachable: turn:relay.example:3478, turns:relay.example:5349', turn(), []],
])('blames a relay that did not: %s', (detail, server, errors) => {
  const attempts = new IceAttempts([server]);
  attempts.offered(BOTH);
  for (const error of errors) attempts.refused(error);
  expect(attempts.verdict(NOW)).toEqual({ cause: 'relay-refused', detail });
});

it('says no more than a status holds', () => {
  const attempts = new IceAttempts([turn()]);
  attempts.refused({ ...refusal, errorText: 'x'.repeat(500) });
  expect(attempts.verdict(NOW).detail).toHaveLength(200);
});
