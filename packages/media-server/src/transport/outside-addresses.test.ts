import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  buildStun,
  errorCodeAttribute,
  parseStun,
  STUN_ATTRIBUTE,
  STUN_METHOD_BINDING,
  xorAddressAttribute,
  type TransportAddress,
} from '@parley/rtc';
import { isHostAddress, OutsideAddresses } from './outside-addresses.ts';

const SERVER = { address: '192.0.2.1', port: 3478 };
const OUTSIDE = { address: '198.51.100.7', port: 40_000 };

let sent: { bytes: Buffer; server: TransportAddress }[];
let outside: OutsideAddresses;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  sent = [];
  outside = new OutsideAddresses((bytes, server) => sent.push({ bytes, server }), pino({ level: 'silent' }));
});
afterEach(() => {
  outside.close();
  vi.useRealTimers();
});

function ask(server: TransportAddress = SERVER): Promise<TransportAddress | undefined> {
  return outside.ask(server, performance.now());
}

/** The response to the latest request. */
function response(
  told: TransportAddress = OUTSIDE,
  transactionId = parseStun(sent.at(-1)!.bytes)!.transactionId,
) {
  const attributes = [xorAddressAttribute(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS, told, transactionId)];
  return buildStun({ messageClass: 'success', method: STUN_METHOD_BINDING, transactionId, attributes });
}

function handle(bytes: Buffer, from: TransportAddress = SERVER): boolean {
  return outside.handleResponse(bytes, from, performance.now());
}

describe('the outside address of the media port', () => {
  it('is asked once for all who want to know it, by a request without attributes', async () => {
    const both = [ask(), ask()];
    expect(sent).toHaveLength(1);
    const request = parseStun(sent[0].bytes)!;
    expect([request.messageClass, request.method, request.bytes.length]).toEqual(['request', 1, 20]);
    expect(sent[0].server).toEqual(SERVER);
    expect(handle(response())).toBe(true);
    expect(await Promise.all(both)).toEqual([OUTSIDE, OUTSIDE]);
    expect(handle(response())).toBe(false);
  });

  it('is asked again when a minute has passed, since a NAT may have forgotten it', async () => {
    const first = ask();
    handle(response());
    await first;
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await ask()).toEqual(OUTSIDE);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    const second = ask();
    expect(sent).toHaveLength(2);
    const other = { address: '198.51.100.8', port: 40_001 };
    handle(response(other));
    expect(await second).toEqual(other);
  });

  it('is asked three times within 1.5 s, in one transaction, and is unknown when nobody answers', async () => {
    const asked = ask();
    await vi.advanceTimersByTimeAsync(1_499);
    expect(new Set(sent.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    expect(sent).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toBeUndefined();
    expect(handle(response())).toBe(false);
    expect(await ask()).toBeUndefined();
    expect(sent).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(10_000);
    void ask();
    expect(sent).toHaveLength(4);
  });

  it('is taken from nobody but the server that was asked, in its transaction', async () => {
    const asked = ask();
    const lie = { address: '203.0.113.66', port: 666 };
    expect(handle(response(lie), { ...SERVER, address: '192.0.2.2' })).toBe(false);
    expect(handle(response(lie), { ...SERVER, port: 3479 })).toBe(false);
    expect(handle(response(lie, Buffer.alloc(12, 7)))).toBe(false);
    expect(handle(sent[0].bytes)).toBe(false);
    expect(handle(response())).toBe(true);
    expect(await asked).toEqual(OUTSIDE);
  });

  it.each([
    ['of another version of IP', { address: '2001:db8::7', port: 1 }],
    ['of a group', { address: '224.0.0.1', port: 1 }],
    ['of everybody', { address: '255.255.255.255', port: 1 }],
    ['of nobody', { address: '0.0.0.0', port: 1 }],
    ['without a port', { address: '198.51.100.7', port: 0 }],
  ])('is no address %s', async (_what, told) => {
    const asked = ask();
    expect(handle(response(told))).toBe(true);
    expect(await asked).toBeUndefined();
  });

  it('is unknown at once when the server refuses to tell it', async () => {
    const asked = ask();
    const { transactionId } = parseStun(sent[0].bytes)!;
    const attributes = [errorCodeAttribute(400, 'Bad Request')];
    const method = STUN_METHOD_BINDING;
    expect(handle(buildStun({ messageClass: 'error', method, transactionId, attributes }))).toBe(true);
    expect(await asked).toBeUndefined();
  });

  it('is compared as an address, however it is written', async () => {
    const asked = ask({ address: '2001:DB8:0::1', port: 3478 });
    const told = { address: '2001:db8::7', port: 40_000 };
    expect(handle(response(told), { address: '2001:db8::1', port: 3478 })).toBe(true);
    expect(await asked).toEqual(told);
  });

  it('is asked of 64 servers at most: answers make room, questions do not', async () => {
    for (let number = 1; number <= 64; number++) void ask({ ...SERVER, port: number });
    const oneMore = { ...SERVER, port: 65 };
    expect(await ask(oneMore)).toBeUndefined();
    expect(sent).toHaveLength(64);
    expect(handle(response(), { ...SERVER, port: 64 })).toBe(true);
    void ask(oneMore);
    expect(sent).toHaveLength(65);
    void ask({ ...SERVER, port: 64 });
    expect(sent).toHaveLength(65);
  });

  it('is not waited for any longer when the port closes', async () => {
    const asked = ask();
    outside.close();
    outside.close();
    expect(await asked).toBeUndefined();
    expect(await ask()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toHaveLength(1);
  });
});

describe('the address of one host', () => {
  it.each(['192.0.2.1', '127.0.0.1', '223.255.255.255', '::1', '2001:db8::1', 'fe80::1'])('is %s', (text) => {
    expect(isHostAddress(text)).toBe(true);
  });

  it.each(['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '::ffff:224.0.0.1'])(
    'is not %s',
    (text) => expect(isHostAddress(text)).toBe(false),
  );
});
