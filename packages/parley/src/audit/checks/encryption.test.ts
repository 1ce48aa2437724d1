import { describe, expect, it } from 'vitest';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { judgeEncryption } from './encryption.ts';

const health = JSON.stringify({ ready: true, mediaServer: 'connected', database: 'connected' });
const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };
/** Loopback stands in for an address by which other machines come. */
const reached = (url: string, ...flags: string[]) =>
  subjectOf({ url, ownAddresses: ['127.0.0.1'], flags: ['--port', new URL(url).port, ...flags] });

describe('signalling', () => {
  it('that answers other machines without TLS is found', async () => {
    const url = await serve({ body: health });
    expect(await found(judgeEncryption(reached(url)))).toEqual(['signalling-without-tls']);
  });

  it('that answers other machines past its proxy is found, as the lesser evil', async () => {
    const url = await serve({ body: health });
    const subject = reached(url, '--trust-proxy', '192.0.2.9');
    expect(await found(judgeEncryption(subject))).toEqual(['clear-beside-proxy']);
  });

  it('that speaks TLS only is in order', async () => {
    const url = await serve({ body: health, tls: issued });
    expect(await found(judgeEncryption(reached(url)))).toEqual([]);
  });

  it('on loopback is in order without TLS', async () => {
    const url = await serve({ body: health });
    expect(await found(judgeEncryption(reached(url, '--host', '127.0.0.1')))).toEqual([]);
  });

  it('that a proxy passes on in clear is found at the address of the proxy', async () => {
    const subject = (url: string) => subjectOf({ url, outside: true });
    expect(await found(judgeEncryption(subject('http://meet.example')))).toEqual(['signalling-without-tls']);
    expect(await found(judgeEncryption(subject('https://meet.example')))).toEqual([]);
  });

  it('is judged by its configuration while nothing runs', async () => {
    const byFlags = (...flags: string[]) => found(judgeEncryption(subjectOf({ flags })));
    expect(await byFlags()).toEqual(['signalling-without-tls']);
    expect(await byFlags('--trust-proxy', '192.0.2.9')).toEqual(['clear-beside-proxy']);
    expect(await byFlags('--host', '127.0.0.1')).toEqual([]);
    expect(await byFlags('--tls', 'self-signed')).toBe('left-out');
  });
});
