// What the server knows of one connected browser, beside the connection itself.
import type { TestStreamProcessor } from '../media/test-stream-processor.ts';
import type { Notify, Participant } from '../rooms/participant.ts';

export interface Browser {
  readonly id: string;
  readonly notify: Notify;
  readonly tests: TestStreamProcessor;
  /** Set while in a room. */
  participant: Participant | undefined;
  /** False as soon as the socket is closed. */
  readonly connected: boolean;
}
