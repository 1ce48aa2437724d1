// AV1 temporal units from RTP payloads (AV1 RTP payload specification, section 4).
import {
  av1FrameSize,
  CONTINUES_OBU,
  leb128LengthAt,
  OBU_GOES_ON,
  OBU_SEQUENCE_HEADER,
  OBU_TEMPORAL_DELIMITER,
  OBU_TILE_GROUP,
  OBU_TILE_LIST,
  obuIsKeyframe,
  obuSpatialLayer,
  obuType,
  obuWithoutSize,
  obuWithSize,
  readLeb128,
} from './av1-payload.ts';
import type { EncodedFrame } from './encoded-frame.ts';
import { FrameAssembler } from './frame-assembler.ts';

/** Frames are OBUs with size fields; temporal delimiters and tile lists are left out (section 5). */
export class Av1Depacketizer extends FrameAssembler {
  /** Whole OBUs without size fields. */
  #units: Buffer[] = [];
  /** Pieces of the OBU that goes on in the next packet; empty while none does. */
  #fragments: Buffer[] = [];
  #afterGap = false;

  protected begins(payload: Buffer, afterGap: boolean): boolean {
    this.#afterGap = afterGap;
    return (payload[0] & CONTINUES_OBU) === 0;
  }

  protected add(payload: Buffer): boolean {
    const continues = (payload[0] & CONTINUES_OBU) !== 0;
    const goesOn = (payload[0] & OBU_GOES_ON) !== 0;
    if (continues !== this.#fragments.length > 0) return false;
    const elements = readElements(payload);
    if (!elements) return false;
    return elements.every((element, i) => {
      this.#fragments.push(element);
      return (goesOn && i === elements.length - 1) || this.#endObu();
    });
  }

  protected finish(timestamp: number): EncodedFrame | undefined {
    if (this.#units.length === 0 || this.#fragments.length > 0) return undefined;
    const sequenceHeader = this.#units.find((unit) => obuType(unit[0]) === OBU_SEQUENCE_HEADER);
    const hasKeyframe = this.#units.some(obuIsKeyframe);
    if (this.#afterGap && this.#headIsLost(hasKeyframe && !sequenceHeader)) return undefined;
    const data = Buffer.concat(this.#units.flatMap(obuWithSize));
    if (!sequenceHeader || !hasKeyframe) return { data, timestamp, keyframe: false };
    return { data, timestamp, keyframe: true, ...av1FrameSize(sequenceHeader) };
  }

  protected clear(): void {
    this.#units = [];
    this.#fragments = [];
    this.#afterGap = false;
  }

  /** Whether the packets missing before this unit held its beginning: sequence header, frame header or a lower layer. */
  #headIsLost(lacksSequenceHeader: boolean): boolean {
    const first = this.#units[0];
    return lacksSequenceHeader || obuType(first[0]) === OBU_TILE_GROUP || obuSpatialLayer(first) > 0;
  }

  #endObu(): boolean {
    const unit = obuWithoutSize(Buffer.concat(this.#fragments));
    this.#fragments = [];
    if (!unit) return false;
    const type = obuType(unit[0]);
    if (type !== OBU_TEMPORAL_DELIMITER && type !== OBU_TILE_LIST) this.#units.push(unit);
    return true;
  }
}

/** The OBU elements behind the aggregation header, as views; undefined if a size does not fit. Section 4.3. */
function readElements(payload: Buffer): Buffer[] | undefined {
  const count = (payload[0] >> 4) & 0x03;
  const elements: Buffer[] = [];
  for (let offset = 1; offset < payload.length;) {
    let size = payload.length - offset;
    if (count === 0 || elements.length + 1 < count) {
      size = readLeb128(payload, offset);
      if (size < 0) return undefined;
      offset += leb128LengthAt(payload, offset);
    }
    if (size === 0 || offset + size > payload.length) return undefined;
    elements.push(payload.subarray(offset, offset + size));
    offset += size;
  }
  return elements.length > 0 && (count === 0 || elements.length === count) ? elements : undefined;
}
