// Goodbye (RFC 3550, section 6.6): sources that have ended.
import { allocateRtcp, assertCountFits, RTCP_GOODBYE } from './rtcp-header.ts';

export interface Goodbye {
  readonly type: 'bye';
  readonly ssrcs: readonly number[];
}

/** Reads a packet without its first four bytes; a reason is not read. Undefined when it is shorter than it says. */
export function parseGoodbye(body: Buffer, count: number): Goodbye | undefined {
  if (count * 4 > body.length) return undefined;
  const ssrcs: number[] = [];
  for (let index = 0; index < count; index++) ssrcs.push(body.readUInt32BE(index * 4));
  return { type: 'bye', ssrcs };
}

/** Throws a RangeError for more than 31 sources. */
export function writeBye(ssrcs: readonly number[]): Buffer {
  assertCountFits('sources', ssrcs.length);
  const packet = allocateRtcp(RTCP_GOODBYE, ssrcs.length, 4 + ssrcs.length * 4);
  ssrcs.forEach((ssrc, index) => packet.writeUInt32BE(ssrc, 4 + index * 4));
  return packet;
}
