// What is measured on lines of a known speed, and on one that gives nothing.
import { MAX_CHECK_UP_BYTES } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError } from '../api.ts';
import { MEASURE_MS, measureDown, measureUp } from './throughput.ts';

const never = new AbortController().signal;
let bitsPerSecond: number;
let posted: number[];

beforeEach(() => {
  vi.useFakeTimers();
  posted = [];
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) =>
    init.method === 'POST' ? take(init) : Promise.resolve(new Response(give())),
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Takes as long as the line needs for it. */
function take({ body, signal }: RequestInit): Promise<Response> {
  const { length } = body as Uint8Array;
  posted.push(length);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    };
    const done = () => {
      signal?.removeEventListener('abort', abort);
      resolve(new Response(null, { status: 204 }));
    };
    const timer = setTimeout(done, (length * 8_000) / bitsPerSecond);
    signal?.addEventListener('abort', abort);
  });
}

/** Gives a tenth of a second's worth at a time, for ever. */
function give(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.enqueue(new Uint8Array(bitsPerSecond / 80));
    },
  });
}

async function measured(measure: typeof measureUp): Promise<number> {
  const result = measure(never);
  await vi.advanceTimersByTimeAsync(MEASURE_MS);
  return result;
}

it.each([200_000, 2_000_000, 80_000_000])('measures a line of %i bit/s upwards', async (rate) => {
  bitsPerSecond = rate;
  expect(await measured(measureUp)).toBeCloseTo(rate, -5);
  expect(Math.max(...posted)).toBeLessThanOrEqual(MAX_CHECK_UP_BYTES);
});

it('measures downwards for a few seconds and no longer', async () => {
  bitsPerSecond = 4_000_000;
  const result = await measured(measureDown);
  expect(result).toBeGreaterThan(3_000_000);
  expect(result).toBeLessThanOrEqual(4_000_000);
});

it('a line that does not get one piece up in time is worth nothing', async () => {
  bitsPerSecond = 1_000;
  expect(await measured(measureUp)).toBe(0);
});

it('a refusal is told, not measured', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 429 }));
  await expect(measureUp(never)).rejects.toBeInstanceOf(ApiError);
  await expect(measureDown(never)).rejects.toBeInstanceOf(ApiError);
});

it('ends at once when the check is ended', async () => {
  bitsPerSecond = 1_000;
  const end = new AbortController();
  const result = measureUp(end.signal);
  end.abort();
  await expect(result).rejects.toBeInstanceOf(DOMException);
});
