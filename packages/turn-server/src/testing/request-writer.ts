// Writes what a TURN client sends, for tests: requests with long-term credentials, indications, peers. No sockets.
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import {
  REQUESTED_TRANSPORT,
  STUN_ATTRIBUTE,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  buildStun,
  longTermKey,
  parseStun,
  requestedTransportAttribute,
  textAttribute,
  xorAddressAttribute,
  type StunAttribute,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';

export const SECRET = 'a secret for tests';
export const REALM = 'parley';

export interface WriterOptions {
  readonly participant: string;
  /** In ms since 1970. */
  readonly wallNow: number;
  readonly lifetimeSeconds?: number;
  readonly secret?: string;
}

/** An attribute whose value may need the transaction id. */
export type Attribute = StunAttribute | ((transactionId: Buffer) => StunAttribute);

export class RequestWriter {
  username: string;
  password: string;
  realm = REALM;
  nonce = '';
  #transactions = 0;

  constructor(options: WriterOptions) {
    ({ username: this.username, password: this.password } = mint(options));
  }

  /** Goes on with other credentials. */
  renew(options: WriterOptions): void {
    ({ username: this.username, password: this.password } = mint(options));
  }

  get key(): Buffer {
    return longTermKey(this.username, this.realm, this.password);
  }

  transactionId(): Buffer {
    const id = Buffer.alloc(12);
    id.writeUInt32BE(++this.#transactions, 8);
    return id;
  }

  request(
    method: number,
    attributes: readonly Attribute[] = [],
    transactionId = this.transactionId(),
  ): Buffer {
    return buildStun({
      messageClass: 'request',
      method,
      transactionId,
      attributes: [
        ...attributes.map((attribute) => resolve(attribute, transactionId)),
        textAttribute(STUN_ATTRIBUTE.USERNAME, this.username),
        textAttribute(STUN_ATTRIBUTE.REALM, this.realm),
        textAttribute(STUN_ATTRIBUTE.NONCE, this.nonce),
      ],
      integrityKey: this.key,
    });
  }

  /** Without credentials. */
  plainRequest(method: number, attributes: readonly Attribute[] = []): Buffer {
    const transactionId = this.transactionId();
    return buildStun({
      messageClass: 'request',
      method,
      transactionId,
      attributes: attributes.map((attribute) => resolve(attribute, transactionId)),
    });
  }

  send(to: TransportAddress, data: Buffer, more: readonly StunAttribute[] = []): Buffer {
    const transactionId = this.transactionId();
    return buildStun({
      messageClass: 'indication',
      method: TURN_METHOD.SEND,
      transactionId,
      attributes: [
        xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, to, transactionId),
        { type: TURN_ATTRIBUTE.DATA, value: data },
        ...more,
      ],
    });
  }
}

export const UDP_TRANSPORT = requestedTransportAttribute(REQUESTED_TRANSPORT.UDP);

export function peer(address: string, port: number): Attribute {
  return (transactionId) =>
    xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, { address, port }, transactionId);
}

/** An IPv6 peer of exactly these 16 bytes, which `peer` would shorten to IPv4 if they are IPv4-mapped. */
export function rawIpv6Peer(hex: string, port: number): Attribute {
  return (transactionId) => {
    const value = Buffer.alloc(20);
    value[1] = 0x02;
    value.writeUInt16BE(port ^ 0x2112, 2);
    const mask = Buffer.concat([Buffer.from('2112a442', 'hex'), transactionId]);
    Buffer.from(hex, 'hex').forEach((byte, i) => (value[4 + i] = byte ^ mask[i]));
    return { type: TURN_ATTRIBUTE.XOR_PEER_ADDRESS, value };
  };
}

export function parsed(bytes: Buffer): StunMessage {
  const message = parseStun(bytes);
  if (message === undefined) throw new Error(`no STUN message: ${bytes.toString('hex')}`);
  return message;
}

/** The code of an error response, or 'success'. */
export function outcome(message: StunMessage): number | 'success' {
  return message.messageClass === 'success' ? 'success' : (message.errorCode?.code ?? 0);
}

function mint({ participant, wallNow, lifetimeSeconds = 86_400, secret = SECRET }: WriterOptions): {
  username: string;
  password: string;
} {
  const minted = mintTurnCredentials({ secret, participant, lifetimeSeconds, now: wallNow });
  return { username: minted.username, password: minted.credential };
}

function resolve(attribute: Attribute, transactionId: Buffer): StunAttribute {
  return typeof attribute === 'function' ? attribute(transactionId) : attribute;
}
