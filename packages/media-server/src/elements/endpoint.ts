// An endpoint: an element where media enters or leaves the pipeline. What that is, is the subclass's.
import { MediaElement } from './media-element.ts';

export abstract class Endpoint extends MediaElement {
  protected override get isEndpoint(): boolean {
    return true;
  }
}
