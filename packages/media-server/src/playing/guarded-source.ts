// Keeps a damaged file from holding up the whole process: mediabunny 1.61 looks for the next element behind garbage in
// Matroska, and at the end of the file, or after 10 MiB, reads the same few bytes again for ever, without ever waiting.
import type { Source } from 'mediabunny';
import { SampleCheck } from './claimed-samples.ts';

/** No frame and no index is larger; what a damaged file claims must not be asked for, or made room for. In bytes. */
export const MAX_READ_BYTES = 64 * 1024 * 1024;

/** A reader that makes sense asks for the same place a few times, one for each track and level of the structure. */
const MAX_REPETITIONS = 200;

/** There is nothing more behind this: to a reader the same as the end of the file. */
export class StructureEnd extends Error {
  constructor(at: number) {
    super(`its structure leads nowhere behind byte ${at}`);
    this.name = 'StructureEnd';
  }
}

/** Bytes that hold the range, and where in the file they begin; null behind its end. */
type Piece = { readonly bytes: Uint8Array; readonly offset: number } | null;
type Read = (start: number, end: number, ...limits: number[]) => Piece | Promise<Piece>;

/**
 * The same source, whose reads throw StructureEnd instead of going round in circles, and an Error for a part that claims
 * to be larger, or to consist of more, than any does.
 */
export function guarded<T extends Source>(source: T): T {
  // Not declared, but what every read goes through, also of what is in memory already.
  const internals = source as unknown as { _read: Read };
  const read = internals._read.bind(source);
  let last = '';
  let repetitions = 0;
  const samples = new SampleCheck();
  internals._read = (start, end, ...limits) => {
    const range = `${start}-${end}`;
    repetitions = range === last ? repetitions + 1 : 0;
    last = range;
    if (repetitions > MAX_REPETITIONS) throw new StructureEnd(start);
    if (end - start > MAX_READ_BYTES) throw new Error(`a part of it claims to have ${end - start} bytes`);
    const piece = read(start, end, ...limits);
    return piece instanceof Promise
      ? piece.then((come) => looked(come, start, end, samples))
      : looked(piece, start, end, samples);
  };
  return source;
}

function looked(piece: Piece, start: number, end: number, samples: SampleCheck): Piece {
  if (!piece) return piece;
  const { buffer, byteOffset, byteLength } = piece.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  samples.look(bytes.subarray(start - piece.offset, end - piece.offset));
  return piece;
}
