// A hub: elements are connected to it by ports, and it decides what of one port's media goes to which others. How it decides
// is the subclass's; here are the links between the ports. Nothing is mixed: a port gets one source at a time.
import { KurentoError } from '@parley/protocol';
import { Connection, MEDIA_TYPES, type MediaEnd } from './connections.ts';
import { dumpDot } from './dot-files.ts';
import { dotGraph, type DotDetails } from './dot-graph.ts';
import type { HubPort } from './hub-port.ts';
import { MediaObject } from './media-object.ts';

interface Link {
  readonly source: HubPort;
  readonly connections: readonly Connection<MediaEnd>[];
}

export abstract class Hub extends MediaObject {
  /** By the port that is fed. */
  readonly #links = new Map<HubPort, Link>();

  /** Which port feeds which: pairs of source and sink. */
  get links(): [source: HubPort, sink: HubPort][] {
    return [...this.#links].map(([sink, { source }]) => [source, sink]);
  }

  /** The hub with its ports and what they are connected with, in the language of GraphViz. */
  getGstreamerDot(details?: DotDetails): string {
    return dotGraph(this.name, [this, ...this.ports], details);
  }

  /** Writes that into a file of the data folder. */
  async dumpGstreamerDot(details?: DotDetails): Promise<void> {
    await dumpDot(this.environment, this, this.getGstreamerDot(details));
  }

  /** Called by a port that has come into being. */
  portAdded(_port: HubPort): void {
    return undefined;
  }

  /** Called by a port that is being released: nothing goes to it or comes from it any more. */
  portGone(port: HubPort): void {
    for (const [source, sink] of this.links) if (source === port || sink === port) this.unlink(sink);
  }

  /**
   * @throws KurentoError CONNECT_ERROR when the port belongs to another hub, or is gone
   */
  protected checkPort(port: HubPort): void {
    if (port.hub === this && !port.isReleased) return;
    const reason = port.isReleased ? 'was released' : `is a port of another hub than '${this.id}'`;
    throw new KurentoError('CONNECT_ERROR', `'${port.id}' ${reason}`);
  }

  /** Feeds audio, video and data of `source` to `sink`, and to no effect when it does already. */
  protected link(source: HubPort, sink: HubPort): void {
    if (this.#links.get(sink)?.source === source) return;
    this.unlink(sink);
    const connections = MEDIA_TYPES.map((type) => {
      return new Connection(source.inner, sink.inner, type, 'default', 'default');
    });
    this.#links.set(sink, { source, connections });
    for (const connection of connections) connection.wire();
  }

  /** Feeds nothing to `sink` any more. */
  protected unlink(sink: HubPort): void {
    const link = this.#links.get(sink);
    this.#links.delete(sink);
    for (const connection of link?.connections ?? []) connection.unwire();
  }

  /** The ports that are there. */
  protected get ports(): HubPort[] {
    return this.children as HubPort[];
  }

  protected override onRelease(): void {
    for (const [, sink] of this.links) this.unlink(sink);
  }
}
