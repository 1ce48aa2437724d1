// One data channel: what was agreed about it, where it stands, what it has carried. Who decides is data-channels.ts.
import type { ChannelParameters } from './dcep.ts';

/** RFC 8831; the names are those of W3C's `RTCDataChannelState`. */
export type ChannelState = 'connecting' | 'open' | 'closing' | 'closed';

export class DataChannel {
  /** Names it in statistics. */
  readonly statsId = crypto.randomUUID();
  /** The number of its stream in both directions. */
  readonly id: number;
  readonly parameters: ChannelParameters;
  state: ChannelState;
  messagesSent = 0;
  bytesSent = 0;
  messagesReceived = 0;
  bytesReceived = 0;

  constructor(id: number, parameters: ChannelParameters, state: ChannelState) {
    this.id = id;
    this.parameters = parameters;
    this.state = state;
  }
}
