// The media server's DTLS identity: one self-signed certificate per process.
import { createSelfSignedCertificate, type SelfSignedCertificate } from '@parley/rtc';

export type DtlsCertificate = SelfSignedCertificate;

export function createDtlsCertificate(): DtlsCertificate {
  return createSelfSignedCertificate(Date.now());
}
