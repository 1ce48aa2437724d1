// A pipeline: what its elements have in common is that they may be connected and that they end together.
import { MediaObject, type ObjectContext } from './media-object.ts';

export class MediaPipeline extends MediaObject {
  /** Latencies are not measured. */
  readonly latencyStats = false;

  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'MediaPipeline');
  }

  override get mediaPipeline(): MediaObject {
    return this;
  }
}
