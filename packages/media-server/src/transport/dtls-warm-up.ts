// One handshake of the server with itself, so that the first participant does not wait while the engine is compiled:
// a cold handshake takes several times as long as the next.
import { DtlsClient, type DtlsSocket } from 'werift';
import type { DtlsCertificate } from './certificate.ts';
import { DtlsSession } from './dtls-session.ts';

/** On a loaded machine a cold handshake took 0.4 s; the engine's own retransmissions begin after 0.5 s. */
const DEADLINE_MS = 5_000;

/** Resolves when both ends are done, or with false when they were not within the deadline; nothing depends on it. */
export function warmUpDtls(certificate: DtlsCertificate): Promise<boolean> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => finish(false), DEADLINE_MS);
    const session = new DtlsSession({
      certificate,
      remoteFingerprint: { algorithm: 'sha-256', value: certificate.fingerprint },
      send: (datagram) => setImmediate(() => transport.onData(datagram)),
      onKeys: () => {},
      onState: (state) => {
        if (state === 'connected') finish(true);
        else if (state === 'failed') finish(false);
      },
    });
    const transport = {
      type: 'udp',
      closed: false,
      onData: (_datagram: Buffer): void => {},
      send: async (datagram: Buffer) => {
        setImmediate(() => session.handleDatagram(datagram));
      },
      close: async () => {},
    };
    const client = new DtlsClient({
      transport: transport as unknown as DtlsSocket['options']['transport'],
      srtpProfiles: [7, 1],
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: certificate.signatureHash,
      extendedMasterSecret: true,
    });
    const finish = (done: boolean) => {
      clearTimeout(deadline);
      session.close();
      resolve(done);
    };
    void client.connect();
  });
}
