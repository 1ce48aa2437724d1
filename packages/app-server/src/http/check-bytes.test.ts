// The bytes by which a browser measures its network: that they are as many as asked for, no more, and not too often.
import { request as httpRequest } from 'node:http';
import { ErrorResponse, MAX_CHECK_DOWN_BYTES, MAX_CHECK_UP_BYTES } from '@parley/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness } from '../testing/harness.ts';
import { holdTime } from '../testing/still-time.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start({ trustedProxies: ['127.0.0.1'] });
});
afterEach(() => harness.close());

const url = () => `${harness.server.url}/api/check/bytes`;
const type = { 'content-type': 'application/octet-stream' };
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

test('gives as many bytes as are asked for, which no cache keeps and no compression shrinks', async () => {
  const response = await fetch(`${url()}?size=600001`);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-length')).toBe('600001');
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBe(600_001);
  expect(new Set(bytes.subarray(0, 100_000)).size).toBe(256);
});

test.each(['0', '-1', '1e3', String(MAX_CHECK_DOWN_BYTES + 1), '9999999999', ''])(
  'refuses the size "%s"',
  async (size) => {
    const response = await fetch(`${url()}?size=${size}`);
    expect(response.status).toBe(400);
    ErrorResponse.parse(await response.json());
  },
);

test('takes up to a bound, and no other kind of body', async () => {
  const post = (bytes: number, headers: Record<string, string> = type) =>
    fetch(url(), { method: 'POST', headers, body: new Uint8Array(bytes) });
  expect((await post(MAX_CHECK_UP_BYTES)).status).toBe(204);
  expect((await post(MAX_CHECK_UP_BYTES + 1)).status).toBe(413);
  expect((await post(10, { 'content-type': 'application/x-other' })).status).toBe(415);
});

test('a body that does not say its length is counted, and is refused when it is too long', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(url(), { method: 'POST', headers: type }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.write(Buffer.alloc(MAX_CHECK_UP_BYTES));
    request.end(Buffer.alloc(1));
  });
  expect(status).toBe(413);
});

test('an address that asks again and again is refused, and another one is not', async () => {
  holdTime();
  const ask = async (address: string) => (await fetch(`${url()}?size=1`, from(address))).status;
  const statuses = [];
  for (let n = 0; n < 13; n++) statuses.push(await ask('192.0.2.1'));
  expect(statuses).toEqual([...Array<number>(12).fill(200), 429]);
  expect(await ask('192.0.2.2')).toBe(200);
});
