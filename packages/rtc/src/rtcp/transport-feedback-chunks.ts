// The packet status chunks of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.1
// to 3.1.4): 16-bit words that say for each packet whether it came and how long its delta is.

export const NOT_RECEIVED = 0;
export const RECEIVED_SMALL_DELTA = 1;
export const RECEIVED_LARGE_DELTA = 2;
export type PacketStatus = typeof NOT_RECEIVED | typeof RECEIVED_SMALL_DELTA | typeof RECEIVED_LARGE_DELTA;

const VECTOR_CHUNK = 0x8000;
const TWO_BIT_VECTOR = 0x4000;
const MAX_RUN = 0x1fff;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;

/**
 * Reads chunks from `offset` on until `count` statuses are known, and appends them to `statuses`. Returns where the
 * chunks end; undefined when they reach past the end or use the reserved status.
 */
export function readPacketStatuses(
  body: Buffer,
  offset: number,
  count: number,
  statuses: PacketStatus[],
): number | undefined {
  let at = offset;
  while (statuses.length < count) {
    if (at + 2 > body.length) return undefined;
    const chunk = body.readUInt16BE(at);
    at += 2;
    const missing = count - statuses.length;
    if ((chunk & VECTOR_CHUNK) === 0) {
      const status = toStatus((chunk >> 13) & 0x03);
      const run = Math.min(chunk & MAX_RUN, missing);
      if (status === undefined || run === 0) return undefined;
      for (let index = 0; index < run; index++) statuses.push(status);
    } else if ((chunk & TWO_BIT_VECTOR) === 0) {
      const symbols = Math.min(ONE_BIT_SYMBOLS, missing);
      for (let index = 0; index < symbols; index++) {
        statuses.push(((chunk >> (13 - index)) & 0x01) === 1 ? RECEIVED_SMALL_DELTA : NOT_RECEIVED);
      }
    } else {
      const symbols = Math.min(TWO_BIT_SYMBOLS, missing);
      for (let index = 0; index < symbols; index++) {
        const status = toStatus((chunk >> (12 - 2 * index)) & 0x03);
        if (status === undefined) return undefined;
        statuses.push(status);
      }
    }
  }
  return at;
}

function toStatus(symbol: number): PacketStatus | undefined {
  return symbol === NOT_RECEIVED || symbol === RECEIVED_SMALL_DELTA || symbol === RECEIVED_LARGE_DELTA
    ? symbol
    : undefined;
}

/** Appends to `chunks` the 16-bit words that stand for `statuses`. */
export function writePacketStatuses(statuses: readonly PacketStatus[], chunks: number[]): void {
  let at = 0;
  while (at < statuses.length) {
    const run = runLength(statuses, at);
    const symbols = Math.min(ONE_BIT_SYMBOLS, statuses.length - at);
    if (run >= symbols || (run >= TWO_BIT_SYMBOLS && hasLargeDelta(statuses, at, symbols))) {
      chunks.push((statuses[at] << 13) | run);
      at += run;
    } else if (hasLargeDelta(statuses, at, symbols)) {
      const covered = Math.min(TWO_BIT_SYMBOLS, symbols);
      chunks.push(vector(VECTOR_CHUNK | TWO_BIT_VECTOR, statuses, at, covered, 2));
      at += covered;
    } else {
      chunks.push(vector(VECTOR_CHUNK, statuses, at, symbols, 1));
      at += symbols;
    }
  }
}

function runLength(statuses: readonly PacketStatus[], start: number): number {
  const end = Math.min(statuses.length, start + MAX_RUN);
  let at = start + 1;
  while (at < end && statuses[at] === statuses[start]) at += 1;
  return at - start;
}

function hasLargeDelta(statuses: readonly PacketStatus[], start: number, count: number): boolean {
  for (let at = start; at < start + count; at++) {
    if (statuses[at] === RECEIVED_LARGE_DELTA) return true;
  }
  return false;
}

/** The first symbol stands in the highest bits below the two that name the kind of chunk. */
function vector(
  kind: number,
  statuses: readonly PacketStatus[],
  start: number,
  count: number,
  bits: 1 | 2,
): number {
  let chunk = kind;
  for (let index = 0; index < count; index++) chunk |= statuses[start + index] << (14 - bits * (index + 1));
  return chunk;
}
