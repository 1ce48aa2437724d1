import { describe, expect, it } from 'vitest';
import { uint16s, vector } from './byte-reader.ts';
import { DtlsConnection, type DtlsAction } from './dtls-connection.ts';
import { writeMessage } from './handshake-message.ts';
import { readHelloAnswer, writeHelloProbe } from './hello-probe.ts';
import { CONTENT, writeRecord } from './record.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';
import { readClientHello } from './client-hello.ts';

const GCM = 0x0007;
const SHA1_80 = 0x0001;
const SHA1_32 = 0x0002;
const NULL_80 = 0x0005;

/** What a server of ours answers to a ClientHello with these profiles. */
function answerTo(profiles: readonly number[]) {
  const server = new DtlsConnection({
    role: 'server',
    certificate: createSelfSignedCertificate(Date.now()),
    profiles: ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'],
    remoteFingerprint: undefined,
  });
  const actions: DtlsAction[] = server.handleDatagram(writeHelloProbe({ profiles }), 0);
  const datagrams = actions.flatMap((action) => (action.type === 'send' ? [action.datagram] : []));
  return datagrams.map(readHelloAnswer).find((answer) => answer !== undefined);
}

describe('the probe of a DTLS server', () => {
  it('hears which of the offered profiles is taken', () => {
    expect(answerTo([GCM, SHA1_80])).toEqual({ type: 'hello', version: 0xfefd, profile: GCM });
    expect(answerTo([SHA1_32, SHA1_80])).toEqual({ type: 'hello', version: 0xfefd, profile: SHA1_80 });
  });

  it('hears the refusal of a server that takes none of them', () => {
    expect(answerTo([SHA1_32, NULL_80])).toEqual({ type: 'refused', alert: 40 });
  });

  it('repeats the cookie that it is asked for, in a second message', () => {
    const cookie = Buffer.from('a cookie');
    const body = Buffer.concat([uint16s(0xfeff), vector(1, cookie)]);
    const request = writeRecord(CONTENT.handshake, 0, 0, writeMessage({ type: 3, number: 0, body }));
    expect(readHelloAnswer(request)).toEqual({ type: 'cookie', cookie });
    const again = writeHelloProbe({ profiles: [SHA1_32], cookie });
    expect(again.includes(cookie)).toBe(true);
    // Record number and message number (RFC 6347, section 4.2.2).
    expect([again.readUIntBE(5, 6), again.readUInt16BE(13 + 4)]).toEqual([1, 1]);
    expect(readClientHello(again.subarray(13 + 12)).srtpProfileIds).toEqual([SHA1_32]);
  });

  it('takes neither rubbish nor a cut-off hello for an answer', () => {
    expect(readHelloAnswer(Buffer.from('rubbish'))).toBeUndefined();
    const cut = writeMessage({ type: 2, number: 0, body: uint16s(0xfefd) });
    expect(readHelloAnswer(writeRecord(CONTENT.handshake, 0, 0, cut))).toBeUndefined();
  });
});
