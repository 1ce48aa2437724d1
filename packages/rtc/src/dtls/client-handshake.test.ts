import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { DtlsServer, type DtlsSocket } from 'werift';
import { seededRandom } from '../testing/seeded-random.ts';
import { DtlsConnection, type DtlsAction, type DtlsRole } from './dtls-connection.ts';
import { createSelfSignedCertificate, type SelfSignedCertificate } from './self-signed-certificate.ts';

let own: SelfSignedCertificate;
let peers: SelfSignedCertificate;

beforeAll(() => {
  [own, peers] = [1, 2].map(() => createSelfSignedCertificate(Date.now()));
});

const fingerprintOf = ({ fingerprint: value }: SelfSignedCertificate) => ({ algorithm: 'sha-256', value });

/** One end with virtual time, and what became of it. */
class End {
  readonly #connection: DtlsConnection;
  readonly actions: DtlsAction[] = [];
  now = 0;

  constructor(role: DtlsRole, certificate: SelfSignedCertificate, expected: SelfSignedCertificate) {
    this.#connection = new DtlsConnection({
      role,
      certificate,
      remoteFingerprint: fingerprintOf(expected),
      profiles: ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'],
    });
  }

  start(): Buffer[] {
    return this.#take(this.#connection.start(this.now));
  }

  hear(datagrams: readonly Buffer[]): Buffer[] {
    return this.#take(datagrams.flatMap((bytes) => this.#connection.handleDatagram(bytes, this.now)));
  }

  pass(ms: number): Buffer[] {
    this.now += ms;
    return this.#take(this.#connection.due(this.now));
  }

  send(text: string): Buffer[] {
    return this.#take(this.#connection.send(Buffer.from(text)));
  }

  find<Type extends DtlsAction['type']>(type: Type): Extract<DtlsAction, { type: Type }> | undefined {
    return this.actions.find((action): action is Extract<DtlsAction, { type: Type }> => action.type === type);
  }

  #take(actions: DtlsAction[]): Buffer[] {
    this.actions.push(...actions);
    return actions.flatMap((action) => (action.type === 'send' ? [action.datagram] : []));
  }
}

describe('a client and a server of ours', () => {
  it('agree on keys, the ones of each the others of the other, and talk under them', () => {
    const [client, server] = [new End('client', own, peers), new End('server', peers, own)];
    client.hear(server.hear(client.hear(server.hear(client.start()))));
    const [here, there] = [client.find('connected'), server.find('connected')];
    expect(here?.send).toEqual(there?.receive);
    expect(here?.receive).toEqual(there?.send);
    expect(here?.send.profile).toBe('AEAD_AES_128_GCM');
    server.hear(client.send('from the client'));
    client.hear(server.send('from the server'));
    expect(server.find('application-data')?.bytes.toString()).toBe('from the client');
    expect(client.find('application-data')?.bytes.toString()).toBe('from the server');
  });

  it('come together over a path that loses, doubles and reorders, three datagrams of ten lost', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const [client, server] = [new End('client', own, peers), new End('server', peers, own)];
      let up = client.start();
      const path = (datagrams: Buffer[]) =>
        datagrams
          .flatMap((datagram) => (random() < 0.3 ? [] : random() < 0.2 ? [datagram, datagram] : [datagram]))
          .sort(() => random() - 0.5);
      for (let round = 0; round < 280 && !(client.find('connected') && server.find('connected')); round++) {
        const down = [...server.hear(path(up)), ...server.pass(100)];
        up = [...client.hear(path(down)), ...client.pass(100)];
      }
      expect([seed, client.find('failed'), server.find('failed')]).toEqual([seed, undefined, undefined]);
      expect([seed, client.find('connected')?.send]).toEqual([seed, server.find('connected')?.receive]);
    }
  });

  it('do not, when the server is not who the SDP promised', () => {
    const [client, server] = [new End('client', own, own), new End('server', peers, own)];
    server.hear(client.hear(server.hear(client.start())));
    expect(client.find('failed')?.reason).toContain('fingerprint mismatch');
    expect(server.find('connected')).toBeUndefined();
  });

  it('do not, when a byte of the handshake was altered on its way', () => {
    const server = new End('server', peers, own);
    const client = new End('client', own, peers);
    const flight = server.hear(client.start());
    // The last byte of the server's random, which only the signature and Finished cover.
    const [first, ...rest] = flight.map((datagram) => Buffer.from(datagram));
    first[13 + 12 + 2 + 31] ^= 1;
    client.hear([first, ...rest]);
    expect(client.find('connected')).toBeUndefined();
    expect(client.find('failed')?.reason).toContain('altered');
  });

  it('leave what comes before the client has spoken unanswered', () => {
    const [client, server] = [new End('client', own, peers), new End('server', peers, own)];
    const answer = server.hear(new End('client', own, peers).start());
    expect(client.hear(answer)).toEqual([]);
    client.start();
    expect(client.find('failed')).toBeUndefined();
  });

  it('give up in time when nobody answers', () => {
    const client = new End('client', own, peers);
    client.start();
    const repeats = Array.from({ length: 31 }, () => client.pass(1_000).length);
    expect(repeats.filter((count) => count > 0).length).toBeGreaterThan(5);
    expect(client.find('failed')?.reason).toContain('server-hello');
  });
});

describe('a server of other people’s making', () => {
  /** werift's, which asks for a cookie first; it sends what it has to say to the client at once. */
  function weriftServer(hear: (datagram: Buffer) => void) {
    const transport = {
      type: 'udp',
      address: { address: '127.0.0.1', port: 1, family: 'IPv4' },
      closed: false,
      onData: (_datagram: Buffer, _from: unknown): void => {},
      send: async (datagram: Buffer) => hear(Buffer.from(datagram)),
      close: async () => {},
    };
    const privateKey = createPrivateKey(peers.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const server = new DtlsServer({
      transport,
      srtpProfiles: [7, 1] as DtlsSocket['options']['srtpProfiles'],
      cert: new X509Certificate(peers.der).toString(),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      signatureHash: { hash: 4, signature: 3 },
      extendedMasterSecret: true,
      certificateRequest: true,
    });
    return { server, tell: (datagram: Buffer) => transport.onData(datagram, ['127.0.0.1', 1]) };
  }

  it('gives the client its cookie back, and ends with the same keys', async () => {
    const client = new End('client', own, peers);
    const heard: Buffer[] = [];
    const { server, tell } = weriftServer((datagram) => {
      heard.push(datagram);
      for (const answer of client.hear([datagram])) tell(answer);
    });
    const connected = new Promise<void>((resolve) => server.onConnect.subscribe(() => resolve()));
    for (const datagram of client.start()) tell(datagram);
    await connected;
    await expect.poll(() => client.find('connected'), { timeout: 10_000 }).toBeDefined();
    const keys = client.find('connected');
    const theirs = server.extractSessionKeys(16, 12) as Record<string, Buffer>;
    expect(keys?.send.masterKey.equals(theirs['remoteKey'])).toBe(true);
    expect(keys?.receive.masterSalt.equals(theirs['localSalt'])).toBe(true);
    // HelloVerifyRequest is the first of a handshake record's message types.
    expect(heard[0]?.[13]).toBe(3);
  });
});
