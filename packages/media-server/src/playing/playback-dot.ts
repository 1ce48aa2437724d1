// What a player plays, as a graph in the DOT language of GraphViz: from where, out of which container, which tracks.
import type { MediaKind } from '../forwarding/track.ts';
import type { Playable } from './player.ts';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** The graph; without media, as before the first `play`, the source alone. */
export function playbackDot(
  element: { readonly id: string },
  uri: string,
  media: Playable | undefined,
): string {
  const lines = [`  source [label=${quoted(uri)}];`];
  if (media) {
    lines.push(`  demuxer [label=${quoted(media.format)}];`, '  source -> demuxer;');
    for (const kind of KINDS) {
      const codec = media.codec(kind);
      if (!codec) continue;
      const parameters = Object.entries(codec.parameters).map(([name, value]) => `${name}=${value}`);
      const label = [kind, `${codec.name}/${codec.clockRate}`, ...parameters].join('\n');
      lines.push(`  ${kind} [label=${quoted(label)}];`, `  demuxer -> ${kind};`);
    }
    media.unplayable.forEach((why, index) =>
      lines.push(
        `  unplayable${index} [label=${quoted(why)}, style=dashed];`,
        `  demuxer -> unplayable${index} [style=dashed];`,
      ),
    );
  }
  return [`digraph ${quoted(element.id)} {`, '  rankdir=LR;', '  node [shape=box];', ...lines, '}', ''].join(
    '\n',
  );
}

/** A double-quoted string, in which only quotes, backslashes and line ends are special. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
