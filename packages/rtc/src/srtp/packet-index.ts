// The 48-bit packet index of SRTP: 2^16 * rollover counter + sequence number, as a plain number.
import { sequenceDistance } from '../rtp/sequence.ts';

/**
 * The index with this sequence number that lies nearest to `highest` (RFC 3711, section 3.3.1 and appendix A).
 * Negative when that would be before the first packet of all.
 */
export function nearestIndex(highest: number, sequence: number): number {
  return highest + sequenceDistance(highest, sequence);
}

/** The upper 32 bits of an index. A negative index gives 2^32 - 1, as in RFC 3711, appendix A. */
export function rolloverCounterOf(index: number): number {
  return Math.floor(index / 65_536) >>> 0;
}
