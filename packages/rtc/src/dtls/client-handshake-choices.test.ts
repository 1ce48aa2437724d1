import { beforeAll, describe, expect, it } from 'vitest';
import { uint16s, vector } from './byte-reader.ts';
import { ClientHandshake } from './client-handshake.ts';
import { EXTENSION } from './client-hello.ts';
import { ALERT, HandshakeRefusedError } from './dtls-errors.ts';
import { HANDSHAKE } from './handshake-message.ts';
import { DTLS_1_2 } from './record.ts';
import { createSelfSignedCertificate, type SelfSignedCertificate } from './self-signed-certificate.ts';
import { CIPHER_SUITE } from './signature-scheme.ts';

const GCM = 0x0007;
const CM = 0x0001;
const NONE = Buffer.alloc(0);

let certificate: SelfSignedCertificate;
beforeAll(() => {
  certificate = createSelfSignedCertificate(Date.now());
});

const extension = (type: number, content: Buffer) => Buffer.concat([uint16s(type), vector(2, content)]);
const useSrtp = (profiles: number[], mki: Buffer = NONE) =>
  extension(EXTENSION.useSrtp, Buffer.concat([vector(2, uint16s(...profiles)), vector(1, mki)]));

interface Choice {
  version?: number;
  cipherSuite?: number;
  compression?: number;
  extensions?: Buffer[];
}

/** What the client makes of a ServerHello: the alert that it refuses it with, or undefined. */
function alertAt(choice: Choice): number | undefined {
  const client = new ClientHandshake({
    certificate,
    remoteFingerprint: undefined,
    profiles: ['AEAD_AES_128_GCM'],
  });
  client.begin();
  const { version = DTLS_1_2, cipherSuite = CIPHER_SUITE.ecdheEcdsa, compression = 0 } = choice;
  const body = Buffer.concat([
    uint16s(version),
    Buffer.alloc(32),
    vector(1, NONE),
    uint16s(cipherSuite),
    Buffer.of(compression),
    vector(2, Buffer.concat(choice.extensions ?? [useSrtp([GCM])])),
  ]);
  try {
    client.handle({ type: HANDSHAKE.serverHello, number: 0, body });
  } catch (error) {
    if (error instanceof HandshakeRefusedError) return error.alert;
    throw error;
  }
  return undefined;
}

describe('what a server may choose', () => {
  it('is what was offered', () => {
    const renegotiation = extension(EXTENSION.renegotiationInfo, Buffer.of(0));
    expect(alertAt({ extensions: [useSrtp([GCM]), renegotiation] })).toBeUndefined();
  });

  it.each<[string, Choice, number]>([
    ['an older version', { version: 0xfeff }, ALERT.protocolVersion],
    ['a cipher suite without forward secrecy', { cipherSuite: 0x009c }, ALERT.illegalParameter],
    ['compression', { compression: 1 }, ALERT.illegalParameter],
    ['no SRTP', { extensions: [] }, ALERT.handshakeFailure],
    ['an SRTP profile of its own', { extensions: [useSrtp([CM])] }, ALERT.illegalParameter],
    ['two SRTP profiles', { extensions: [useSrtp([GCM, CM])] }, ALERT.illegalParameter],
    ['an MKI', { extensions: [useSrtp([GCM], Buffer.of(1))] }, ALERT.illegalParameter],
    [
      'an extension that nobody asked for',
      { extensions: [useSrtp([GCM]), extension(35, NONE)] },
      ALERT.unsupportedExtension,
    ],
  ])('is not %s', (_, choice, alert) => {
    expect(alertAt(choice)).toBe(alert);
  });
});
