import { NoAnswerError, type IceServer } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CredentialRenewal, LATEST_MS } from './credential-renewal.ts';

const NOW = 1_700_000_000_000;
const server = (expiry: number): IceServer => ({
  urls: ['turn:relay.example'],
  username: `${expiry}:me`,
  credential: 'x',
});

let renewed: (readonly IceServer[])[];
let asked: number;
let answer: () => Promise<{ iceServers: IceServer[]; expiresInSeconds: number }>;
let renewal: CredentialRenewal;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'info').mockReturnValue();
  renewed = [];
  asked = 0;
  answer = async () => ({ iceServers: [server(NOW / 1_000 + 7_200)], expiresInSeconds: 3_600 });
  renewal = new CredentialRenewal({
    request: () => {
      asked++;
      return answer();
    },
    onRenewed: (iceServers) => renewed.push(iceServers),
    now: () => NOW,
  });
});

afterEach(() => {
  renewal.close();
  vi.useRealTimers();
});

it('renews at two thirds of their life, again and again', async () => {
  renewal.use([server(NOW / 1_000 + 3_600)]);
  await vi.advanceTimersByTimeAsync(2_399_999);
  expect(asked).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(renewed).toEqual([[server(NOW / 1_000 + 7_200)]]);
  await vi.advanceTimersByTimeAsync(2_400_000);
  expect(asked).toBe(2);
});

it('tries again soon when the server does not answer', async () => {
  answer = () => Promise.reject(NoAnswerError.closed('renewIceServers', 'connection-lost'));
  renewal.use([server(NOW / 1_000 + 3_600)]);
  await vi.advanceTimersByTimeAsync(2_400_000 + 60_000);
  expect(asked).toBe(3);
});

it('does not ask in a loop for credentials that have ended by this clock', async () => {
  renewal.use([server(NOW / 1_000 - 100)]);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(asked).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toBe(1);
});

it('does not wait longer than credentials last when this clock is hours behind', async () => {
  renewal.use([server(NOW / 1_000 + 5 * 3_600)]);
  await vi.advanceTimersByTimeAsync(LATEST_MS);
  expect(asked).toBe(1);
});

it('asks for nothing where there is no relay, and nothing after closing', async () => {
  renewal.use([]);
  renewal.use([{ urls: ['turn:relay.example'], username: 'static', credential: 'x' }]);
  await vi.advanceTimersByTimeAsync(86_400_000);
  renewal.use([server(NOW / 1_000 + 3_600)]);
  renewal.close();
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(asked).toBe(0);
});
