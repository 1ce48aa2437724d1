// H.264 access units (Annex B) to RTP payloads: single NAL units, STAP-A for neighbours that fit together, FU-A for what
// is too large (RFC 6184, packetization mode 1; mode 0 has no way to send a large NAL unit, and receivers take these).
import type { EncodedFrame, Packetizer } from './encoded-frame.ts';
import { NAL_FU_A, NAL_IDR, NAL_STAP_A, nalType, splitAnnexB } from './h264-payload.ts';

export class H264Packetizer implements Packetizer {
  readonly #maxPayload: number;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  packetize({ data }: EncodedFrame): Buffer[] {
    const payloads: Buffer[] = [];
    let group: Buffer[] = [];
    let groupLength = 1;
    const endGroup = (): void => {
      if (group.length === 1) payloads.push(group[0]);
      if (group.length > 1) payloads.push(aggregate(group));
      group = [];
      groupLength = 1;
    };
    for (const unit of splitAnnexB(data)) {
      if (unit.length > this.#maxPayload) {
        endGroup();
        payloads.push(...this.#fragments(unit));
        continue;
      }
      // Slices go alone: only parameter sets and the like, which are small, are worth a STAP-A.
      const isSliceData = nalType(unit[0]) <= NAL_IDR;
      if (isSliceData || groupLength + 2 + unit.length > this.#maxPayload) endGroup();
      group.push(unit);
      groupLength += 2 + unit.length;
      if (isSliceData) endGroup();
    }
    endGroup();
    return payloads;
  }

  #fragments(unit: Buffer): Buffer[] {
    const payloads: Buffer[] = [];
    const step = this.#maxPayload - 2;
    const indicator = (unit[0] & 0xe0) | NAL_FU_A;
    for (let offset = 1; offset < unit.length; offset += step) {
      let header = nalType(unit[0]);
      if (offset === 1) header |= 0x80;
      if (offset + step >= unit.length) header |= 0x40;
      payloads.push(Buffer.concat([Buffer.from([indicator, header]), unit.subarray(offset, offset + step)]));
    }
    return payloads;
  }
}

/** The header takes the highest importance (NRI) and any error bit of what is inside (RFC 6184, section 5.7). */
function aggregate(units: readonly Buffer[]): Buffer {
  const importance = Math.max(...units.map((unit) => unit[0] & 0x60));
  const forbidden = units.some((unit) => unit[0] & 0x80) ? 0x80 : 0;
  const parts: Buffer[] = [Buffer.from([forbidden | importance | NAL_STAP_A])];
  for (const unit of units) parts.push(Buffer.from([unit.length >> 8, unit.length & 0xff]), unit);
  return Buffer.concat(parts);
}
