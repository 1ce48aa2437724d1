import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileStore } from '../file-store.ts';
import { Dispatcher } from './dispatcher.ts';
import { MAX_DOT_FILES } from './dot-files.ts';
import type { DotDetails } from './dot-graph.ts';
import { HubPort } from './hub-port.ts';
import { PassThrough } from './pass-through.ts';
import { Bench, TestEndpoint } from './testing.ts';

let folder: string;
let bench: Bench;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-dot-'));
  bench = new Bench({ files: new FileStore(folder) });
});
afterEach(() => rmSync(folder, { recursive: true }));

const STRING = /"((?:[^"\\\p{Cc}]|\\.)*)"/u.source;
const ATTRIBUTES = String.raw` \[(?:\w+=(?:\w+|${STRING})(?:, )?)+\]`;
const HEAD = new RegExp(`^digraph ${STRING} \\{$`, 'u');
const LINES = [
  /^ {2}rankdir=LR;$/,
  /^ {2}node \[shape=box\];$/,
  new RegExp(`^ {2}label=${STRING};$`, 'u'),
  new RegExp(`^ {2}${STRING}${ATTRIBUTES};$`, 'u'),
  new RegExp(`^ {2}${STRING} -> ${STRING}${ATTRIBUTES};$`, 'u'),
];

/** The lines of a graph, each of which is checked against the grammar of DOT. */
function linesOf(dot: string): string[] {
  const lines = dot.trimEnd().split('\n');
  expect(lines[0]).toMatch(HEAD);
  expect(lines.at(-1)).toBe('}');
  for (const line of lines.slice(1, -1))
    expect(
      LINES.some((form) => form.test(line)),
      line,
    ).toBe(true);
  return lines;
}

describe('the graph of a pipeline', () => {
  it('has the elements as nodes and the connections as edges, with codecs and flows', () => {
    const [up, down] = [bench.make(TestEndpoint), bench.make(TestEndpoint)];
    up.name = 'camera';
    up.connect(down);
    up.send(1);
    const lines = linesOf(bench.pipeline.getGstreamerDot());
    expect(lines.filter((line) => line.includes(' -> '))).toEqual([
      expect.stringContaining('"AUDIO\\nNOT_FLOWING", style=dashed'),
      expect.stringContaining('"VIDEO\\nVP8/90000\\nFLOWING"]'),
      expect.stringContaining('"DATA", style=dashed'),
    ]);
    expect(lines.some((line) => line.includes(`"${up.id}" [shape=box, label="WebRtcEndpoint\\ncamera`))).toBe(
      true,
    );
  });

  it('shows what its details ask for', () => {
    const [up, down] = [bench.make(TestEndpoint), bench.make(TestEndpoint)];
    up.connect(down, 'VIDEO');
    up.sendTagsInEvents = true;
    const shows = (details: DotDetails) => {
      const dot = bench.pipeline.getGstreamerDot(details);
      linesOf(dot);
      const has = (text: string) => (dot.includes(text) ? 1 : 0);
      return [has('VP8'), has('NOT_FLOWING'), has('sendTagsInEvents: true'), has('sendTagsInEvents: false')];
    };
    expect(shows('SHOW_MEDIA_TYPE')).toEqual([0, 0, 0, 0]);
    expect(shows('SHOW_CAPS_DETAILS')).toEqual([1, 0, 0, 0]);
    expect(shows('SHOW_STATES')).toEqual([0, 1, 0, 0]);
    expect(shows('SHOW_NON_DEFAULT_PARAMS')).toEqual([0, 0, 1, 0]);
    expect(shows('SHOW_FULL_PARAMS')).toEqual([0, 0, 1, 1]);
    expect(shows('SHOW_ALL')).toEqual([1, 1, 1, 0]);
    expect(shows('SHOW_VERBOSE')).toEqual([1, 1, 1, 1]);
  });

  it('shows hubs with their ports, and what they feed to one another', () => {
    const hub = bench.make(Dispatcher);
    const [a, b] = [bench.make(HubPort, { hub }), bench.make(HubPort, { hub })];
    hub.connect(a, b);
    const link = `  "${a.id}" -> "${b.id}" [color=blue];`;
    for (const dot of [bench.pipeline.getGstreamerDot(), hub.getGstreamerDot('SHOW_ALL')])
      expect(linesOf(dot)).toEqual(expect.arrayContaining([link, expect.stringContaining('shape=hexagon')]));
  });

  it('lets no name break out of it, and no pipeline make it endless', () => {
    const element = bench.make(PassThrough);
    element.connect(element);
    element.name = `"];\n} \\" digraph evil {\u0000"\\`;
    for (let count = 0; count < 2_500; count++) bench.make(PassThrough);
    const lines = linesOf(bench.pipeline.getGstreamerDot('SHOW_VERBOSE'));
    expect(lines.filter((line) => line.includes('[shape=box, label'))).toHaveLength(2_000);
    expect(lines.join()).toContain('501 more are not shown');
    const feeder = bench.make(PassThrough);
    for (const each of bench.pipeline.elements) if (each !== element) feeder.connect(each);
    const crowded = linesOf(bench.pipeline.getGstreamerDot());
    expect(crowded.filter((line) => line.includes(' -> '))).toHaveLength(6_000);
    expect(crowded.join()).toContain('only 6000 connections are shown');
    element.name = '"'.repeat(10_000);
    expect(linesOf(element.getGstreamerDot()).join().length).toBeLessThan(3_000);
  });
});

describe('dumpGstreamerDot', () => {
  it('writes the graph into the data folder, and keeps the newest files only', async () => {
    const element = bench.make(PassThrough);
    await element.dumpGstreamerDot('SHOW_STATES');
    const [first] = readdirSync(join(folder, 'dot'));
    expect(readFileSync(join(folder, 'dot', first), 'utf8')).toBe(element.getGstreamerDot('SHOW_STATES'));
    writeFileSync(join(folder, 'dot', 'mine.dot'), 'not to be deleted');
    for (let count = 0; count < MAX_DOT_FILES; count++) await bench.pipeline.dumpGstreamerDot();
    const names = readdirSync(join(folder, 'dot'));
    expect(names).toHaveLength(MAX_DOT_FILES + 1);
    expect(names).toContain('mine.dot');
    expect(names).not.toContain(first);
  });

  it('says that a file could not be written', async () => {
    writeFileSync(join(folder, 'dot'), 'a file in the place of the folder');
    await expect(bench.pipeline.dumpGstreamerDot()).rejects.toMatchObject({ code: 40003 });
  });
});
