// An element that hands on what it is given: a fixed place in a pipeline, whatever comes before and goes behind it.
import type { DataRelay } from '../data/data-relay.ts';
import type { MediaKind } from '../forwarding/track.ts';
import type { RelayTrack } from '../forwarding/relay-track.ts';
import type { ObjectContext } from './media-object.ts';
import { RelayElement } from './relay-element.ts';

export class PassThrough extends RelayElement {
  readonly #tracks: Readonly<Record<MediaKind, RelayTrack>>;
  readonly #data = this.dataRelay();

  constructor(context: ObjectContext, _params: Record<string, unknown>) {
    super(context, 'PassThrough');
    const track = (kind: MediaKind): RelayTrack => {
      const [flowIn, flowOut] = [this.flowIn(kind), this.flowOut(kind)];
      const flow = {
        packet: () => {
          flowIn.packet();
          flowOut.packet();
        },
      };
      return this.relay(kind, flow);
    };
    this.#tracks = { audio: track('audio'), video: track('video') };
  }

  override source(kind: MediaKind): RelayTrack {
    return this.#tracks[kind];
  }

  override sink(kind: MediaKind): RelayTrack {
    return this.#tracks[kind];
  }

  override dataSource(): DataRelay {
    return this.#data;
  }

  override dataSink(): DataRelay {
    return this.#data;
  }
}
