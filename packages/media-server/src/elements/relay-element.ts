// What elements that only hand media on have in common: how their relays are made, and what is told of chains without end.
import { KURENTO_ERRORS } from '@parley/protocol';
import { DataRelay } from '../data/data-relay.ts';
import { MAX_RELAYS_IN_A_ROW } from '../forwarding/passage.ts';
import { RelayTrack } from '../forwarding/relay-track.ts';
import type { MediaKind } from '../forwarding/track.ts';
import { MediaElement } from './media-element.ts';

const { NOT_ENOUGH_RESOURCES } = KURENTO_ERRORS;

export abstract class RelayElement extends MediaElement {
  #toldTooLong = false;

  abstract override source(kind: MediaKind): RelayTrack;

  /** `flow` is told of each packet. */
  protected relay(kind: MediaKind, flow: { packet(): void }): RelayTrack {
    return new RelayTrack({ kind, flow, chainTooLong: () => this.#chainTooLong() });
  }

  protected dataRelay(): DataRelay {
    return new DataRelay(() => this.#chainTooLong());
  }

  protected override boundVideo(bitsPerSecond: number): void {
    this.source('video').maxBitrate = bitsPerSecond;
  }

  /** Nothing goes on from here: whoever built this must know. */
  #chainTooLong(): void {
    if (this.#toldTooLong) return;
    this.#toldTooLong = true;
    const description = `Media ends at '${this.id}': it has come through ${MAX_RELAYS_IN_A_ROW} PassThroughs and HubPorts in a row`;
    this.environment.log.warn({ element: this.id }, 'a chain of relays is too long');
    const { code: errorCode, type } = NOT_ENOUGH_RESOURCES;
    this.emit('Error', { description, errorCode, type });
  }
}
