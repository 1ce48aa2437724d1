// What is wrong with a session description, in Kurento's words.
import { KurentoError, type KurentoErrorName } from '@parley/protocol';
import { SdpError } from '@parley/rtc';

/** What `read` throws at SDP becomes Kurento's error: unreadable, or readable and not to be agreed to (`refusal`). */
export function readOrRefuse<Value>(refusal: KurentoErrorName, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    const isRefused = error.reason === 'mismatch' || error.reason === 'nothing-to-offer';
    throw new KurentoError(isRefused ? refusal : 'SDP_PARSE_ERROR', error.message);
  }
}
