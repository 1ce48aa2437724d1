import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  errorCodeAttribute,
  STUN_ATTRIBUTE,
  textAttribute,
  uint32Attribute,
  xorAddressAttribute,
  readXorAddress,
  type StunAttribute,
} from '../stun/stun-attributes.ts';
import { buildStun, parseStun, verifyIntegrity, type StunMessage } from '../stun/stun-message.ts';
import { longTermKey, TURN_ATTRIBUTE, TURN_METHOD } from '../stun/turn-attributes.ts';
import { buildChannelData } from './channel-data.ts';
import { TurnClient } from './turn-client.ts';

const CREDENTIALS = { username: '1700000000:ann', password: 'secret', isStream: false };
const KEY = longTermKey(CREDENTIALS.username, 'example.org', CREDENTIALS.password);
const RELAYED = { address: '198.51.100.1', port: 50_000 };
const PEER = { address: '203.0.113.5', port: 4_000 };

let client: TurnClient;

beforeEach(() => {
  client = new TurnClient(CREDENTIALS, 0);
});

function requests(now: number): StunMessage[] {
  return client.due(now).requests.map((bytes) => parseStun(bytes)!);
}

function answer(
  { method, transactionId }: StunMessage,
  messageClass: 'success' | 'error',
  attributes: readonly StunAttribute[],
  integrityKey: Buffer | undefined = KEY,
): Buffer {
  return buildStun({ messageClass, method, transactionId, attributes, integrityKey });
}

function challenge(request: StunMessage, code: number, nonce: string): Buffer {
  return buildStun({
    messageClass: 'error',
    method: request.method,
    transactionId: request.transactionId,
    attributes: [
      errorCodeAttribute(code, 'once more'),
      textAttribute(STUN_ATTRIBUTE.REALM, 'example.org'),
      textAttribute(STUN_ATTRIBUTE.NONCE, nonce),
    ],
  });
}

function lifetime(seconds: number): StunAttribute {
  return uint32Attribute(TURN_ATTRIBUTE.LIFETIME, seconds);
}

function granted(request: StunMessage, key = KEY): Buffer {
  const relayed = xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, RELAYED, request.transactionId);
  return answer(request, 'success', [relayed, lifetime(600)], key);
}

/** Gets the allocation at 0 ms. */
function allocate(): void {
  client.handle(challenge(requests(0)[0], 401, 'one'), 0);
  expect(client.handle(granted(requests(0)[0]), 0)).toEqual({ type: 'allocated', relayed: RELAYED });
}

describe('a TURN client', () => {
  it('allocates with the credentials that the server asks for', () => {
    const [first] = requests(0);
    expect([first.method, first.username]).toEqual([TURN_METHOD.ALLOCATE, undefined]);
    expect(first.attribute(TURN_ATTRIBUTE.REQUESTED_TRANSPORT)?.toString('hex')).toBe('11000000');
    expect(client.handle(challenge(first, 401, 'one'), 0)).toBeUndefined();
    const [second, ...others] = requests(0);
    expect(others).toEqual([]);
    expect(second.username).toBe(CREDENTIALS.username);
    expect(second.attribute(STUN_ATTRIBUTE.NONCE)?.toString()).toBe('one');
    expect(verifyIntegrity(second, KEY)).toBe(true);
    expect(client.relayed).toBeUndefined();
    client.handle(granted(second), 0);
    expect(client.relayed).toEqual(RELAYED);
  });

  it('believes no answer that is not made with its password', () => {
    client.handle(challenge(requests(0)[0], 401, 'one'), 0);
    const [request] = requests(0);
    expect(client.handle(granted(request, Buffer.from('another key')), 0)).toBeUndefined();
    expect(client.relayed).toBeUndefined();
    expect(client.handle(granted(request), 0)?.type).toBe('allocated');
  });

  it('repeats a request after 0.5 and 1.5 s, and gives up after 3.5 s', () => {
    const sent: string[] = [];
    for (const now of [0, 499, 500, 1_499, 1_500, 3_499])
      for (const { bytes } of requests(now)) sent.push(`${now} ${bytes.toString('hex')}`);
    expect(sent.map((each) => Number(each.split(' ')[0]))).toEqual([0, 500, 1_500]);
    expect(new Set(sent.map((each) => each.split(' ')[1])).size).toBe(1);
    expect(client.deadline).toBe(3_500);
    expect(client.due(3_500).event).toEqual({ type: 'failed', reason: 'it does not answer' });
    expect(client.deadline).toBe(Infinity);
  });

  it('ends when its credentials are wrong, whatever nonce comes with that', () => {
    client.handle(challenge(requests(0)[0], 401, 'one'), 0);
    const event = client.handle(challenge(requests(0)[0], 401, 'two'), 0);
    expect(event).toEqual({ type: 'failed', reason: 'it refuses: 401 once more' });
    expect(requests(9_000)).toEqual([]);
  });

  it('takes another nonce three times in a row, and not for ever', () => {
    client.handle(challenge(requests(0)[0], 401, 'one'), 0);
    for (const nonce of ['two', 'three']) {
      expect(client.handle(challenge(requests(0)[0], 438, nonce), 0)).toBeUndefined();
    }
    const [request] = requests(0);
    expect(request.attribute(STUN_ATTRIBUTE.NONCE)?.toString()).toBe('three');
    expect(client.handle(challenge(request, 438, 'four'), 0)?.type).toBe('failed');
  });

  it('lets the hosts of its peer through, renewed before five minutes are over', () => {
    client.permit(PEER.address);
    client.permit(PEER.address);
    client.permit('2001:db8::5');
    allocate();
    const [permission, ...others] = requests(0);
    expect(others).toEqual([]);
    expect(permission.method).toBe(TURN_METHOD.CREATE_PERMISSION);
    const value = permission.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS)!;
    expect(readXorAddress(value, permission.transactionId)?.address).toBe(PEER.address);
    client.handle(answer(permission, 'success', []), 0);
    expect(client.deadline).toBe(240_000);
    expect(requests(239_999)).toEqual([]);
    expect(requests(240_000).map(({ method }) => method)).toEqual([TURN_METHOD.CREATE_PERMISSION]);
  });

  it('lets 32 hosts through at most, and survives that one is refused', () => {
    for (let host = 1; host <= 40; host++) client.permit(`203.0.113.${host}`);
    allocate();
    const asked = requests(0);
    expect(asked).toHaveLength(32);
    expect(
      client.handle(answer(asked[0], 'error', [errorCodeAttribute(403, 'Forbidden')]), 0),
    ).toBeUndefined();
    expect(client.relayed).toEqual(RELAYED);
  });

  it('asks again for a permission whose request was lost, long before the old one ends', () => {
    client.permit(PEER.address);
    allocate();
    client.handle(answer(requests(0)[0], 'success', []), 0);
    for (const now of [240_000, 240_500, 241_500]) expect(requests(now)).toHaveLength(1);
    expect(requests(243_500)).toEqual([]);
    expect(client.deadline).toBe(248_500);
    expect(requests(248_500).map(({ method }) => method)).toEqual([TURN_METHOD.CREATE_PERMISSION]);
    expect(client.relayed).toEqual(RELAYED);
  });

  it('asks again for a refresh that was lost, and ends with the allocation when there is none', () => {
    allocate();
    const asked: number[] = [];
    for (;;) {
      const now = client.deadline;
      const { requests: sent, event } = client.due(now);
      if (sent.length > 0) asked.push(now);
      if (!event) continue;
      expect(event).toEqual({ type: 'failed', reason: 'it does not answer' });
      expect(Math.abs(now - 600_000)).toBeLessThan(5_000);
      break;
    }
    expect(asked.slice(0, 4)).toEqual([540_000, 540_500, 541_500, 548_500]);
    expect(client.relayed).toBeUndefined();
  });

  it('refreshes a minute before the end, and never more often than every 5 s', () => {
    allocate();
    expect(client.deadline).toBe(540_000);
    const [refresh] = requests(540_000);
    expect(refresh.method).toBe(TURN_METHOD.REFRESH);
    client.handle(answer(refresh, 'success', [lifetime(0)]), 540_000);
    expect(client.deadline).toBe(545_000);
    const [again] = requests(545_000);
    const mismatch = answer(again, 'error', [errorCodeAttribute(437, 'Allocation Mismatch')]);
    expect(client.handle(mismatch, 545_000)?.type).toBe('failed');
    expect(client.relayed).toBeUndefined();
  });

  it('wraps what it sends and unwraps what it gets', () => {
    allocate();
    const sent = parseStun(client.wrap(PEER, Buffer.from('hello')))!;
    expect([sent.messageClass, sent.method]).toEqual(['indication', TURN_METHOD.SEND]);
    expect(sent.attribute(TURN_ATTRIBUTE.DATA)?.toString()).toBe('hello');
    const to = sent.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS)!;
    expect(readXorAddress(to, sent.transactionId)).toEqual(PEER);
    expect(client.wrap(PEER, Buffer.from('hello')).subarray(8, 20)).not.toEqual(sent.transactionId);

    const transactionId = randomBytes(12);
    const got = buildStun({
      messageClass: 'indication',
      method: TURN_METHOD.DATA,
      transactionId,
      attributes: [
        xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, PEER, transactionId),
        { type: TURN_ATTRIBUTE.DATA, value: Buffer.from('world') },
      ],
    });
    expect(client.handle(got, 0)).toEqual({ type: 'data', from: PEER, bytes: Buffer.from('world') });
  });

  describe('with a channel', () => {
    beforeEach(() => {
      allocate();
      client.bindChannel(PEER);
    });

    it('wraps by its number once the server agrees, and unwraps', () => {
      expect(parseStun(client.wrap(PEER, Buffer.from('hello')))?.method).toBe(TURN_METHOD.SEND);
      const [bind, ...others] = requests(0);
      expect(others).toEqual([]);
      expect(bind.method).toBe(TURN_METHOD.CHANNEL_BIND);
      expect(bind.attribute(TURN_ATTRIBUTE.CHANNEL_NUMBER)?.toString('hex')).toBe('40000000');
      const value = bind.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS)!;
      expect(readXorAddress(value, bind.transactionId)).toEqual(PEER);
      client.handle(answer(bind, 'success', []), 0);
      expect(client.wrap(PEER, Buffer.from('hello')).toString('latin1')).toBe('@\x00\x00\x05hello');
      const other = { ...PEER, port: PEER.port + 1 };
      expect(parseStun(client.wrap(other, Buffer.from('hello')))?.method).toBe(TURN_METHOD.SEND);
      const data = buildChannelData(0x4000, Buffer.from('world'), true);
      expect(client.handle(data, 0)).toEqual({ type: 'data', from: PEER, bytes: Buffer.from('world') });
      expect(client.handle(buildChannelData(0x4001, Buffer.from('world'), true), 0)).toBeUndefined();
    });

    it('pads what it sends over a stream', () => {
      client = new TurnClient({ ...CREDENTIALS, isStream: true }, 0);
      allocate();
      client.bindChannel(PEER);
      client.handle(answer(requests(0)[0], 'success', []), 0);
      const sent = client.wrap(PEER, Buffer.from('hello'));
      expect(sent.toString('latin1')).toBe('@\x00\x00\x05hello\x00\x00\x00');
    });

    it('renews it before ten minutes are over, and does without when the server is silent', () => {
      client.handle(answer(requests(0)[0], 'success', []), 0);
      expect(client.deadline).toBe(480_000);
      for (const now of [480_000, 480_500, 481_500])
        expect(requests(now).map(({ method }) => method)).toEqual([TURN_METHOD.CHANNEL_BIND]);
      expect(client.wrap(PEER, Buffer.alloc(1))).toHaveLength(5);
      expect(requests(483_500)).toEqual([]);
      expect(parseStun(client.wrap(PEER, Buffer.alloc(1)))?.method).toBe(TURN_METHOD.SEND);
      client.handle(answer(requests(488_500)[0], 'success', []), 488_500);
      expect(client.wrap(PEER, Buffer.alloc(1))).toHaveLength(5);
    });

    it('does without when the server refuses', () => {
      const refusal = answer(requests(0)[0], 'error', [errorCodeAttribute(403, 'Forbidden')]);
      expect(client.handle(refusal, 0)).toBeUndefined();
      expect(parseStun(client.wrap(PEER, Buffer.alloc(1)))?.method).toBe(TURN_METHOD.SEND);
      expect(client.deadline).toBe(540_000);
    });
  });

  it('repeats nothing over a stream, and waits for what TCP may take', () => {
    client = new TurnClient({ ...CREDENTIALS, isStream: true }, 0);
    expect(requests(0)).toHaveLength(1);
    expect(client.deadline).toBe(39_500);
    expect(requests(39_499)).toEqual([]);
    expect(client.due(39_500).event).toEqual({ type: 'failed', reason: 'it does not answer' });
  });

  it('gives the allocation back, if it has one', () => {
    expect(client.release()).toBeUndefined();
    client = new TurnClient(CREDENTIALS, 0);
    allocate();
    const farewell = parseStun(client.release()!)!;
    expect(farewell.method).toBe(TURN_METHOD.REFRESH);
    expect(farewell.attribute(TURN_ATTRIBUTE.LIFETIME)?.readUInt32BE(0)).toBe(0);
    expect(verifyIntegrity(farewell, KEY)).toBe(true);
    expect(client.release()).toBeUndefined();
  });
});
