import { describe, expect, it } from 'vitest';
import { mayPass, type AssociationView } from './sctp-guard.ts';

/** The last TSN before the numbers begin again: the next one is 0. */
const LAST_TSN = 0xffff_ffff;
const view: AssociationView = { established: true, isFull: false, receivedTsn: LAST_TSN, sentTsn: 1 };
const unborn: AssociationView = { established: false, isFull: false, receivedTsn: undefined, sentTsn: 1 };

function packet(...chunks: Buffer[]): Buffer {
  return Buffer.concat([Buffer.alloc(12), ...chunks]);
}

function chunk(type: number, body: Buffer, length = body.length + 4): Buffer {
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
  return Buffer.concat([Buffer.of(type, 0, length >> 8, length & 0xff), body, padding]);
}

function numbers(...each: (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    each.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntBE(value, 0, bytes);
      return buffer;
    }),
  );
}

const data = (tsn: number, stream = 0): Buffer =>
  chunk(0, Buffer.concat([numbers([tsn, 4], [stream, 2], [0, 2], [51, 4]), Buffer.from('hi')]));
const init = chunk(1, numbers([7, 4], [100_000, 4], [10, 2], [10, 2], [1, 4]));
const sack = (acknowledged: number, ...gaps: [number, number][]): Buffer =>
  chunk(
    3,
    numbers(
      [acknowledged, 4],
      [100_000, 4],
      [gaps.length, 2],
      [0, 2],
      ...gaps.flat().map((value) => [value, 2] as const),
    ),
  );
const parameter = (type: number, value: Buffer, length = value.length + 4): Buffer =>
  Buffer.concat([numbers([type, 2], [length, 2]), value]);
const reset = (lastTsn: number): Buffer =>
  chunk(130, parameter(13, numbers([1, 4], [1, 4], [lastTsn, 4], [3, 2])));

describe('what passes to the association', () => {
  it.each([
    ['data ahead by the window, over the wrap', packet(data(1023)), view],
    ['data that came before', packet(data(LAST_TSN - 5)), view],
    ['data on the last stream there is', packet(data(0, 1023)), view],
    ['the first packet', packet(init), unborn],
    [
      'a cookie with data behind it',
      packet(chunk(10, Buffer.alloc(24)), data(0)),
      { ...view, established: false },
    ],
    ['an acknowledgement of all that was sent', packet(sack(1)), view],
    ['gaps up to what was sent, over the wrap', packet(sack(LAST_TSN - 5, [2, 2], [4, 7])), view],
    ['an acknowledgement when there is no place for data', packet(sack(1)), { ...view, isFull: true }],
    ['a heartbeat', packet(chunk(4, parameter(1, Buffer.from('odd')))), view],
    ['a reset of a stream whose data has all come', packet(reset(LAST_TSN)), view],
    ['a skipped TSN', packet(chunk(192, numbers([3, 4], [7, 2], [1, 2]))), view],
    ['a bare abort', packet(chunk(6, Buffer.alloc(0))), unborn],
  ])('%s', (_what, bytes, where) => {
    expect(mayPass(bytes, where)).toBe(true);
  });
});

describe('what does not pass', () => {
  it.each([
    ['nothing', Buffer.alloc(0), view],
    ['a header without a chunk', packet(), view],
    ['a chunk of length 0, which would never end', packet(chunk(4, Buffer.alloc(4), 0)), view],
    ['a chunk longer than the packet', packet(chunk(4, Buffer.alloc(4), 100)), view],
    [
      'a parameter of length 0, which would never end',
      packet(chunk(4, parameter(1, Buffer.alloc(4), 0))),
      view,
    ],
    ['a packet that no path carries', packet(chunk(6, Buffer.alloc(0)), Buffer.alloc(2048)), view],
    ['a chunk of a kind that was not agreed on', packet(chunk(64, Buffer.alloc(12))), view],
    ['data before the association', packet(data(0)), unborn],
    ['data further ahead than the window', packet(data(1024)), view],
    ['data on a stream that was not announced', packet(data(0, 1024)), view],
    ['data when there is no place for it', packet(data(0)), { ...view, isFull: true }],
    ['a reset when there is no place for it', packet(reset(LAST_TSN)), { ...view, isFull: true }],
    ['data without content', packet(chunk(0, Buffer.alloc(12))), view],
    ['another beginning', packet(init), view],
    ['a beginning with company', packet(init, chunk(11, Buffer.alloc(0))), unborn],
    ['an acknowledgement of what was never sent', packet(sack(2)), view],
    ['gaps beyond what was sent', packet(sack(LAST_TSN - 5, [2, 8])), view],
    ['gaps out of order', packet(sack(LAST_TSN - 5, [4, 5], [2, 2])), view],
    ['fewer gaps than counted', packet(chunk(3, numbers([1, 4], [1, 4], [60_000, 2], [0, 2]))), view],
    ['a reset of a stream whose data is still to come', packet(reset(0)), view],
    ['a skip beyond the window', packet(chunk(192, numbers([1024, 4]))), view],
    [
      'a skip on a stream that was not announced',
      packet(chunk(192, numbers([3, 4], [1024, 2], [1, 2]))),
      view,
    ],
  ])('%s', (_what, bytes, where) => {
    expect(mayPass(bytes, where)).toBe(false);
  });
});
