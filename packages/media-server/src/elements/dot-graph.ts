// Pipelines as graphs in the DOT language of GraphViz: elements are nodes, connections are edges. Draws what it is given and
// changes nothing.
import { classLineage, isSubclass, type MediaType } from '@parley/protocol';
import type { RtpCodec } from '@parley/rtc';
import type { Hub } from './hub.ts';
import type { ElementConnectionData, MediaElement } from './media-element.ts';
import type { MediaObject } from './media-object.ts';

/** Kurento's `GstreamerDotDetails`; each says what is shown besides elements, connections and media types. */
export type DotDetails =
  | 'SHOW_MEDIA_TYPE'
  | 'SHOW_CAPS_DETAILS'
  | 'SHOW_NON_DEFAULT_PARAMS'
  | 'SHOW_STATES'
  | 'SHOW_FULL_PARAMS'
  | 'SHOW_ALL'
  | 'SHOW_VERBOSE';

interface Shown {
  readonly codecs: boolean;
  readonly states: boolean;
  readonly properties: 'none' | 'changed' | 'all';
}

const NOTHING: Shown = { codecs: false, states: false, properties: 'none' };

const SHOWN: Readonly<Record<DotDetails, Shown>> = {
  SHOW_MEDIA_TYPE: NOTHING,
  SHOW_CAPS_DETAILS: { ...NOTHING, codecs: true },
  SHOW_NON_DEFAULT_PARAMS: { ...NOTHING, properties: 'changed' },
  SHOW_STATES: { ...NOTHING, states: true },
  SHOW_FULL_PARAMS: { ...NOTHING, properties: 'all' },
  SHOW_ALL: { codecs: true, states: true, properties: 'changed' },
  SHOW_VERBOSE: { codecs: true, states: true, properties: 'all' },
};

/** A picture of more could not be looked at, and the text has to fit into a message. */
const MAX_OBJECTS = 2_000;

/** One element may feed all others, drawn or not. */
const MAX_CONNECTIONS = 3 * MAX_OBJECTS;

/** Longer names and values are cut, in characters. */
const MAX_TEXT = 200;

/** Properties that stand in the picture already, or are pictures themselves. */
const UNTOLD = ['id', 'name', 'elementGstreamerDot'];

/** Where these are shown, they are shown as states. */
const STATES = ['state', 'mediaState', 'connectionState'];

/**
 * The graph of the objects among `objects` that are elements or hubs, with the connections that begin or end at one of them.
 * `title`: what the graph is of.
 */
export function dotGraph(
  title: string,
  objects: readonly MediaObject[],
  details: DotDetails = 'SHOW_VERBOSE',
): string {
  const shown = SHOWN[details];
  const drawn = objects.slice(0, MAX_OBJECTS);
  const elements = drawn.filter((object) => isSubclass(object.className, 'MediaElement')) as MediaElement[];
  const hubs = drawn.filter((object) => isSubclass(object.className, 'Hub')) as Hub[];
  const all = elements.flatMap((element) => [
    ...element.getSourceConnections(),
    ...element.getSinkConnections(),
  ]);
  // Those between two of the elements are named by both.
  const connections = new Set<string>();
  for (const connection of all) {
    if (connections.size >= MAX_CONNECTIONS) break;
    connections.add(connectionLine(connection, shown));
  }
  const left = objects.length - drawn.length;
  const notes = [
    ...(left > 0 ? [`${left} more are not shown`] : []),
    ...(connections.size >= MAX_CONNECTIONS ? [`only ${MAX_CONNECTIONS} connections are shown`] : []),
  ];
  return [
    `digraph ${quoted(title)} {`,
    '  rankdir=LR;',
    '  node [shape=box];',
    ...(notes.length > 0 ? [`  label=${quoted(...notes)};`] : []),
    ...elements.map((element) => nodeLine(element, 'box', shown)),
    ...hubs.map((hub) => nodeLine(hub, 'hexagon', shown)),
    ...connections,
    ...hubs.flatMap(hubLines),
    '}',
    '',
  ].join('\n');
}

function nodeLine(object: MediaObject, shape: string, shown: Shown): string {
  const label = [
    object.className,
    object.name,
    ...(shown.states ? statesOf(object) : []),
    ...propertiesOf(object, shown),
  ];
  return `  ${quoted(object.id)} [shape=${shape}, label=${quoted(...label)}];`;
}

function connectionLine(connection: ElementConnectionData, shown: Shown): string {
  const { source, sink, type, sourceDescription, sinkDescription } = connection;
  const flows =
    source.isMediaFlowingOut(type, sourceDescription) && sink.isMediaFlowingIn(type, sinkDescription);
  const label = [
    type,
    ...(shown.codecs ? codecOf(source, type) : []),
    ...(shown.states && type !== 'DATA' ? [flows ? 'FLOWING' : 'NOT_FLOWING'] : []),
  ];
  const style = shown.states && !flows ? ', style=dashed' : '';
  return `  ${quoted(source.id)} -> ${quoted(sink.id)} [label=${quoted(...label)}${style}];`;
}

/** To which ports the hub belongs, and what goes through it from one to the other. */
function hubLines(hub: Hub): string[] {
  return [
    ...hub.children.map((port) => `  ${quoted(hub.id)} -> ${quoted(port.id)} [dir=none, style=dotted];`),
    ...hub.links.map(([source, sink]) => `  ${quoted(source.id)} -> ${quoted(sink.id)} [color=blue];`),
  ];
}

function codecOf(source: MediaElement, type: MediaType): string[] {
  if (type === 'DATA') return [];
  const codec: RtpCodec | undefined = source.source(type === 'AUDIO' ? 'audio' : 'video')?.codec;
  if (!codec) return [];
  const parameters = Object.entries(codec.parameters).map(([name, value]) => `${name}=${value}`);
  return [`${codec.name}/${codec.clockRate}${codec.channels > 1 ? `/${codec.channels}` : ''}`, ...parameters];
}

function statesOf(object: MediaObject): string[] {
  return propertyValues(object)
    .filter(({ name }) => STATES.includes(name))
    .map(({ name, value }) => `${name}: ${String(value)}`);
}

function propertiesOf(object: MediaObject, { properties, states }: Shown): string[] {
  if (properties === 'none') return [];
  return propertyValues(object)
    .filter(({ name }) => !states || !STATES.includes(name))
    .filter(({ isDefault }) => properties === 'all' || !isDefault)
    .map(({ name, value }) => `${name}: ${String(value)}`);
}

/** The properties of plain values. Those of which the model knows no default count as changed unless they are empty. */
function propertyValues(object: MediaObject): { name: string; value: unknown; isDefault: boolean }[] {
  const target = object as unknown as Record<string, unknown>;
  return classLineage(object.className)
    .flatMap(({ properties }) => properties)
    .filter(({ name, supported }) => supported && !UNTOLD.includes(name))
    .flatMap(({ name, default: usual }) => {
      const value = target[name];
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return [];
      const isDefault = usual === undefined ? value === '' || value === 0 : value === usual;
      return [{ name, value, isDefault }];
    });
}

/** A quoted string of the DOT language, of one or more lines. Names are the clients': nothing in them may end the string. */
function quoted(...lines: readonly string[]): string {
  const escaped = lines.map((line) =>
    line
      .slice(0, MAX_TEXT)
      .replaceAll(/\p{Cc}/gu, ' ')
      .replaceAll(/["\\]/g, '\\$&'),
  );
  return `"${escaped.join('\\n')}"`;
}
