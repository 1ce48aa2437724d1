// What this network carries, down from the server and up to it, over HTTP: a measure of the line, not of the media path.
import { MAX_CHECK_DOWN_BYTES, MAX_CHECK_UP_BYTES } from '@parley/protocol';
import { ApiError } from '../api.ts';

const ADDRESS = '/api/check/bytes';

/** How long each direction is measured at most, in ms: longer than TCP needs to find its speed. */
export const MEASURE_MS = 3_000;
/** After this many bytes upwards the answer is known: such a line carries any call. */
const ENOUGH_UP_BYTES = 12_000_000;
/** Small enough that the slowest line still on which one can talk sends one in time. */
const FIRST_PIECE_BYTES = 16_384;
/** A piece that took less than this was too short to tell much: the next one is larger, in ms. */
const SHORT_PIECE_MS = 400;
const GROWTH = 4;
/** `crypto.getRandomValues` gives no more at once. */
const RANDOM_BYTES = 65_536;

/** In bits per second. @throws ApiError when the server refuses; what `fetch` throws */
export async function measureDown(signal: AbortSignal): Promise<number> {
  const response = await fetch(`${ADDRESS}?size=${MAX_CHECK_DOWN_BYTES}`, { signal, cache: 'no-store' });
  if (!response.ok || !response.body) throw ApiError.refused(response.status);
  const reader = response.body.getReader();
  const since = performance.now();
  let bytes = 0;
  const timer = setTimeout(() => {
    reader.cancel().catch((error: unknown) => console.debug('the measurement was over already', error));
  }, MEASURE_MS);
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      bytes += piece.value.length;
  } finally {
    clearTimeout(timer);
  }
  return rate(bytes, performance.now() - since);
}

/**
 * In bits per second: of the fastest of the largest pieces, for small ones tell more of clocks and buffers. 0 when not even a small
 * piece went up in time.
 * @throws ApiError when the server refuses; what `fetch` throws
 */
export async function measureUp(signal: AbortSignal): Promise<number> {
  const end = new AbortController();
  const stop = () => end.abort();
  signal.addEventListener('abort', stop);
  const timer = setTimeout(stop, MEASURE_MS);
  const data = randomBytes(MAX_CHECK_UP_BYTES);
  let fastest = 0;
  let largest = 0;
  let size = FIRST_PIECE_BYTES;
  try {
    for (let sent = 0; sent < ENOUGH_UP_BYTES;) {
      const since = performance.now();
      await post(data.subarray(0, size), end.signal);
      const tookMs = performance.now() - since;
      sent += size;
      fastest = Math.max(size > largest ? 0 : fastest, rate(size, tookMs));
      largest = size;
      if (tookMs < SHORT_PIECE_MS) size = Math.min(size * GROWTH, MAX_CHECK_UP_BYTES);
    }
  } catch (error) {
    // The time is up: what was sent until now is the measure.
    if (!end.signal.aborted || signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  return fastest;
}

async function post(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(ADDRESS, { method: 'POST', body, headers, signal, cache: 'no-store' });
  if (!response.ok) throw ApiError.refused(response.status);
}

/** Random, so that nothing on the way makes them fewer. */
function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += RANDOM_BYTES)
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + RANDOM_BYTES, length)));
  return bytes;
}

function rate(bytes: number, ms: number): number {
  return (bytes * 8 * 1_000) / Math.max(ms, 1);
}
