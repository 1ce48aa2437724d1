import { verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ByteReader, uint16s, vector } from './byte-reader.ts';
import { HANDSHAKE, type HandshakeMessage } from './handshake-message.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';
import { ServerHandshake } from './server-handshake.ts';

const certificate = createSelfSignedCertificate(Date.now());
const clientRandom = Buffer.alloc(32, 5);

const EXTENSIONS: Readonly<Record<number, Buffer>> = {
  10: vector(2, uint16s(0x6a6a, 29, 23)),
  11: vector(1, Buffer.of(1, 0)),
  13: vector(2, uint16s(0x0804, 0x0403)),
  14: Buffer.concat([vector(2, uint16s(1, 7)), vector(1, Buffer.from('mki'))]),
  23: Buffer.alloc(0),
  0xff01: vector(1, Buffer.alloc(0)),
};

interface HelloContent {
  version?: number;
  suites?: number[];
  compression?: number[];
  /** In place of those in EXTENSIONS; undefined leaves one out. */
  extensions?: Record<number, Buffer | undefined>;
}

/** A ClientHello like a browser's, with GREASE, a session id and a cookie. */
function hello(content: HelloContent = {}): HandshakeMessage {
  const extensions = Object.entries({ ...EXTENSIONS, ...content.extensions }).flatMap(([type, bytes]) =>
    bytes ? [uint16s(Number(type)), vector(2, bytes)] : [],
  );
  const body = Buffer.concat([
    uint16s(content.version ?? 0xfefd),
    clientRandom,
    vector(1, Buffer.from('session')),
    vector(1, Buffer.from('cookie')),
    vector(2, uint16s(...(content.suites ?? [0x5a5a, 0xc02c, 0xc02b]))),
    vector(1, Buffer.from(content.compression ?? [0])),
    ...(content.extensions && Object.keys(content.extensions).length === 0
      ? []
      : [vector(2, Buffer.concat(extensions))]),
  ]);
  return { type: HANDSHAKE.clientHello, number: 0, body };
}

/** The server's flight in answer to a hello, by type. */
function answer(message: HandshakeMessage): Map<number, Buffer> {
  const profiles = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'] as const;
  const handshake = new ServerHandshake({ certificate, remoteFingerprint: undefined, profiles });
  const result = handshake.handle(message);
  if (result.type !== 'flight') throw new Error(result.type);
  expect(result.messages.map(({ type, number }) => [type, number])).toEqual(
    [2, 11, 12, 13, 14].map((type, number) => [type, number]),
  );
  return new Map(result.messages.map(({ type, body }) => [type, body]));
}

function serverHello(body: Buffer | undefined) {
  const reader = new ByteReader(body ?? Buffer.alloc(0), 'the ServerHello');
  const fixed = { version: reader.uint16(), random: reader.bytes(32), session: reader.vector8() };
  const chosen = { suite: reader.uint16(), compression: reader.uint8() };
  const list = new ByteReader(reader.vector16(), 'its extensions');
  reader.expectEnd();
  const extensions: Record<number, string> = {};
  while (!list.isAtEnd) extensions[list.uint16()] = list.vector16().toString('hex');
  return { ...fixed, ...chosen, extensions };
}

describe("the server's answer to a ClientHello", () => {
  it('takes the best of each offer and answers each extension that was sent', () => {
    const { version, session, suite, compression, extensions } = serverHello(answer(hello()).get(2));
    expect({ version, session: session.length, suite, compression }).toEqual({
      version: 0xfefd,
      session: 0,
      suite: 0xc02b,
      compression: 0,
    });
    expect(extensions).toEqual({ 11: '0100', 14: '0002000700', 23: '', [0xff01]: '00' });
  });

  it('answers no extension that was not sent', () => {
    const none = { 11: undefined, 23: undefined, 0xff01: undefined };
    expect(serverHello(answer(hello({ extensions: none })).get(2)).extensions).toEqual({ 14: '0002000700' });
  });

  it('takes the signal among the cipher suites for an empty renegotiation_info', () => {
    const message = hello({ suites: [0x00ff, 0xc02b], extensions: { 0xff01: undefined } });
    expect(serverHello(answer(message).get(2)).extensions[0xff01]).toBe('00');
  });

  it('signs a key of the group that both have, with X25519 first and P-256 where the client names none', () => {
    const { publicKey } = new X509Certificate(certificate.der);
    const cases: [Buffer | undefined, number, number][] = [
      [EXTENSIONS[10], 29, 32],
      [vector(2, uint16s(23, 24)), 23, 65],
      [undefined, 23, 65],
    ];
    for (const [groups, group, keyLength] of cases) {
      const flight = answer(hello({ extensions: { 10: groups } }));
      const exchange = flight.get(12) ?? Buffer.alloc(0);
      const reader = new ByteReader(exchange, 'the ServerKeyExchange');
      expect([reader.uint8(), reader.uint16(), reader.vector8().length]).toEqual([3, group, keyLength]);
      expect(reader.uint16()).toBe(0x0403);
      const { random } = serverHello(flight.get(2));
      const signed = Buffer.concat([clientRandom, random, exchange.subarray(0, 4 + keyLength)]);
      expect(verify('sha256', signed, publicKey, reader.vector16())).toBe(true);
    }
  });

  it('asks for an ECDSA or RSA certificate of any issuer', () => {
    expect(answer(hello()).get(13)?.toString('hex')).toBe('02' + '4001' + '0004' + '04030401' + '0000');
  });

  it('refuses what it cannot agree to, and says what', () => {
    const cases: [HelloContent, string][] = [
      [{ version: 0xfeff }, 'no DTLS 1.2'],
      [{ suites: [0xc02c, 0xc02f] }, 'no common cipher suite'],
      [{ extensions: { 10: vector(2, uint16s(24)) } }, 'no common group'],
      [{ extensions: { 11: vector(1, Buffer.of(1)) } }, 'no common point format'],
      [{ extensions: { 13: vector(2, uint16s(0x0401)) } }, 'no common signature scheme'],
      [{ extensions: { 13: undefined } }, 'no common signature scheme'],
      [{ extensions: { 14: undefined } }, 'no common SRTP profile'],
      [
        { extensions: { 14: Buffer.concat([vector(2, uint16s(2)), Buffer.of(0)]) } },
        'no common SRTP profile',
      ],
      [{ extensions: { 0xff01: vector(1, Buffer.alloc(12)) } }, 'a renegotiation without'],
      [{ extensions: {} }, 'no common signature scheme'],
    ];
    for (const [content, reason] of cases)
      expect(() => answer(hello(content))).toThrow(
        expect.objectContaining({
          name: 'HandshakeRefusedError',
          message: expect.stringContaining(reason) as string,
        }),
      );
  });

  it('takes no ClientHello with lists of odd length, doubled extensions, compression only, or something after it', () => {
    const whole = hello();
    const odd = { 10: vector(2, Buffer.of(0, 29, 0)) };
    // In place of the last extension, which is as long, one that has been there before.
    const doubled = Buffer.concat([uint16s(11), vector(2, Buffer.of(0))]);
    const start = whole.body.length - doubled.length;
    for (const message of [
      hello({ extensions: odd }),
      hello({ extensions: { 14: Buffer.concat([EXTENSIONS[14], Buffer.of(0)]) } }),
      hello({ compression: [1] }),
      { ...whole, body: Buffer.concat([whole.body, Buffer.of(0)]) },
      { ...whole, body: Buffer.concat([whole.body.subarray(0, start), doubled]) },
      { ...whole, type: HANDSHAKE.finished },
    ])
      expect(() => answer(message)).toThrow(expect.objectContaining({ name: 'MalformedMessageError' }));
  });
});
