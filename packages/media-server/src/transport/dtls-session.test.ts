import { X509Certificate } from 'node:crypto';
import { DtlsClient, type DtlsSocket } from 'werift';
import { describe, expect, it } from 'vitest';
import type { SrtpKeys } from '@parley/rtc';
import { createDtlsCertificate, type DtlsCertificate } from './certificate.ts';
import { HalfOpenHandshakes } from './half-open-handshakes.ts';
import { DtlsSession, type DtlsSessionOptions, type DtlsState } from './dtls-session.ts';

type ClientCertificate = Pick<DtlsCertificate, 'der' | 'privateKey'>;

/** A whole handshake in memory with a client of other people's making; `change` may alter what goes to the server. */
function handshake(options: {
  client: ClientCertificate;
  remoteFingerprint?: DtlsSessionOptions['remoteFingerprint'];
  profiles?: number[];
  change?: (datagram: Buffer) => Buffer;
  handshakes?: HalfOpenHandshakes;
}) {
  const states: DtlsState[] = [];
  let keys: { send: SrtpKeys; receive: SrtpKeys } | undefined;
  let reason: string | undefined;
  let settle: (() => void) | undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  let now = 0;
  const session = new DtlsSession({
    role: 'server',
    certificate: server,
    handshakes: options.handshakes ?? new HalfOpenHandshakes(),
    remoteFingerprint: options.remoteFingerprint,
    send: (datagram) => setImmediate(() => transport.onData(Buffer.from(datagram), ['127.0.0.1', 1])),
    onKeys: (send, receive) => (keys = { send, receive }),
    onState: (state, why) => {
      states.push(state);
      reason = why;
      if (state === 'connected' || state === 'failed') settle?.();
    },
  });
  const transport = {
    type: 'udp',
    address: { address: '127.0.0.1', port: 1, family: 'IPv4' },
    closed: false,
    onData: (_data: Buffer, _from: unknown) => {},
    send: async (datagram: Buffer) => {
      const changed = options.change ? options.change(Buffer.from(datagram)) : Buffer.from(datagram);
      setImmediate(() => session.handleDatagram(changed, ++now));
    },
    close: async () => {},
  };
  const client = new DtlsClient({
    transport: transport,
    srtpProfiles: (options.profiles ?? [1, 7]) as DtlsSocket['options']['srtpProfiles'],
    cert: new X509Certificate(options.client.der).toString(),
    key: options.client.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    signatureHash: { hash: 4, signature: 3 },
    extendedMasterSecret: true,
  });
  void client.connect();
  return { session, client, states, settled, keys: () => keys, reason: () => reason };
}

function connected(client: DtlsClient): Promise<void> {
  return new Promise((resolve) => {
    if (client.connected) resolve();
    else client.onConnect.subscribe(() => resolve());
  });
}

const [server, client, stranger] = [1, 2, 3].map(() => createDtlsCertificate());

const fingerprintOf = (certificate: DtlsCertificate) => ({
  algorithm: 'sha-256',
  value: certificate.fingerprint,
});

describe('a DTLS session', () => {
  it('gives both ends the same keys, GCM first when the peer takes it', async () => {
    const run = handshake({ client, remoteFingerprint: fingerprintOf(client) });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'connected']);
    const keys = run.keys();
    expect(keys?.send.profile).toBe('AEAD_AES_128_GCM');
    await connected(run.client);
    const theirs = run.client.extractSessionKeys(16, 12);
    expect(keys?.send.masterKey).toEqual(theirs.remoteKey);
    expect(keys?.receive.masterSalt).toEqual(theirs.localSalt);
  });

  it('takes AES-CM from a peer that knows no GCM', async () => {
    const run = handshake({ client, profiles: [1] });
    await run.settled;
    expect(run.keys()?.send.profile).toBe('AES_CM_128_HMAC_SHA1_80');
    expect(run.keys()?.send.masterSalt).toHaveLength(14);
  });

  it('refuses a certificate other than the one the SDP promised, and gives no keys', async () => {
    const run = handshake({ client, remoteFingerprint: fingerprintOf(stranger) });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'failed']);
    expect(run.reason()).toContain('fingerprint');
    expect(run.keys()).toBeUndefined();
  });

  it('refuses the right certificate in the hands of somebody without its key', async () => {
    const thief = { der: client.der, privateKey: stranger.privateKey };
    const run = handshake({ client: thief, remoteFingerprint: fingerprintOf(client) });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'failed']);
    expect(run.reason()).toContain('key');
    expect(run.keys()).toBeUndefined();
  });

  it('is not moved by what others could send once it is connected', async () => {
    const recorded: Buffer[] = [];
    const run = handshake({
      client,
      change: (datagram) => {
        recorded.push(datagram);
        return datagram;
      },
    });
    await run.settled;
    const alert = (epoch: number) => Buffer.from([21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0]);
    const unknownType = Buffer.from([99, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0]);
    for (const forged of [alert(0), alert(1), unknownType, recorded[0]])
      run.session.handleDatagram(forged, 1_000);
    run.session.tick(100_000);
    expect(run.states).toEqual(['connecting', 'connected']);
  });

  it('closes when the peer says goodbye under its keys', async () => {
    const run = handshake({ client });
    await run.settled;
    await connected(run.client);
    run.session.handleDatagram(protectedGoodbye(run.client), 1_000);
    expect(run.states).toEqual(['connecting', 'connected', 'closed']);
  });

  it('says goodbye to the peer when it is closed', async () => {
    const run = handshake({ client });
    await run.settled;
    await connected(run.client);
    const goodbye = new Promise<void>((resolve) => run.client.onClose.subscribe(() => resolve()));
    run.session.close();
    await goodbye;
    expect(run.states.at(-1)).toBe('closed');
  });

  it('survives datagrams cut short at any length, and says in the end that nothing whole came', async () => {
    const recorded: Buffer[] = [];
    const run = handshake({
      client,
      change: (datagram) => {
        recorded.push(datagram);
        return datagram;
      },
    });
    await run.settled;
    let reason: string | undefined;
    const victim = new DtlsSession({
      role: 'server',
      certificate: server,
      handshakes: new HalfOpenHandshakes(),
      remoteFingerprint: undefined,
      send: () => {},
      onKeys: () => {
        throw new Error('keys from cut datagrams');
      },
      onState: (_state, why) => (reason = why),
    });
    for (let length = 0; length < recorded[0].length; length++)
      victim.handleDatagram(recorded[0].subarray(0, length), length);
    expect(victim.state).toBe('connecting');
    const half = Buffer.from(recorded[0].subarray(0, 40));
    half.writeUInt16BE(27, 11);
    half.writeUIntBE(15, 22, 3);
    victim.handleDatagram(half, 1_000);
    victim.tick(60_000);
    expect(victim.state).toBe('failed');
    expect(reason).toContain('no client-hello within 30 s');
  });
});

describe('handshakes that do not end', () => {
  async function clientHello(): Promise<Buffer> {
    const recorded: Buffer[] = [];
    const run = handshake({ client, change: (datagram) => (recorded.push(datagram), datagram) });
    await run.settled;
    return recorded[0];
  }

  function waiting(handshakes: HalfOpenHandshakes) {
    const told: string[] = [];
    const session = new DtlsSession({
      role: 'server',
      certificate: server,
      handshakes,
      remoteFingerprint: undefined,
      send: () => {},
      onKeys: () => {},
      onState: (state, why) => told.push(why === undefined ? state : `${state}: ${why}`),
    });
    return { session, told };
  }

  it('are capped: the oldest gives way, and one that has ended makes room', async () => {
    const hello = await clientHello();
    const handshakes = new HalfOpenHandshakes(2);
    const [first, second, third, fourth] = Array.from({ length: 4 }, () => waiting(handshakes));
    first.session.handleDatagram(hello, 0);
    second.session.handleDatagram(hello, 1);
    first.session.handleDatagram(hello, 2);
    third.session.handleDatagram(hello, 3);
    expect(first.told).toEqual(['connecting', 'failed: too many handshakes at once']);
    second.session.close();
    fourth.session.handleDatagram(hello, 4);
    expect(third.told).toEqual(['connecting']);
    expect(fourth.told).toEqual(['connecting']);
  });

  it('leave at their deadline, and noise before the first message takes no place', async () => {
    const hello = await clientHello();
    const handshakes = new HalfOpenHandshakes();
    const [noise, idle] = [waiting(handshakes), waiting(handshakes)];
    noise.session.handleDatagram(Buffer.alloc(40, 22), 0);
    idle.session.handleDatagram(hello, 0);
    expect(handshakes.size).toBe(1);
    idle.session.tick(29_999);
    expect(handshakes.size).toBe(1);
    idle.session.tick(30_000);
    expect(handshakes.size).toBe(0);
  });

  it('are no longer counted once they have succeeded', async () => {
    const handshakes = new HalfOpenHandshakes();
    const run = handshake({ client, handshakes });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'connected']);
    expect(handshakes.size).toBe(0);
  });
});

/** A close_notify under the keys of `peer`, as a whole record of epoch 1. */
function protectedGoodbye(peer: DtlsSocket): Buffer {
  const header = {
    contentType: 21,
    protocolVersion: { major: 0xfe, minor: 0xfd },
    epoch: 1,
    sequenceNumber: 7,
    contentLen: 2,
  };
  const { fragment } = peer.cipher.encryptPacket({
    recordLayerHeader: header,
    fragment: Buffer.from([1, 0]),
  } as Parameters<DtlsSocket['cipher']['encryptPacket']>[0]);
  return Buffer.concat([Buffer.from([21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7, 0, fragment.length]), fragment]);
}
