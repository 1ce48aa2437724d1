import { DtlsClient, type DtlsSocket } from 'werift';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { SrtpKeys } from '@parley/rtc';
import { createDtlsCertificate, type DtlsCertificate } from './certificate.ts';
import { DtlsSession, protectedAlert, type DtlsSessionOptions, type DtlsState } from './dtls-session.ts';

/** A whole handshake in memory; `change` may alter or hold back what goes to the server. */
function handshake(options: {
  server: DtlsCertificate;
  client: DtlsCertificate;
  remoteFingerprint?: DtlsSessionOptions['remoteFingerprint'];
  profiles?: number[];
  change?: (datagram: Buffer) => Buffer;
}) {
  const states: DtlsState[] = [];
  let keys: { send: SrtpKeys; receive: SrtpKeys } | undefined;
  let reason: string | undefined;
  let settle: (() => void) | undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const session = new DtlsSession({
    certificate: options.server,
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
      setImmediate(() => session.handleDatagram(changed));
    },
    close: async () => {},
  };
  const client = new DtlsClient({
    transport: transport,
    srtpProfiles: (options.profiles ?? [1, 7]) as DtlsSocket['options']['srtpProfiles'],
    cert: options.client.certPem,
    key: options.client.keyPem,
    signatureHash: options.client.signatureHash,
    extendedMasterSecret: true,
  });
  void client.connect();
  return { session, client, states, settled, keys: () => keys, reason: () => reason };
}

/** A session whose peer is made up by the test and has no keys; `allocated` gives the bytes that a step asks for. */
function untilKeys(certificate: DtlsCertificate) {
  const session = new DtlsSession({
    certificate,
    remoteFingerprint: undefined,
    send: () => {},
    onKeys: () => {
      throw new Error('keys for nobody');
    },
    onState: () => {},
  });
  const allocated = (step: () => void) => {
    const alloc = vi.spyOn(Buffer, 'alloc');
    step();
    const bytes = alloc.mock.calls.reduce((sum, [size]) => sum + size, 0);
    alloc.mockRestore();
    return bytes;
  };
  return { session, allocated };
}

/** A record with a part of a ClientHello of `length` bytes: `size` bytes from `offset` on. */
function fragment(length: number, offset: number, size: number): Buffer {
  const record = Buffer.alloc(13 + 12 + size);
  record.set([22, 0xfe, 0xfd]);
  record.writeUInt16BE(12 + size, 11);
  record[13] = 1;
  record.writeUIntBE(length, 14, 3);
  record.writeUIntBE(offset, 19, 3);
  record.writeUIntBE(size, 22, 3);
  return record;
}

function connected(client: DtlsClient): Promise<void> {
  return new Promise((resolve) => {
    if (client.connected) resolve();
    else client.onConnect.subscribe(() => resolve());
  });
}

describe('a DTLS session', () => {
  let server: DtlsCertificate;
  let client: DtlsCertificate;
  let stranger: DtlsCertificate;

  beforeAll(async () => {
    [server, client, stranger] = await Promise.all([
      createDtlsCertificate(),
      createDtlsCertificate(),
      createDtlsCertificate(),
    ]);
  });

  const fingerprintOf = (certificate: DtlsCertificate) => ({
    algorithm: 'sha-256',
    value: certificate.fingerprint,
  });

  it('gives both ends the same keys, GCM first when the peer takes it', async () => {
    const run = handshake({ server, client, remoteFingerprint: fingerprintOf(client) });
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
    const run = handshake({ server, client, profiles: [1] });
    await run.settled;
    expect(run.keys()?.send.profile).toBe('AES_CM_128_HMAC_SHA1_80');
    expect(run.keys()?.send.masterSalt).toHaveLength(14);
  });

  it('refuses a certificate other than the one the SDP promised, and gives no keys', async () => {
    const run = handshake({ server, client, remoteFingerprint: fingerprintOf(stranger) });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'failed']);
    expect(run.reason()).toContain('fingerprint');
    expect(run.keys()).toBeUndefined();
  });

  it('refuses the right certificate in the hands of somebody without its key', async () => {
    const thief = { ...client, keyPem: stranger.keyPem };
    const run = handshake({ server, client: thief, remoteFingerprint: fingerprintOf(client) });
    await run.settled;
    expect(run.states).toEqual(['connecting', 'failed']);
    expect(run.reason()).toContain('key');
    expect(run.keys()).toBeUndefined();
  });

  it('is not moved by what others could send once it is connected', async () => {
    const recorded: Buffer[] = [];
    const run = handshake({
      server,
      client,
      change: (datagram) => {
        recorded.push(datagram);
        return datagram;
      },
    });
    await run.settled;
    const alert = (epoch: number) => Buffer.from([21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0]);
    const unknownType = Buffer.from([99, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0]);
    for (const forged of [alert(0), alert(1), unknownType, recorded[0]]) run.session.handleDatagram(forged);
    expect(run.states).toEqual(['connecting', 'connected']);
  });

  it('closes when the peer says goodbye under its keys', async () => {
    const run = handshake({ server, client });
    await run.settled;
    await connected(run.client);
    run.session.handleDatagram(protectedAlert(run.client, 7));
    expect(run.states).toEqual(['connecting', 'connected', 'closed']);
  });

  it('says goodbye to the peer when it is closed', async () => {
    const run = handshake({ server, client });
    await run.settled;
    await connected(run.client);
    const goodbye = new Promise<void>((resolve) => run.client.onClose.subscribe(() => resolve()));
    run.session.close();
    await goodbye;
    expect(run.states.at(-1)).toBe('closed');
  });

  it('makes no room for messages that no browser sends', () => {
    const { session, allocated } = untilKeys(server);
    const pair = Buffer.concat([fragment(0xffffff, 0, 1), fragment(0xffffff, 0xfffffe, 1)]);
    expect(allocated(() => session.handleDatagram(pair))).toBeLessThan(1_000_000);
  });

  it('gives up on a handshake that goes on without end', () => {
    const { session } = untilKeys(server);
    for (let i = 0; i < 60; i++) session.handleDatagram(fragment(2000, 0, 1300));
    expect(session.state).toBe('failed');
  });

  it('survives datagrams cut short at any length', async () => {
    const recorded: Buffer[] = [];
    const run = handshake({
      server,
      client,
      change: (datagram) => {
        recorded.push(datagram);
        return datagram;
      },
    });
    await run.settled;
    const victim = new DtlsSession({
      certificate: server,
      remoteFingerprint: undefined,
      send: () => {},
      onKeys: () => {
        throw new Error('keys from cut datagrams');
      },
      onState: () => {},
    });
    for (let length = 0; length < recorded[0].length; length++)
      victim.handleDatagram(recorded[0].subarray(0, length));
    expect(['new', 'connecting', 'failed']).toContain(victim.state);
  });
});
