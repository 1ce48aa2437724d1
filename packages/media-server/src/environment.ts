// What the elements of one media server share: the narrow collaborators that their constructors take.
import type { Logger } from 'pino';
import type { Ticker } from './ticker.ts';
import type { FileStore } from './file-store.ts';
import type { WebRtcTransportFactory } from './transport/webrtc-transport.ts';

export interface Environment {
  readonly log: Logger;
  /** Calls back every `TICK_MS`; the only periodic timer of the media plane. */
  readonly ticker: Ticker;
  /** Turns the file URIs of recorders and players into paths inside the data folder. */
  readonly files: FileStore;
  readonly transports: WebRtcTransportFactory;
}
