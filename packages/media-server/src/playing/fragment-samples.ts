// Keeps a small MP4 file from filling the memory: a fragment can say in 16 bytes that it has 4 billion samples which are all
// alike, and mediabunny 1.61 makes an object of each before anything else happens.

/** In one fragment. Sound that is not compressed has a sample for each moment: these are 4 s of it at 48 kHz. */
const MAX_SAMPLES = 200_000;

/** ISO 14496-12, section 8.8.8: size, type, version and flags, number of samples. */
const TRACK_RUN = Buffer.from('trun');

/** Boxes with track runs in them. Of a fragment mediabunny reads the whole box, of the others the head and then the rest. */
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
    if (type === FRAGMENT || READ_BY_HEAD.has(this.#type)) countSamples(piece);
    this.#type = piece.length <= MAX_HEAD_BYTES ? type : '';
  }
}

/** Of all track runs wherever they are: sizes and levels may be as wrong as the numbers. */
function countSamples(boxes: Buffer): void {
  let samples = 0;
  for (let at = boxes.indexOf(TRACK_RUN); at !== -1; at = boxes.indexOf(TRACK_RUN, at + 4)) {
    const size = at >= 4 ? boxes.readUInt32BE(at - 4) : 0;
    // With a size of 1 the true one follows, in 8 bytes (section 4.2).
    const countAt = at + (size === 1 ? 16 : 8);
    if (countAt + 4 > boxes.length) continue;
    samples += boxes.readUInt32BE(countAt);
    if (samples > MAX_SAMPLES) throw new Error(`a fragment of it claims to have ${samples} samples`);
  }
}
