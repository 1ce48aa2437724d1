import { describe, expect, it } from 'vitest';
import {
  SECURITY_CATALOGUE,
  legFindings,
  securityFinding,
  type SecurityFindingId,
} from './security-catalogue.ts';
import { SecurityFinding } from './security-finding.ts';

const dtls = { state: 'connected', version: 'DTLS 1.2', cipher: null, failure: null } as const;

describe('the catalogue of weaknesses', () => {
  it.each(Object.keys(SECURITY_CATALOGUE) as SecurityFindingId[])('describes %s as findings are', (id) => {
    expect(SecurityFinding.parse(securityFinding(id, 'seen'))).toMatchObject({ id, evidence: 'seen' });
  });

  it('finds a leg whose media has short tags or no encryption', () => {
    for (const profile of ['SRTP_AES128_CM_HMAC_SHA1_32', 'SRTP_NULL_HMAC_SHA1_80'])
      expect(legFindings({ srtp: { profile }, dtls, dropped: 0 })).toMatchObject([
        { id: 'srtp-profile-weak' },
      ]);
  });

  it('finds nothing on a leg that is well protected, or not connected yet', () => {
    for (const profile of ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80', null])
      expect(legFindings({ srtp: { profile }, dtls, dropped: 0 })).toEqual([]);
  });
});
