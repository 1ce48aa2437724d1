// An endpoint: an element where media enters or leaves the pipeline. Adds a name to the hierarchy, nothing else.
import { MediaElement } from './media-element.ts';

export abstract class Endpoint extends MediaElement {}
