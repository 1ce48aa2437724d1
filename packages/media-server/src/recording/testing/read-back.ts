// For tests: what mediabunny finds in the bytes of a file, whole or cut off.
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';

export interface ReadTrack {
  readonly codec: string | null;
  /** `at` and `duration` in ms. */
  readonly frames: readonly { at: number; duration: number; isKey: boolean; data: Uint8Array }[];
}

/** By kind, `audio` or `video`; of each track no more than `limit` frames. */
export async function readBack(bytes: Buffer, limit = Infinity): Promise<Partial<Record<string, ReadTrack>>> {
  using input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(bytes)) });
  const found: Partial<Record<string, ReadTrack>> = {};
  for (const track of await input.getTracks()) {
    const frames = [];
    if (!track.isVideoTrack() && !track.isAudioTrack()) continue;
    const packets = new EncodedPacketSink(track);
    let packet = limit > 0 ? await packets.getFirstPacket() : null;
    while (packet) {
      frames.push({
        at: Math.round(packet.timestamp * 1000),
        duration: Math.round(packet.duration * 1000),
        isKey: packet.type === 'key',
        data: packet.data,
      });
      packet = frames.length < limit ? await packets.getNextPacket(packet) : null;
    }
    found[track.type] = { codec: await track.getCodec(), frames };
  }
  return found;
}
