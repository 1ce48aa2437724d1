// The short-term credentials of one ICE session.
import { randomBytes } from 'node:crypto';

/** As they stand in SDP: `a=ice-ufrag` and `a=ice-pwd`. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** 48 random bits: more than the 24 that are asked for, because datagrams find their transport by it. */
const UFRAG_BYTES = 6;
/** 144 random bits; 128 are asked for. */
const PWD_BYTES = 18;

/** New credentials: 8 and 24 characters (RFC 8445, section 5.3). Base64 without padding is just the set of ice-chars. */
export function randomIceCredentials(): IceCredentials {
  return {
    ufrag: randomBytes(UFRAG_BYTES).toString('base64'),
    pwd: randomBytes(PWD_BYTES).toString('base64'),
  };
}
