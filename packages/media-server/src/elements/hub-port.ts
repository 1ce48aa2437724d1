// The place where an element of the pipeline is connected to a hub. What the element gives enters the hub here, and what the
// hub has for this port leaves it here; between the two is the hub.
import type { DataRelay } from '../data/data-relay.ts';
import type { RelayTrack } from '../forwarding/relay-track.ts';
import type { MediaKind } from '../forwarding/track.ts';
import type { MediaEnd } from './connections.ts';
import type { Hub } from './hub.ts';
import type { ObjectContext } from './media-object.ts';
import { RelayElement } from './relay-element.ts';

type Relays = Readonly<Record<MediaKind, RelayTrack>>;

export class HubPort extends RelayElement {
  readonly hub: Hub;
  /** The port as the hub sees it: a source of what comes from outside, and a sink for what shall go there. */
  readonly inner: MediaEnd;
  readonly #into: Relays;
  readonly #outOf: Relays;
  readonly #dataInto = this.dataRelay();
  readonly #dataOutOf = this.dataRelay();

  /** `params.hub`: the hub that it belongs to, which is its parent. */
  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'HubPort');
    this.hub = params.hub as Hub;
    const into = (kind: MediaKind) => this.relay(kind, this.flowIn(kind));
    const outOf = (kind: MediaKind) => this.relay(kind, this.flowOut(kind));
    this.#into = { audio: into('audio'), video: into('video') };
    this.#outOf = { audio: outOf('audio'), video: outOf('video') };
    this.inner = {
      source: (kind) => this.#into[kind],
      sink: (kind) => this.#outOf[kind],
      dataSource: () => this.#dataInto,
      dataSink: () => this.#dataOutOf,
    };
  }

  override attach(): void {
    super.attach();
    this.hub.portAdded(this);
  }

  override source(kind: MediaKind): RelayTrack {
    return this.#outOf[kind];
  }

  override sink(kind: MediaKind): RelayTrack {
    return this.#into[kind];
  }

  override dataSource(): DataRelay {
    return this.#dataOutOf;
  }

  override dataSink(): DataRelay {
    return this.#dataInto;
  }

  protected override onRelease(): void | Promise<void> {
    const released = super.onRelease();
    this.hub.portGone(this);
    return released;
  }
}
