// What a peer could do to the association once DTLS has let it in: packets that are changed, repeated, out of order or made
// up, most of them with the right tag and checksum.
import { crc32c } from 'werift';
import { expect, it } from 'vitest';
import { MAX_CHANNELS } from './data-channels.ts';
import { dataBench, type DataBench } from './testing.ts';

const SEED = 20_261_123;
const PACKETS = 6_000;
const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 64, 130, 192];
const HEADER_LENGTH = 12;

/** The same numbers at every run, from 0 up to, not including, `limit`. */
function seeded(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function withChecksum(packet: Buffer): Buffer {
  if (packet.length < HEADER_LENGTH) return packet;
  packet.writeUInt32LE(0, 8);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** One or more bytes changed, cut or appended; sometimes a chunk of another type, or a wild length. */
function mutate(original: Buffer, random: (limit: number) => number): Buffer {
  let packet: Buffer = Buffer.from(original);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = HEADER_LENGTH + random(Math.max(1, packet.length - HEADER_LENGTH));
    switch (random(6)) {
      case 0:
        packet = packet.subarray(0, Math.max(HEADER_LENGTH, at));
        break;
      case 1:
        packet = Buffer.concat([
          packet,
          Buffer.from(Array.from({ length: 4 + random(40) }, () => random(256))),
        ]);
        break;
      case 2:
        if (packet.length > HEADER_LENGTH) packet[HEADER_LENGTH] = TYPES[random(TYPES.length)];
        break;
      case 3:
        if (packet.length >= HEADER_LENGTH + 4) packet.writeUInt16BE(random(100), HEADER_LENGTH + 2);
        break;
      default:
        if (at < packet.length) packet[at] = random(256);
    }
  }
  return random(10) === 0 ? packet : withChecksum(packet);
}

/** A single chunk of any type, with a length that is right. */
function invent(random: (limit: number) => number): Buffer {
  const body = Buffer.from(Array.from({ length: 4 * random(12) }, () => random(3) && random(256)));
  const packet = Buffer.alloc(HEADER_LENGTH + 4 + body.length);
  packet.writeUInt16BE(5000, 0);
  packet.writeUInt16BE(5000, 2);
  packet[HEADER_LENGTH] = TYPES[random(TYPES.length)];
  packet[HEADER_LENGTH + 1] = random(8);
  packet.writeUInt16BE(4 + body.length, HEADER_LENGTH + 2);
  body.copy(packet, HEADER_LENGTH + 4);
  // Half of the bodies are one parameter.
  if (body.length > 0 && random(2) > 0)
    packet.writeUInt32BE((random(20) << 16) | body.length, HEADER_LENGTH + 4);
  return packet;
}

/** Where a recorded association has got to: what a hostile peer knows of it. */
interface Known {
  readonly tag: number;
  /** The first TSNs of either side. */
  readonly ours: number;
  readonly theirs: number;
}

function known({ given, sent }: DataBench): Known {
  const init = given.find((packet) => packet[HEADER_LENGTH] === 1)!;
  const ack = sent.find((packet) => packet[HEADER_LENGTH] === 2)!;
  return { tag: ack.readUInt32BE(16), ours: ack.readUInt32BE(28), theirs: init.readUInt32BE(28) };
}

/** Gives a packet the tag, and mostly TSNs, that the association will listen to. */
function aim(packet: Buffer, { tag, ours, theirs }: Known, random: (limit: number) => number): Buffer {
  if (packet.length < HEADER_LENGTH + 4 || random(20) === 0) return packet;
  const type = packet[HEADER_LENGTH];
  packet.writeUInt32BE(type === 1 ? 0 : tag, 4);
  const tsn = type === 3 ? ours + random(8) - 2 : theirs + random(300);
  if ([0, 3, 192].includes(type) && packet.length >= 20 && random(5) > 0)
    packet.writeUInt32BE(tsn >>> 0, HEADER_LENGTH + 4);
  // Streams that exist, mostly.
  if (type === 0 && packet.length > 22 && random(5) > 0) packet.writeUInt16BE(random(8), HEADER_LENGTH + 8);
  return withChecksum(packet);
}

/** What a peer sends in a short life: opening, messages of all kinds, acknowledgements, closing. */
async function recordedLife(): Promise<{ bench: DataBench; packets: readonly Buffer[] }> {
  const bench = await dataBench();
  const { channels, peer, events, given } = bench;
  await peer.start();
  const [first, second] = [peer.open('first'), peer.open('second', { ordered: false })];
  await peer.until(() => events.length === 2);
  first.send('text');
  first.send(Buffer.alloc(20_000, 1));
  second.send(Buffer.alloc(5_000, 2));
  channels.write({ bytes: Buffer.alloc(20_000, 3), isText: false });
  await peer.until(() => peer.received.length === 1 && channels.all[1].messagesReceived === 1);
  second.close();
  await peer.until(() => events.length === 3);
  return { bench, packets: [...given] };
}

it(`stays whole and small under ${PACKETS} packets made of a real peer's`, { timeout: 60_000 }, async () => {
  const random = seeded(SEED);
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  process.on('unhandledRejection', note);
  const { bench, packets } = await recordedLife();
  let victim: DataBench | undefined;
  let secrets: Known = { tag: 0, ours: 0, theirs: 0 };
  let [victims, events] = [0, 0];
  const begin = async (): Promise<DataBench> => {
    events += victim?.events.length ?? 0;
    await victim?.end();
    victims++;
    const next = await dataBench();
    await next.peer.start();
    const channel = next.peer.open('chat');
    await next.peer.until(() => channel.readyState === 'open');
    // From here on the peer is only what is made up.
    next.peer.receive = () => undefined;
    secrets = known(next);
    return next;
  };
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < PACKETS; index++) {
    if (!victim?.channels.established) victim = await begin();
    const recorded = Buffer.from(packets[random(packets.length)]);
    const made = [invent(random), recorded, mutate(recorded, random)][Math.min(2, random(4))];
    victim.channels.handlePacket(aim(made, secrets, random));
    if (random(50) === 0) victim.channels.write({ bytes: Buffer.alloc(3_000), isText: false });
    if (index % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    expect(victim.channels.all.length).toBeLessThanOrEqual(MAX_CHANNELS);
    expect(victim.channels.bufferedBytes).toBeLessThan(10_000_000);
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toEqual([]);
  // Not all of it fell on deaf ears: associations were ended, channels came and went.
  expect(victims).toBeGreaterThan(3);
  expect(events).toBeGreaterThan(2 * victims);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  await victim?.end();
  await bench.end();
  process.off('unhandledRejection', note);
});
