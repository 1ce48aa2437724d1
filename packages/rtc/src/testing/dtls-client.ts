// A DTLS client of other people's making (werift), with every datagram of it in the test's hands: it sends to a list, and
// hears what it is given. Its own timers are real, so tests only wait for what it surely does.
import { X509Certificate } from 'node:crypto';
import { DtlsClient, type DtlsSocket } from 'werift';
import { writeRecord } from '../dtls/record.ts';
import type { SelfSignedCertificate } from '../dtls/self-signed-certificate.ts';

export interface TestDtlsClientOptions {
  readonly certificate: Pick<SelfSignedCertificate, 'der' | 'privateKey'>;
  /** Ids of SRTP profiles. */
  readonly profiles?: readonly number[];
  readonly extendedMasterSecret?: boolean;
}

export interface TestSrtpKeys {
  readonly localKey: Buffer;
  readonly localSalt: Buffer;
  readonly remoteKey: Buffer;
  readonly remoteSalt: Buffer;
}

/** ClientHello; then Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec and Finished, one datagram each. */
export const CLIENT_HELLO_DATAGRAMS = 1;
export const CLIENT_DATAGRAMS = 6;

/** TLS HashAlgorithm sha256 and SignatureAlgorithm ecdsa (RFC 5246, section 7.4.1.4.1). */
const SHA256_WITH_ECDSA = { hash: 4, signature: 3 } as const;

export class TestDtlsClient {
  /** Every datagram it has sent. */
  readonly sent: Buffer[] = [];
  /** The application data it has heard. */
  readonly heard: Buffer[] = [];
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;
  readonly #client: DtlsClient;
  readonly #transport;
  #onSent: (() => void) | undefined;

  constructor(options: TestDtlsClientOptions) {
    this.#transport = {
      type: 'udp',
      address: { address: '127.0.0.1', port: 1, family: 'IPv4' },
      closed: false,
      onData: (_datagram: Buffer, _from: unknown): void => {},
      send: async (datagram: Buffer) => {
        this.sent.push(Buffer.from(datagram));
        this.#onSent?.();
      },
      close: async () => {},
    };
    const { certificate } = options;
    this.#client = new DtlsClient({
      transport: this.#transport,
      srtpProfiles: [...(options.profiles ?? [7, 1])] as DtlsSocket['options']['srtpProfiles'],
      cert: new X509Certificate(certificate.der).toString(),
      key: certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      signatureHash: SHA256_WITH_ECDSA,
      extendedMasterSecret: options.extendedMasterSecret ?? true,
    });
    this.connected = new Promise((resolve) => this.#client.onConnect.subscribe(() => resolve()));
    this.closed = new Promise((resolve) => this.#client.onClose.subscribe(() => resolve()));
    this.#client.onData.subscribe((bytes) => this.heard.push(Buffer.from(bytes)));
    void this.#client.connect();
  }

  /** Hears these datagrams. */
  receive(...datagrams: Buffer[]): void {
    for (const datagram of datagrams) this.#transport.onData(Buffer.from(datagram), ['127.0.0.1', 1]);
  }

  /** Resolves with its first `count` datagrams once it has sent that many. */
  async firstSent(count: number): Promise<Buffer[]> {
    while (this.sent.length < count) await new Promise<void>((resolve) => (this.#onSent = resolve));
    return this.sent.slice(0, count);
  }

  /** The keys it has derived for SRTP, seen from its side. */
  srtpKeys(keyLength: number, saltLength: number): TestSrtpKeys {
    return this.#client.extractSessionKeys(keyLength, saltLength);
  }

  /** The body of its Finished message. */
  get finished(): Buffer {
    const message = this.#client.dtls.sortedHandshakeCache.find(({ msg_type }) => Number(msg_type) === 20);
    if (!message) throw new Error('the client has sent no Finished');
    return message.fragment;
  }

  /** A whole record of epoch 1 under its keys. */
  protect(contentType: number, sequenceNumber: number, content: Buffer): Buffer {
    const header = {
      contentType,
      protocolVersion: { major: 0xfe, minor: 0xfd },
      epoch: 1,
      sequenceNumber,
      contentLen: content.length,
    };
    const { fragment } = this.#client.cipher.encryptPacket({
      recordLayerHeader: header,
      fragment: content,
    } as Parameters<DtlsSocket['cipher']['encryptPacket']>[0]);
    return writeRecord(contentType, 1, sequenceNumber, fragment);
  }
}
