// Keeps a small MP4 file from filling the memory and from holding up the process: it can say in a few bytes that a fragment,
// or a chunk, has 4 billion samples, and mediabunny 1.61 makes an object of each, or counts them for each that it reads.

/** In one fragment or chunk. Sound that is not compressed has a sample for each moment: these are 4 s of it at 48 kHz. */
const MAX_SAMPLES = 200_000;

/** ISO 14496-12, section 8.8.8: size, type, version and flags, number of samples. */
const TRACK_RUN = Buffer.from('trun');

/** Section 8.7.4: size, type, version and flags, number of entries; then 12 bytes each, with samples per chunk in the middle. */
const CHUNKS = Buffer.from('stsc');
const MAX_CHUNK_ENTRIES = 1_000_000;

/** Boxes with these in them. Of a fragment mediabunny reads the whole box, of the others the head and then the rest. */
const FRAGMENT = 'moof';
const READ_BY_HEAD: ReadonlySet<string> = new Set(['moov', 'mfra']);
const MAX_HEAD_BYTES = 16;

export class SampleCheck {
  #type = '';

  /**
   * To be shown each piece that is read, in order.
   * @throws Error when it claims more samples than any has
   */
  look(piece: Buffer): void {
    const type = piece.toString('latin1', 4, 8);
    if (type === FRAGMENT || READ_BY_HEAD.has(this.#type)) {
      checkRuns(piece);
      checkChunks(piece);
    }
    this.#type = piece.length <= MAX_HEAD_BYTES ? type : '';
  }
}

/** Of all track runs together. */
function checkRuns(boxes: Buffer): void {
  let samples = 0;
  for (const at of contentsOf(boxes, TRACK_RUN)) {
    if (at + 8 > boxes.length) continue;
    samples += boxes.readUInt32BE(at + 4);
    if (samples > MAX_SAMPLES) throw new Error(`a fragment of it claims to have ${samples} samples`);
  }
}

function checkChunks(boxes: Buffer): void {
  let looked = 0;
  for (const at of contentsOf(boxes, CHUNKS)) {
    const count = at + 8 > boxes.length ? 0 : boxes.readUInt32BE(at + 4);
    for (let entry = at + 8; entry + 12 <= boxes.length && entry < at + 8 + 12 * count; entry += 12) {
      const samples = boxes.readUInt32BE(entry + 4);
      if (samples > MAX_SAMPLES) throw new Error(`a chunk of it claims to have ${samples} samples`);
      if (++looked > MAX_CHUNK_ENTRIES) throw new Error('it consists of too many chunks');
    }
  }
}

/** Where the contents of such boxes begin, wherever they are: sizes and levels may be as wrong as the numbers. */
function* contentsOf(boxes: Buffer, type: Buffer): Generator<number, void> {
  for (let at = boxes.indexOf(type); at !== -1; at = boxes.indexOf(type, at + 4)) {
    const size = at >= 4 ? boxes.readUInt32BE(at - 4) : 0;
    // With a size of 1 the true one follows, in 8 bytes (section 4.2).
    yield at + (size === 1 ? 12 : 4);
  }
}
