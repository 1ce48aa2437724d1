import type { LegDiagnosis } from '@parley/protocol';
import { expect, it } from 'vitest';
import { diagnosisFindings, signallingFindings } from './findings.ts';

const diagnosis = (version: string | null, profile: string | null, dropped = 0): LegDiagnosis => ({
  ice: { state: 'connected', selected: null, restarts: 0 },
  dtls: { state: 'connected', version, cipher: null, failure: null },
  srtp: { profile },
  roundTripMs: null,
  dropped,
  tracks: [],
});

const found = (version: string | null, profile: string | null) =>
  diagnosisFindings('the up leg of Ada', diagnosis(version, profile)).map(({ id }) => id);

it('finds signalling in clear from another machine, and nothing wrong with loopback or TLS', () => {
  const [finding] = signallingFindings({ address: '192.0.2.7', encrypted: false });
  expect(finding).toMatchObject({ id: 'signalling-without-tls', severity: 'high' });
  expect(finding?.evidence).toContain('192.0.2.7');
  for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])
    expect(signallingFindings({ address, encrypted: false })).toEqual([]);
  for (const address of ['::ffff:192.0.2.7', '128.0.0.1', '2001:db8::1'])
    expect(signallingFindings({ address, encrypted: false })).toHaveLength(1);
  expect(signallingFindings({ address: '192.0.2.7', encrypted: true })).toEqual([]);
});

it.each(['SRTP_AES128_CM_HMAC_SHA1_32', 'SRTP_NULL_HMAC_SHA1_80'])('finds the weak profile %s', (profile) => {
  expect(found('DTLS 1.2', profile)).toEqual(['srtp-profile-weak']);
});

it.each(['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80', null])('takes the profile %s', (profile) => {
  expect(found('DTLS 1.2', profile)).toEqual([]);
});

it('finds DTLS before 1.2, says whose it is, and takes 1.2, 1.3 and what is not known yet', () => {
  const [finding] = diagnosisFindings('the up leg of Ada', diagnosis('DTLS 1.0', null));
  expect(finding).toMatchObject({
    id: 'dtls-version-old',
    evidence: 'the up leg of Ada: this leg uses DTLS 1.0',
  });
  expect([...found('DTLS 1.2', null), ...found('DTLS 1.3', null), ...found(null, null)]).toEqual([]);
});

it('finds a leg from which more came than is taken, and says whose it is', () => {
  const flooded = diagnosis('DTLS 1.2', 'SRTP_AEAD_AES_128_GCM', 1_234);
  expect(diagnosisFindings('the up leg of Ada', flooded)).toMatchObject([
    { id: 'sends-a-flood', evidence: 'the up leg of Ada: 1234 packets of this leg were dropped' },
  ]);
});
