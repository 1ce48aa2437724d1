// Why a DTLS handshake stops. Thrown inside this folder only; outside, a failure is an action with a reason.

/** RFC 5246, section 7.2: the alerts that are sent or told apart here. */
export const ALERT = {
  closeNotify: 0,
  handshakeFailure: 40,
  badCertificate: 42,
  illegalParameter: 47,
  decryptError: 51,
  protocolVersion: 70,
  internalError: 80,
  unsupportedExtension: 110,
} as const;

/** Bytes that are no message of the protocol. In the clear anybody could have sent them, so they only get dropped. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** A well-formed message that cannot be agreed to: the handshake ends, and the peer is told by `alert`. */
export class HandshakeRefusedError extends Error {
  override readonly name = 'HandshakeRefusedError';
  readonly alert: number;

  constructor(reason: string, alert: number) {
    super(reason);
    this.alert = alert;
  }
}
