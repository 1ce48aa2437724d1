// What the server knows of one connected browser, beside the connection itself.
import type { PathChecks } from '../media/path-checks.ts';
import type { TestStreamProcessor } from '../media/test-stream-processor.ts';
import type { Participant, Seat } from '../rooms/participant.ts';

export interface Browser extends Seat {
  readonly id: string;
  readonly tests: TestStreamProcessor;
  readonly pathChecks: PathChecks;
  /** Set while in a room. */
  participant: Participant | undefined;
  /** False as soon as the socket is closed. */
  readonly connected: boolean;
}
