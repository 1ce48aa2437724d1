// Bad input in quantity, the same for the same seed: random and mutilated datagrams, and messages with parts changed.

/** mulberry32: small, fast and good enough to make up nonsense. Gives numbers from 0 up to 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the first bytes of the kinds of packets look like that share the media port (RFC 7983, section 7). */
const BEGINNINGS = [
  // A STUN binding request with its cookie (RFC 8489, section 5).
  [0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42],
  // A DTLS 1.2 handshake record (RFC 6347, section 4.1).
  [0x16, 0xfe, 0xfd, 0x00, 0x00],
  // RTP with an extension header, and an RTCP sender report (RFC 3550).
  [0x90, 0x60],
  [0x80, 0xc8, 0x00, 0x06],
];

/** A datagram of 0 to 1,500 bytes: pure noise, or noise behind a beginning that is right. */
export function badDatagram(random: () => number): Buffer {
  const length = Math.floor(random() ** 3 * 1_501);
  const datagram = Buffer.alloc(length);
  for (let at = 0; at < length; at++) datagram[at] = random() * 256;
  if (random() < 0.8) Buffer.from(pick(random, BEGINNINGS)).copy(datagram);
  return datagram;
}

const STRANGE_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x'.repeat(10_000),
  '__proto__',
  '\u0000\ud800',
  [],
  {},
  [[[[[[]]]]]],
  { toString: 1 },
];

/** A message that was once right, with one to three parts changed, left out or cut off; not always JSON any more. */
export function mutate(message: object, random: () => number): string {
  const copy = structuredClone(message) as Record<string, unknown>;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) changeOnePart(copy, random);
  const text = JSON.stringify(copy);
  if (random() < 0.7) return text;
  const at = Math.floor(random() * text.length);
  return random() < 0.5
    ? text.slice(0, at)
    : `${text.slice(0, at)}${String.fromCharCode(random() * 0xd7ff)}${text.slice(at + 1)}`;
}

function changeOnePart(within: Record<string, unknown>, random: () => number): void {
  const keys = Object.keys(within);
  if (keys.length === 0) return;
  const key = pick(random, keys);
  const value = within[key];
  if (typeof value === 'object' && value !== null && random() < 0.7)
    changeOnePart(value as Record<string, unknown>, random);
  else if (random() < 0.3) Reflect.deleteProperty(within, key);
  else within[key] = structuredClone(pick(random, STRANGE_VALUES));
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)];
}
