import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JsonRpcError, JsonRpcPeer } from './peer.ts';

let asker: JsonRpcPeer;
let answerer: JsonRpcPeer;
/** Says of each text on the wire whether it gets through; the n-th of its direction, from 1. */
let passes: (direction: 'request' | 'answer', n: number) => boolean;
let fulfilled: string[];
let resent: number[];
let fulfil: () => Promise<unknown>;

beforeEach(() => {
  vi.useFakeTimers();
  fulfilled = [];
  resent = [];
  passes = () => true;
  fulfil = async () => ({ count: fulfilled.length });
  let requests = 0;
  let answers = 0;
  asker = new JsonRpcPeer({
    send: (text) => passes('request', ++requests) && answerer.handleText(text),
    resendAfterMs: [2_000, 2_000],
    onResent: (_method, _params, attempt) => resent.push(attempt),
  });
  answerer = new JsonRpcPeer({
    recognisesRepeats: true,
    send: (text) => passes('answer', ++answers) && asker.handleText(text),
    onRequest: (method) => {
      fulfilled.push(method);
      return fulfil();
    },
  });
});

afterEach(() => {
  asker.close('end of test');
  answerer.close('end of test');
  vi.useRealTimers();
});

describe('a request', () => {
  it('that was lost twice is sent again, and is fulfilled once', async () => {
    passes = (direction, n) => direction === 'answer' || n > 2;
    const answer = asker.request('watch', {});
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await answer).toEqual({ count: 1 });
    expect(resent).toEqual([2, 3]);
  });

  it('whose answer was lost is answered again with the same, and is not fulfilled again', async () => {
    passes = (direction, n) => direction === 'request' || n > 1;
    const answer = asker.request('startBroadcast', {});
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await answer).toEqual({ count: 1 });
    expect(fulfilled).toEqual(['startBroadcast']);
  });

  it('whose refusal was lost is refused again', async () => {
    passes = (direction, n) => direction === 'request' || n > 1;
    fulfil = () => Promise.reject(new JsonRpcError(-32000, 'no', { reason: 'not-yours' }));
    const answer = asker.request('watch', {}).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await answer).toMatchObject({ data: { reason: 'not-yours' } });
    expect(fulfilled).toHaveLength(1);
  });

  it('that takes longer than a repeat is waited for, and every repeat of it changes nothing', async () => {
    let finish: (value: unknown) => void = () => undefined;
    fulfil = () => new Promise((resolve) => (finish = resolve));
    const answer = asker.request('join', {});
    await vi.advanceTimersByTimeAsync(9_000);
    expect(resent).toEqual([2, 3]);
    finish({ entered: true });
    expect(await answer).toEqual({ entered: true });
    expect(fulfilled).toEqual(['join']);
  });

  it('that was answered is not sent again', async () => {
    await asker.request('ping', {});
    await vi.advanceTimersByTimeAsync(20_000);
    expect(resent).toEqual([]);
  });

  it('is rejected when its repeats get no answer either', async () => {
    passes = () => false;
    const answer = asker.request('ping', {}, 5_000).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await answer).toMatchObject({ outcome: 'deadline' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(resent).toEqual([2, 3]);
  });

  it('with the number of a former one, and not a repeat, is fulfilled: a client may count as it likes', async () => {
    for (const method of ['ping', 'leave'])
      answerer.handleText(JSON.stringify({ jsonrpc: '2.0', id: 7, method }));
    await vi.advanceTimersByTimeAsync(0);
    expect(fulfilled).toEqual(['ping', 'leave']);
  });

  it('that says to be a repeat of what nobody has heard of is fulfilled', async () => {
    answerer.handleText(JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'ping', attempt: 2 }));
    await vi.advanceTimersByTimeAsync(0);
    expect(fulfilled).toEqual(['ping']);
  });
});
