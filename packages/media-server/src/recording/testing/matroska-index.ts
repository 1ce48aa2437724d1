// For tests: what the head and the index of a WebM or Matroska file point to, read element by element.
import { elementAt } from '../../playing/matroska-parser.ts';

const NAMES: Readonly<Record<number, string>> = {
  0x1549a966: 'info',
  0x1654ae6b: 'tracks',
  0x1c53bb6b: 'cues',
};
const [SEGMENT, CLUSTER, SEEK_HEAD, CUES] = [0x18538067, 0x1f43b675, 0x114d9b74, 0x1c53bb6b];
const [TIMESTAMP, SIMPLE_BLOCK] = [0xe7, 0xa3];

export interface Block {
  readonly at: number;
  readonly track: number;
  readonly isKey: boolean;
}

export interface MatroskaIndex {
  /** Names of the elements that the SeekHead says are where they are; `none` for what is not there. */
  readonly seeks: readonly string[];
  /** Times of the index, in ms, each with the blocks of the cluster that it points to; none when it points elsewhere. */
  readonly cues: readonly { readonly at: number; readonly clusterFrames: readonly Block[] }[];
}

interface Element {
  readonly id: number;
  readonly at: number;
  readonly data: Buffer;
}

/** Elements in a row; of segments and clusters the heads, followed by what is inside. */
function* elements(bytes: Buffer, opened: readonly number[] = []): Generator<Element, void> {
  for (let at = 0; ;) {
    const found = elementAt(bytes, at);
    if (!found) return;
    const { id, headerLength, size = 0 } = found;
    const dataAt = at + headerLength;
    const end = opened.includes(id) ? dataAt : dataAt + size;
    yield { id, at, data: bytes.subarray(dataAt, end) };
    at = end;
  }
}

export function indexOf(bytes: Buffer): MatroskaIndex {
  const all = [...elements(bytes, [SEGMENT, CLUSTER])];
  const origin = all.findIndex(({ id }) => id === SEGMENT) + 1;
  const place = (offset: number): number => all.findIndex(({ at }) => at === all[origin].at + offset);
  const number = (data: Buffer): number =>
    data.readUIntBE(Math.max(0, data.length - 6), Math.min(6, data.length));
  const seeks = childrenOf(all, SEEK_HEAD).map(({ data }) => {
    const [id, position] = [...elements(data)].map((child) => number(child.data));
    return all[place(position)]?.id === id ? NAMES[id] : 'none';
  });
  const cues = childrenOf(all, CUES).map(({ data }) => {
    const [time, positions] = [...elements(data)];
    const [, position] = [...elements(positions.data)].map((child) => number(child.data));
    return { at: number(time.data), clusterFrames: blocksOf(all.slice(place(position)), number) };
  });
  return { seeks, cues };
}

function childrenOf(all: readonly Element[], wanted: number): Element[] {
  const found = all.find(({ id }) => id === wanted);
  return found ? [...elements(found.data)] : [];
}

function blocksOf(
  [cluster, timestamp, ...rest]: readonly Element[],
  number: (data: Buffer) => number,
): Block[] {
  if (cluster.id !== CLUSTER || timestamp.id !== TIMESTAMP) return [];
  const end = rest.findIndex(({ id }) => id === CLUSTER);
  return rest
    .slice(0, end === -1 ? undefined : end)
    .filter(({ id }) => id === SIMPLE_BLOCK)
    .map(({ data }) => ({
      at: number(timestamp.data) + data.readInt16BE(1),
      track: data[0] & 0x7f,
      isKey: (data[3] & 0x80) !== 0,
    }));
}
