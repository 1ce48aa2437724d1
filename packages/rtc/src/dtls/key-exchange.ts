// Ephemeral Diffie-Hellman on the two groups that every browser has (RFC 8422, section 5.4). One instance per handshake.
import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { MalformedMessageError } from './dtls-errors.ts';

/** IANA, "TLS Supported Groups". */
export const GROUP = { secp256r1: 23, x25519: 29 } as const;

export type Group = keyof typeof GROUP;

/** Throws at what is no key of the group. */
type SharedSecret = (peer: Buffer) => Buffer;

const X25519_KEY_LENGTH = 32;

/** Of an uncompressed point: 4, then 64 bytes. The only format there is (RFC 8422, section 5.4.1). */
const UNCOMPRESSED_POINT = 4;
const POINT_LENGTH = 65;

export class KeyExchange {
  readonly group: Group;
  /** In the form that TLS sends: 32 bytes for x25519, 65 for secp256r1. */
  readonly publicKey: Buffer;
  readonly #sharedSecret: SharedSecret;

  constructor(group: Group) {
    this.group = group;
    [this.publicKey, this.#sharedSecret] = group === 'x25519' ? x25519() : secp256r1();
  }

  /** The pre-master secret with the peer's public key. Throws MalformedMessageError when that is no key of the group. */
  sharedSecret(peer: Buffer): Buffer {
    try {
      return this.#sharedSecret(peer);
    } catch (error) {
      throw new MalformedMessageError(`the peer's key is none of ${this.group}`, { cause: error });
    }
  }
}

/** Keys go in and out as JWK: OpenSSL's DER takes longer than the arithmetic. */
function x25519(): [Buffer, SharedSecret] {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return [
    Buffer.from(x ?? '', 'base64url'),
    (peer) => {
      if (peer.length !== X25519_KEY_LENGTH) throw new RangeError('wrong length');
      const key = { kty: 'OKP', crv: 'X25519', x: peer.toString('base64url') };
      // Throws where the secret would be all zero, as RFC 8422, section 5.11 demands.
      return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) });
    },
  ];
}

function secp256r1(): [Buffer, SharedSecret] {
  const exchange = createECDH('prime256v1');
  return [
    exchange.generateKeys(),
    (peer) => {
      if (peer.length !== POINT_LENGTH || peer[0] !== UNCOMPRESSED_POINT) throw new RangeError('no point');
      // Throws where the point is not on the curve.
      return exchange.computeSecret(peer);
    },
  ];
}
