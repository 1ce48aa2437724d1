// AV1 temporal units to RTP payloads (AV1 RTP payload specification, section 4): every OBU element with its length (W is
// 0), packets filled to the brim, OBUs cut wherever a packet ends.
import {
  CONTINUES_OBU,
  NEW_CODED_VIDEO_SEQUENCE,
  OBU_GOES_ON,
  OBU_TEMPORAL_DELIMITER,
  OBU_TILE_LIST,
  obuType,
  splitTemporalUnit,
  writeLeb128,
} from './av1-payload.ts';
import type { EncodedFrame, Packetizer } from './encoded-frame.ts';

/** Less room than this is not worth another element: a length of up to two bytes, an OBU header, some data. */
const MIN_ELEMENT_ROOM = 8;

export class Av1Packetizer implements Packetizer {
  readonly #maxPayload: number;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  packetize({ data, keyframe }: EncodedFrame): Buffer[] {
    const units = splitTemporalUnit(data).filter(
      (unit) => obuType(unit[0]) !== OBU_TEMPORAL_DELIMITER && obuType(unit[0]) !== OBU_TILE_LIST,
    );
    const payloads: Buffer[] = [];
    let header = keyframe ? NEW_CODED_VIDEO_SEQUENCE : 0;
    let parts: Buffer[] = [];
    let room = this.#maxPayload - 1;
    const endPacket = (goesOn: boolean): void => {
      payloads.push(Buffer.concat([Buffer.from([header | (goesOn ? OBU_GOES_ON : 0)]), ...parts]));
      header = goesOn ? CONTINUES_OBU : 0;
      parts = [];
      room = this.#maxPayload - 1;
    };
    for (const unit of units) {
      let rest = unit;
      if (room < MIN_ELEMENT_ROOM) endPacket(false);
      while (rest.length > 0) {
        const size = Math.min(rest.length, room - writeLeb128(room).length);
        const length = writeLeb128(size);
        parts.push(length, rest.subarray(0, size));
        room -= length.length + size;
        rest = rest.subarray(size);
        if (rest.length > 0) endPacket(true);
      }
    }
    if (parts.length > 0) endPacket(false);
    return payloads;
  }
}
