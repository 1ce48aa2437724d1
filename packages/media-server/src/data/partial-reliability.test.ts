import { afterEach, describe, expect, it } from 'vitest';
import type { DataMessage } from './data-flow.ts';
import { dataBench, type DataBench } from './testing.ts';

const DATA = 0;
const FORWARD_TSN = 192;
const COMMON_HEADER_LENGTH = 12;

const reliable = { protocol: '', ordered: true, maxRetransmits: undefined, maxPacketLifeTime: undefined };

const benches: DataBench[] = [];

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

/** A server and a peer; `isLost` is asked of each packet of the server, once the channels are open. */
async function connected(): Promise<{ bench: DataBench; lossy: { isLost: (packet: Buffer) => boolean } }> {
  const bench = await dataBench();
  benches.push(bench);
  const { peer } = bench;
  const lossy = { isLost: (_packet: Buffer) => false };
  const receive = peer.receive.bind(peer);
  peer.receive = (packet) => {
    if (!lossy.isLost(packet)) receive(packet);
  };
  await peer.start();
  await peer.until(() => bench.channels.established && peer.sctp.sctp.state === 'connected');
  return { bench, lossy };
}

const text = (content: string): DataMessage => ({ bytes: Buffer.from(content), isText: true });

function holds(packet: Buffer, content: string): boolean {
  return packet[COMMON_HEADER_LENGTH] === DATA && packet.includes(content);
}

describe('what the server sends on a channel that may lose messages', () => {
  it.each([
    ['ordered', 0],
    ['unordered', 0],
    ['ordered', 2],
  ])(
    'is given up when it was lost as often as agreed: %s, sent again %d times',
    async (order, maxRetransmits) => {
      const { bench, lossy } = await connected();
      const { channels, peer } = bench;
      peer.open('moves', { ordered: order === 'ordered', maxRetransmits });
      await peer.until(() => bench.events.length === 1);
      let lost = 0;
      lossy.isLost = (packet) => holds(packet, 'lost') && ++lost > 0;
      for (let index = 0; index < 10; index++) channels.write(text(index === 3 ? 'lost' : `move ${index}`));
      await peer.until(() => peer.received.length === 9);
      expect(peer.received.map(({ data }) => data)).toEqual(
        [0, 1, 2, 4, 5, 6, 7, 8, 9].map((index) => `move ${index}`),
      );
      expect(lost).toBe(1 + maxRetransmits);
    },
  );

  it('is given up as a whole, also what of it was not sent yet, and does not take up the line', async () => {
    const { bench, lossy } = await connected();
    const { channels, peer } = bench;
    peer.open('moves', { maxRetransmits: 0 });
    await peer.until(() => bench.events.length === 1);
    // The third piece of each of ten long messages is lost.
    const pieces = new Map<number, number>();
    lossy.isLost = (packet) => {
      if (packet[COMMON_HEADER_LENGTH] !== DATA || packet.length < 1000) return false;
      const sequence = packet.readUInt16BE(COMMON_HEADER_LENGTH + 10);
      pieces.set(sequence, (pieces.get(sequence) ?? 0) + 1);
      return pieces.get(sequence) === 3;
    };
    for (let index = 0; index < 10; index++) {
      channels.write({ bytes: Buffer.alloc(100_000, index), isText: false });
      channels.write(text(`after ${index}`));
    }
    await peer.until(() => peer.received.length === 10);
    expect(peer.received.map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => `after ${i}`));
    lossy.isLost = () => false;
    channels.write({ bytes: Buffer.alloc(200_000, 1), isText: false });
    await peer.until(() => peer.received.length === 11);
    expect(peer.received[10].data).toHaveLength(200_000);
  });

  it('is said to be given up again when the peer missed that, and costs the other channels nothing', async () => {
    const { bench, lossy } = await connected();
    const { channels, peer } = bench;
    peer.open('moves', { maxRetransmits: 0 });
    await peer.until(() => bench.events.length === 1);
    const labels = Array.from({ length: 8 }, (_, index) => `channel ${index}`);
    const seen = new Set<string>();
    let forwards = 0;
    lossy.isLost = (packet) => {
      if (packet[COMMON_HEADER_LENGTH] === FORWARD_TSN) return ++forwards <= 2;
      // Of every second channel its opening, which is a reliable message, and the message before it, once each.
      const [content] = /(move before )?channel [0246]/.exec(packet.toString('latin1')) ?? [];
      if (content === undefined || seen.has(content)) return false;
      seen.add(content);
      return true;
    };
    for (const label of labels) {
      channels.write(text(`move before ${label}`));
      channels.create({ ...reliable, label });
    }
    await peer.until(() => peer.incoming.length === labels.length && peer.received.length === 4);
    channels.write(text('last'));
    await peer.until(() => peer.received.length === 5);
    expect(peer.incoming.map(({ label }) => label).sort()).toEqual(labels);
    expect(peer.received.map(({ data }) => data)).toEqual([
      ...[1, 3, 5, 7].map((index) => `move before channel ${index}`),
      'last',
    ]);
    expect(forwards).toBeGreaterThan(2);
  });
});
