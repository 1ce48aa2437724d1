// For tests: a browser's side of a transport without sockets. It checks, shakes hands (werift) and protects packets from
// any address that the test likes, at the time that the test says.
import { X509Certificate } from 'node:crypto';
import { DtlsClient, type DtlsSocket } from 'werift';
import {
  buildStun,
  classifyDatagram,
  SrtpSender,
  STUN_METHOD_BINDING,
  writeReceiverReport,
  writeSdes,
  compoundRtcp,
  type IceCredentials,
} from '@parley/rtc';
import { createDtlsCertificate } from './certificate.ts';
import type { DatagramHandler, DatagramKind } from './media-port.ts';
import type { Path } from './path.ts';

const USERNAME = 0x0006;
const USE_CANDIDATE = 0x0025;
const AEAD_AES_128_GCM = 7;
const KEY_LENGTH = 16;
const SALT_LENGTH = 12;

/** What werift gives as `any`. */
interface ClientKeys {
  readonly localKey: Buffer;
  readonly localSalt: Buffer;
}

export interface TestPath extends Path {
  /** What came here, by kind, in order. */
  readonly received: DatagramKind[];
}

export class TestPeer {
  readonly certificate = createDtlsCertificate();
  remoteUfrag = 'peer';
  /** Told what comes under DTLS itself. */
  onData: (bytes: Buffer) => void = () => undefined;
  readonly #transport: DatagramHandler & { readonly local: IceCredentials };
  #dtls: DtlsClient | undefined;
  #toDtls: ((datagram: Buffer) => void) | undefined;
  #srtp: SrtpSender | undefined;
  #told: (() => void) | undefined;

  constructor(transport: DatagramHandler & { readonly local: IceCredentials }) {
    this.#transport = transport;
  }

  path(address: string, protocol: Path['protocol'] = 'udp'): TestPath {
    const received: DatagramKind[] = [];
    const send = (bytes: Buffer) => {
      const kind = classifyDatagram(bytes);
      received.push(kind);
      this.#told?.();
      if (kind === 'dtls') this.#toDtls?.(Buffer.from(bytes));
    };
    return { protocol, address, port: 50_000, received, send };
  }

  /** Resolves when so many packets of this kind have come to the path. */
  async count(path: TestPath, kind: DatagramKind, packets: number): Promise<void> {
    while (path.received.filter((each) => each === kind).length < packets)
      await new Promise<void>((resolve) => (this.#told = resolve));
  }

  /** `credentials`: the transport's, those of now when left out. */
  check(path: Path, now: number, options: { nominate?: boolean; local?: IceCredentials } = {}): boolean {
    const { nominate = true, local = this.#transport.local } = options;
    const check = buildStun({
      messageClass: 'request',
      method: STUN_METHOD_BINDING,
      transactionId: Buffer.alloc(12, 1),
      attributes: [
        { type: USERNAME, value: Buffer.from(`${local.ufrag}:${this.remoteUfrag}`) },
        ...(nominate ? [{ type: USE_CANDIDATE, value: Buffer.alloc(0) }] : []),
      ],
      integrityKey: local.pwd,
      fingerprint: true,
    });
    return this.#transport.handleDatagram('stun', check, path, now);
  }

  /** A whole handshake over the path, all of it at `now`. */
  async connect(path: TestPath, now: number): Promise<void> {
    const transport = {
      type: 'udp',
      closed: false,
      onData: (_datagram: Buffer, _from: unknown): void => {},
      send: async (datagram: Buffer) => {
        const copy = Buffer.from(datagram);
        setImmediate(() => this.#transport.handleDatagram('dtls', copy, path, now));
      },
      close: async () => {},
    };
    this.#toDtls = (datagram) => setImmediate(() => transport.onData(datagram, ['127.0.0.1', 1]));
    const client = new DtlsClient({
      transport: transport as unknown as DtlsSocket['options']['transport'],
      srtpProfiles: [AEAD_AES_128_GCM],
      cert: new X509Certificate(this.certificate.der).toString(),
      key: this.certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      signatureHash: { hash: 4, signature: 3 },
    });
    this.#dtls = client;
    client.onData.subscribe((bytes) => this.onData(bytes));
    const connected = new Promise<void>((resolve) => client.onConnect.subscribe(() => resolve()));
    void client.connect();
    await connected;
    const { localKey, localSalt } = client.extractSessionKeys(KEY_LENGTH, SALT_LENGTH) as ClientKeys;
    this.#srtp = new SrtpSender({
      profile: 'AEAD_AES_128_GCM',
      masterKey: localKey,
      masterSalt: localSalt,
    });
  }

  /** Sends under DTLS itself, over the path of the handshake. */
  sendData(bytes: Buffer): void {
    if (!this.#dtls) throw new Error('not connected yet');
    void this.#dtls.send(bytes);
  }

  /** Takes leave under the keys of the handshake: a close_notify (RFC 5246, section 7.2.1). */
  sayGoodbye(path: Path, now: number): void {
    if (!this.#dtls) throw new Error('not connected yet');
    const header = Buffer.from([21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 0]);
    const { fragment } = this.#dtls.cipher.encryptPacket({
      recordLayerHeader: {
        contentType: 21,
        protocolVersion: { major: 0xfe, minor: 0xfd },
        epoch: 1,
        sequenceNumber: 0xffff,
        contentLen: 2,
      },
      fragment: Buffer.of(1, 0),
    } as Parameters<DtlsSocket['cipher']['encryptPacket']>[0]);
    header.writeUInt16BE(fragment.length, 11);
    this.#transport.handleDatagram('dtls', Buffer.concat([header, fragment]), path, now);
  }

  /** A compound packet as a browser that only receives sends it. */
  sendRtcp(
    path: Path,
    now: number,
    reports: Parameters<typeof writeReceiverReport>[0]['reports'] = [],
  ): void {
    const clear = compoundRtcp([
      writeReceiverReport({ ssrc: 1, reports }),
      writeSdes([{ ssrc: 1, cname: 'peer' }]),
    ]);
    if (!this.#srtp) throw new Error('no keys yet');
    this.#transport.handleDatagram('rtcp', this.#srtp.protectRtcp(clear), path, now);
  }

  sendRtp(path: Path, now: number, packet: Buffer, headerLength: number): void {
    if (!this.#srtp) throw new Error('no keys yet');
    this.#transport.handleDatagram('rtp', this.#srtp.protectRtp(packet, headerLength), path, now);
  }

  close(): void {
    this.#dtls?.close();
  }
}
