// Source descriptions (RFC 3550, section 6.5). Of their items only the canonical name is of use here.
import { allocateRtcp, assertCountFits, RTCP_SOURCE_DESCRIPTION } from './rtcp-header.ts';

export interface SourceDescriptionChunk {
  readonly ssrc: number;
  /** Undefined when the source sent other items only. */
  readonly cname: string | undefined;
}

export interface SourceDescription {
  readonly type: 'sdes';
  readonly chunks: readonly SourceDescriptionChunk[];
}

const ITEM_END = 0;
const ITEM_CNAME = 1;
const MAX_ITEM_LENGTH = 255;

/** Reads a packet without its first four bytes. Undefined when a chunk or item reaches past the end. */
export function parseSourceDescription(body: Buffer, count: number): SourceDescription | undefined {
  const chunks: SourceDescriptionChunk[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 4 > body.length) return undefined;
    const ssrc = body.readUInt32BE(at);
    at += 4;
    let cname: string | undefined;
    for (;;) {
      if (at >= body.length) return undefined;
      if (body[at] === ITEM_END) break;
      if (at + 2 > body.length) return undefined;
      const end = at + 2 + body[at + 1];
      if (end > body.length) return undefined;
      if (body[at] === ITEM_CNAME) cname = body.toString('utf8', at + 2, end);
      at = end;
    }
    // At least one zero byte ends the items; more of them fill up to the next multiple of four.
    at = (at + 4) & ~3;
    chunks.push({ ssrc, cname });
  }
  return { type: 'sdes', chunks };
}

/** Throws a RangeError for more than 31 chunks, and for a name of more than 255 bytes in UTF-8. */
export function writeSdes(chunks: readonly { readonly ssrc: number; readonly cname: string }[]): Buffer {
  assertCountFits('source descriptions', chunks.length);
  const written = chunks.map(({ ssrc, cname }) => {
    const nameLength = Buffer.byteLength(cname);
    if (nameLength > MAX_ITEM_LENGTH) throw new RangeError(`a canonical name of ${nameLength} bytes`);
    const chunk = Buffer.alloc((4 + 2 + nameLength + 4) & ~3);
    chunk.writeUInt32BE(ssrc, 0);
    chunk[4] = ITEM_CNAME;
    chunk[5] = nameLength;
    chunk.write(cname, 6);
    return chunk;
  });
  const body = Buffer.concat(written);
  const packet = allocateRtcp(RTCP_SOURCE_DESCRIPTION, chunks.length, 4 + body.length);
  body.copy(packet, 4);
  return packet;
}
