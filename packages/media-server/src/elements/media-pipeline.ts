// A pipeline: what its elements have in common is that they may be connected and that they end together.
import { dumpDot } from './dot-files.ts';
import { dotGraph, type DotDetails } from './dot-graph.ts';
import { MediaElement } from './media-element.ts';
import { MediaObject, type ObjectContext } from './media-object.ts';

export class MediaPipeline extends MediaObject {
  #latencyStats = false;

  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'MediaPipeline');
  }

  override get mediaPipeline(): MediaObject {
    return this;
  }

  /** Whether `getStats` of the elements says how long media takes; nothing is measured otherwise. */
  get latencyStats(): boolean {
    return this.#latencyStats;
  }

  set latencyStats(measured: boolean) {
    this.#latencyStats = measured;
    for (const element of this.elements) element.measureLatency(measured);
  }

  /** All elements and hubs and their connections, in the language of GraphViz. */
  getGstreamerDot(details?: DotDetails): string {
    return dotGraph(this.name, descendants(this), details);
  }

  /** Writes that into a file of the data folder. */
  async dumpGstreamerDot(details?: DotDetails): Promise<void> {
    await dumpDot(this.environment, this, this.getGstreamerDot(details));
  }

  /** All of them, the ports of hubs among them. */
  get elements(): MediaElement[] {
    return descendants(this).filter((object): object is MediaElement => object instanceof MediaElement);
  }
}

function descendants(object: MediaObject): MediaObject[] {
  return object.children.flatMap((child) => [child, ...descendants(child)]);
}
