// Which ICE servers a browser is told to use: minted here and nowhere else, for the one who will use them.
import type { IceServer } from '@parley/protocol';

/**
 * None: the media server is reached at the addresses it announces. A third party's STUN server is never named; it would
 * learn who meets when.
 * @param _recipient the participant who will use them, or undefined for a test before joining
 */
export function iceServersFor(_recipient: string | undefined): IceServer[] {
  return [];
}
