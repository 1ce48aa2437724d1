// What the application has said about the bitrates of one connection's video. Looked at whenever it matters, so each value may
// change at any time. Nothing is encoded here: a bound takes effect where the video is made, at whoever sends it.
import type { RembParameters } from './remb-growth.ts';

/** No sender is ever asked for less, in bits per second, as at the original: it would send nothing that can be looked at. */
export const LEAST_BITRATE = 30_000;

export class VideoBounds {
  /** The peer is not asked for less than this, in bits per second, however much is lost; unless a bound says so. */
  minReceive = 100_000;
  /** The peer is not asked for more than this, in bits per second; 0: no bound. */
  maxReceive = 0;
  /** Most that may be sent to the peer, in bits per second; 0: no bound. Whoever sends that video is asked to keep to it. */
  maxSend = 0;
  /** How what is asked of the peer grows and shrinks; undefined: as the server does it by itself. */
  growth: RembParameters | undefined;
}

/** The smallest bound of `parties` and of `bound`, in bits per second; 0 stands for none. */
export function leastBitrate(parties: readonly { readonly maxBitrate?: number }[], bound = 0): number {
  let least = bound;
  for (const { maxBitrate = 0 } of parties)
    if (maxBitrate > 0 && (least === 0 || maxBitrate < least)) least = maxBitrate;
  return least;
}
