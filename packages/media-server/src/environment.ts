// What the elements of one media server share: the narrow collaborators that their constructors take.
import type { Logger } from 'pino';
import type { Ticker } from './ticker.ts';
import type { FileStore } from './file-store.ts';
import type { HttpIntake } from './intake/http-intake.ts';
import type { HttpSourcePolicy } from './playing/http/allowed-address.ts';
import type { MediaReader } from './playing/reading/media-readers.ts';
import type { RtpTransportFactory } from './transport/rtp-transport-factory.ts';
import type { WebRtcTransportFactory } from './transport/webrtc-transport.ts';

export interface Environment {
  readonly log: Logger;
  /** Calls back every `TICK_MS`; the only periodic timer of the media plane. */
  readonly ticker: Ticker;
  /** Turns the file URIs of recorders and players into paths inside the data folder. */
  readonly files: FileStore;
  /** Where players may fetch from, and recorders send to, over HTTP. */
  readonly httpSources: HttpSourcePolicy;
  /** Takes containers apart for players, in other processes. */
  readonly readers: MediaReader;
  /** Where media is posted to. */
  readonly intake: HttpIntake;
  readonly transports: WebRtcTransportFactory;
  /** Of plain RTP. */
  readonly rtp: RtpTransportFactory;
}
