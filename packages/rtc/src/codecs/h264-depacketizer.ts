// H.264 access units from RTP payloads: single NAL units, STAP-A and FU-A (RFC 6184, packetization modes 0 and 1).
import type { EncodedFrame } from './encoded-frame.ts';
import { FrameAssembler } from './frame-assembler.ts';
import {
  h264FrameSize,
  isFirstSlice,
  joinAnnexB,
  NAL_ACCESS_UNIT_DELIMITER,
  NAL_FU_A,
  NAL_IDR,
  NAL_PPS,
  NAL_SLICE,
  NAL_SPS,
  NAL_STAP_A,
  nalType,
} from './h264-payload.ts';

/** Data partition C: the last of the NAL unit types that hold slice data. */
const NAL_LAST_SLICE_DATA = 5;

/** Frames are Annex B; key frames carry the parameter sets last seen, in that frame or before. */
export class H264Depacketizer extends FrameAssembler {
  #units: Buffer[] = [];
  /** Header and pieces of a fragmented NAL unit; empty while none is in progress. */
  #fragments: Buffer[] = [];
  /** The packets missing before the frame may have held its parameter sets. */
  #headMayBeLost = false;
  #sps: Buffer | undefined;
  #pps: Buffer | undefined;

  protected begins(payload: Buffer, afterGap: boolean): boolean {
    let header = 0;
    if (nalType(payload[0]) === NAL_FU_A) {
      if (payload.length < 2 || (payload[1] & 0x80) === 0) return false;
      header = 1;
    } else if (nalType(payload[0]) === NAL_STAP_A) {
      header = 3;
    }
    if (!afterGap || header >= payload.length) return true;
    const type = nalType(payload[header]);
    this.#headMayBeLost = type !== NAL_SPS && type !== NAL_ACCESS_UNIT_DELIMITER;
    const isSliceData = type >= NAL_SLICE && type <= NAL_LAST_SLICE_DATA;
    return !isSliceData || isFirstSlice(payload, header + 1);
  }

  protected add(payload: Buffer): boolean {
    const type = nalType(payload[0]);
    if (type === NAL_FU_A) return this.#addFragment(payload);
    if (this.#fragments.length > 0) return false;
    if (type === NAL_STAP_A) return this.#addAggregate(payload);
    if (type > NAL_STAP_A && type < NAL_FU_A + 2) return false; // interleaved: never agreed
    if (type !== 0 && type < NAL_STAP_A) this.#units.push(payload);
    return true;
  }

  protected finish(timestamp: number): EncodedFrame | undefined {
    if (this.#units.length === 0 || this.#fragments.length > 0) return undefined;
    const types = this.#units.map((unit) => nalType(unit[0]));
    const keyframe = types.includes(NAL_IDR);
    if (keyframe && this.#headMayBeLost && !types.includes(NAL_SPS)) return undefined;
    const sps = this.#units[types.lastIndexOf(NAL_SPS)];
    const pps = this.#units[types.lastIndexOf(NAL_PPS)];
    // Copies: they outlive the packets.
    if (sps) this.#sps = Buffer.from(sps);
    if (pps) this.#pps = Buffer.from(pps);
    const frame: EncodedFrame = { data: joinAnnexB(this.#units), timestamp, keyframe };
    if (!keyframe || !this.#sps || !this.#pps) return frame;
    return { ...frame, sps: this.#sps, pps: this.#pps, ...h264FrameSize(this.#sps) };
  }

  protected clear(): void {
    this.#units = [];
    this.#fragments = [];
    this.#headMayBeLost = false;
  }

  /** RFC 6184, section 5.8. */
  #addFragment(payload: Buffer): boolean {
    if (payload.length < 3) return false;
    const isStart = (payload[1] & 0x80) !== 0;
    const isEnd = (payload[1] & 0x40) !== 0;
    if (isStart !== (this.#fragments.length === 0)) return false;
    if (isStart) this.#fragments.push(Buffer.from([(payload[0] & 0xe0) | nalType(payload[1])]));
    this.#fragments.push(payload.subarray(2));
    if (isEnd) {
      this.#units.push(Buffer.concat(this.#fragments));
      this.#fragments = [];
    }
    return true;
  }

  /** RFC 6184, section 5.7.1. */
  #addAggregate(payload: Buffer): boolean {
    let offset = 1;
    while (offset + 2 < payload.length) {
      const end = offset + 2 + payload.readUInt16BE(offset);
      if (end === offset + 2 || end > payload.length) return false;
      this.#units.push(payload.subarray(offset + 2, end));
      offset = end;
    }
    return offset === payload.length && offset > 1;
  }
}
