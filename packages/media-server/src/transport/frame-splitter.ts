// Cuts a TCP byte stream into the packets that it carries: each behind its length in 16 bits (RFC 4571, section 2; for ICE
// RFC 6544, section 3).

const LENGTH_BYTES = 2;

export class FrameSplitter {
  #kept: Buffer = Buffer.alloc(0);

  /** Bytes that wait for the rest of their packet. */
  get waiting(): number {
    return this.#kept.length;
  }

  /** The packets that are complete with these bytes. They are views, the receiver's to keep and to change. */
  push(bytes: Buffer): Buffer[] {
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const packets: Buffer[] = [];
    let start = 0;
    while (start + LENGTH_BYTES <= all.length) {
      const end = start + LENGTH_BYTES + all.readUInt16BE(start);
      if (end > all.length) break;
      if (end > start + LENGTH_BYTES) packets.push(all.subarray(start + LENGTH_BYTES, end));
      start = end;
    }
    // A copy, so that a large chunk is not held for the sake of its last bytes.
    this.#kept = start === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(start));
    return packets;
  }
}

/** A packet behind its length, for the wire. */
export function framed(packet: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + packet.length);
  frame.writeUInt16BE(packet.length, 0);
  packet.copy(frame, LENGTH_BYTES);
  return frame;
}
