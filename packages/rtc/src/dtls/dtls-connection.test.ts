import { beforeAll, describe, expect, it } from 'vitest';
import type { SrtpProfile } from '../srtp/srtp-profile.ts';
import {
  CLIENT_DATAGRAMS,
  CLIENT_HELLO_DATAGRAMS,
  TestDtlsClient,
  type TestDtlsClientOptions,
} from '../testing/dtls-client.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { DtlsConnection, type DtlsAction } from './dtls-connection.ts';
import { HANDSHAKE, readFragments, writeFragment, writeMessage } from './handshake-message.ts';
import { CONTENT, readRecords, writeRecord } from './record.ts';
import { createSelfSignedCertificate, type SelfSignedCertificate } from './self-signed-certificate.ts';

let server: SelfSignedCertificate;
let client: SelfSignedCertificate;
let stranger: SelfSignedCertificate;

beforeAll(() => {
  [server, client, stranger] = [1, 2, 3].map(() => createSelfSignedCertificate(Date.now()));
});

/** A server with virtual time: `now` is the test's to set. */
class TestServer {
  readonly actions: DtlsAction[] = [];
  now = 1_000_000;
  readonly #server: DtlsConnection;

  constructor(options: { fingerprint?: string | undefined; profiles?: SrtpProfile[] } = {}) {
    this.#server = new DtlsConnection({
      role: 'server',
      certificate: server,
      remoteFingerprint: { algorithm: 'sha-256', value: options.fingerprint ?? client.fingerprint },
      profiles: options.profiles ?? ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'],
    });
  }

  /** The datagrams sent in answer. */
  handle(...datagrams: Buffer[]): Buffer[] {
    return this.#take(datagrams.flatMap((datagram) => this.#server.handleDatagram(datagram, this.now)));
  }

  /** Lets `ms` pass. */
  pass(ms: number): Buffer[] {
    this.now += ms;
    return this.#take(this.#server.due(this.now));
  }

  /** Lets the time pass until there is something to do. */
  passToDeadline(): Buffer[] {
    return this.pass((this.#server.nextDeadline() ?? Infinity) - this.now);
  }

  get deadlineIn(): number | undefined {
    const deadline = this.#server.nextDeadline();
    return deadline === undefined ? undefined : deadline - this.now;
  }

  send(bytes: Buffer): Buffer[] {
    return this.#take(this.#server.send(bytes));
  }

  close(): Buffer[] {
    return this.#take(this.#server.close());
  }

  get sent(): Buffer[] {
    return this.actions.flatMap((action) => (action.type === 'send' ? [action.datagram] : []));
  }

  get events(): string[] {
    return this.actions.map(({ type }) => type).filter((type) => type !== 'send');
  }

  get failure(): string | undefined {
    const failed = this.actions.find((action) => action.type === 'failed');
    return failed?.type === 'failed' ? failed.reason : undefined;
  }

  get keys() {
    const connected = this.actions.find((action) => action.type === 'connected');
    return connected?.type === 'connected' ? connected : undefined;
  }

  #take(actions: DtlsAction[]): Buffer[] {
    this.actions.push(...actions);
    return actions.flatMap((action) => (action.type === 'send' ? [action.datagram] : []));
  }
}

/** Both ends after the client has heard the server's flight: its answer is in `flight`, not yet delivered. */
async function halfway(
  options: Partial<TestDtlsClientOptions> & { fingerprint?: string; profiles?: number[] } = {},
): Promise<{ dtls: TestServer; peer: TestDtlsClient; hello: Buffer; flight: Buffer[] }> {
  const dtls = new TestServer({ fingerprint: options.fingerprint });
  const peer = new TestDtlsClient({ certificate: client, ...options });
  const [hello] = await peer.firstSent(CLIENT_HELLO_DATAGRAMS);
  peer.receive(...dtls.handle(hello));
  const flight = (await peer.firstSent(CLIENT_DATAGRAMS)).slice(CLIENT_HELLO_DATAGRAMS);
  return { dtls, peer, hello, flight };
}

async function connected(options: Parameters<typeof halfway>[0] = {}) {
  const ends = await halfway(options);
  ends.peer.receive(...ends.dtls.handle(...ends.flight));
  await ends.peer.connected;
  return ends;
}

/** Says everything again in records of `mostBytes` of handshake each, or with all messages in one record. */
function refragment(datagrams: Buffer[], mostBytes: number): Buffer[] {
  return datagrams
    .flatMap((datagram) => [...readRecords(datagram)])
    .flatMap((record) => {
      if (record.epoch > 0 || record.type !== CONTENT.handshake)
        return [writeRecord(record.type, record.epoch, record.sequenceNumber, record.fragment)];
      return readFragments(record.fragment).flatMap((whole) => {
        const pieces: Buffer[] = [];
        for (let offset = 0; offset < whole.length; offset += mostBytes) {
          // Each piece begins three bytes early: they overlap.
          const start = Math.max(0, offset - 3);
          const bytes = whole.bytes.subarray(start, offset + mostBytes);
          pieces.push(
            writeRecord(
              CONTENT.handshake,
              0,
              900 + offset,
              writeFragment({ ...whole, offset: start, bytes }),
            ),
          );
        }
        return pieces;
      });
    });
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe('a DTLS server', () => {
  it('answers a ClientHello at once, in one datagram, and gives both ends the same keys', async () => {
    const { dtls, peer } = await connected();
    expect(dtls.sent.map((datagram) => datagram.length <= 1200)).toEqual([true, true]);
    expect(dtls.events).toEqual(['connected']);
    expect(dtls.keys?.cipherSuite).toBe('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    expect(dtls.keys?.send.profile).toBe('AEAD_AES_128_GCM');
    const theirs = peer.srtpKeys(16, 12);
    expect(dtls.keys?.send).toMatchObject({ masterKey: theirs.remoteKey, masterSalt: theirs.remoteSalt });
    expect(dtls.keys?.receive).toMatchObject({ masterKey: theirs.localKey, masterSalt: theirs.localSalt });
    expect(dtls.deadlineIn).toBeUndefined();
  });

  it('takes the profile it prefers of those in common', async () => {
    const { dtls } = await connected({ profiles: [1] });
    expect(dtls.keys?.send.profile).toBe('AES_CM_128_HMAC_SHA1_80');
    expect(dtls.keys?.send.masterSalt).toHaveLength(14);
  });

  it('gives the same keys to a client without the extended master secret', async () => {
    const { dtls, peer } = await connected({ extendedMasterSecret: false });
    expect(dtls.keys?.send.masterKey).toEqual(peer.srtpKeys(16, 12).remoteKey);
  });

  it('refuses a client that has no SRTP profile in common with it, and tells it', async () => {
    const dtls = new TestServer({ profiles: ['AES_CM_128_HMAC_SHA1_80'] });
    const peer = new TestDtlsClient({ certificate: client, profiles: [7] });
    const [alert] = dtls.handle(...(await peer.firstSent(1)));
    expect(dtls.failure).toBe('no common SRTP profile');
    expect([...readRecords(alert)]).toMatchObject([{ type: CONTENT.alert, fragment: Buffer.of(2, 40) }]);
    expect(dtls.deadlineIn).toBeUndefined();
  });

  it('refuses a certificate other than the promised one', async () => {
    const { dtls, flight } = await halfway({ fingerprint: stranger.fingerprint });
    dtls.handle(...flight);
    expect(dtls.events).toEqual(['failed']);
    expect(dtls.failure).toContain('fingerprint');
  });

  it('refuses the promised certificate from somebody without its key', async () => {
    const thief = { der: client.der, privateKey: stranger.privateKey };
    const { dtls, flight } = await halfway({ certificate: thief });
    dtls.handle(...flight);
    expect(dtls.events).toEqual(['failed']);
    expect(dtls.failure).toContain('key');
  });

  it('notices a ClientHello that was altered on its way', async () => {
    const dtls = new TestServer();
    const peer = new TestDtlsClient({ certificate: client, extendedMasterSecret: false, profiles: [7, 1] });
    const [hello] = await peer.firstSent(1);
    const altered = Buffer.from(hello);
    const offer = altered.indexOf(Buffer.from('00040007000100', 'hex'));
    altered.writeUInt16BE(0x6666, offer + 2);
    peer.receive(...dtls.handle(altered));
    dtls.handle(...(await peer.firstSent(CLIENT_DATAGRAMS)).slice(1));
    expect(dtls.events).toEqual(['failed']);
    expect(dtls.failure).toContain('altered');
  });

  it('refuses a Finished that does not fit the handshake', async () => {
    const { dtls, peer, flight } = await halfway();
    dtls.handle(...flight.slice(0, -1));
    const body = Buffer.from(peer.finished);
    body[11] ^= 1;
    dtls.handle(
      peer.protect(CONTENT.handshake, 9, writeMessage({ type: HANDSHAKE.finished, number: 4, body })),
    );
    expect(dtls.failure).toBe('the handshake was altered on its way');
  });

  it('drops a Finished that was damaged on its way, and takes the whole one after it', async () => {
    const { dtls, flight } = await halfway();
    const damaged = Buffer.from(flight[4]);
    damaged[damaged.length - 1] ^= 1;
    dtls.handle(...flight.slice(0, 4), damaged);
    expect(dtls.events).toEqual([]);
    dtls.handle(flight[4]);
    expect(dtls.events).toEqual(['connected']);
  });

  it('takes no Finished in the clear, even one that says the right thing', async () => {
    const { dtls, peer, flight } = await halfway();
    dtls.handle(...flight.slice(0, 4));
    const finished = writeMessage({ type: HANDSHAKE.finished, number: 4, body: peer.finished });
    dtls.handle(writeRecord(CONTENT.handshake, 0, 9, finished));
    expect(dtls.events).toEqual([]);
    dtls.handle(flight[4]);
    expect(dtls.events).toEqual(['connected']);
    dtls.now += 50;
    expect(dtls.handle(writeRecord(CONTENT.handshake, 0, 10, finished))).toEqual([]);
  });

  it('mixes nothing of a message that made no sense into the genuine one after it', async () => {
    const { dtls, flight } = await halfway();
    const [{ fragment }] = readRecords(flight[1]);
    const [exchange] = readFragments(fragment);
    const forged = writeFragment({ ...exchange, bytes: Buffer.alloc(exchange.length) });
    const [start, ...rest] = refragment([flight[1]], 17);
    dtls.handle(flight[0], writeRecord(CONTENT.handshake, 0, 9, forged), start);
    dtls.handle(...rest, ...flight.slice(2));
    expect(dtls.events).toEqual(['connected']);
  });

  it('does not need an order', async () => {
    const random = seededRandom(7);
    for (const order of ['reversed', 'shuffled', 'shuffled', 'shuffled', 'shuffled', 'shuffled']) {
      const { dtls, flight } = await halfway();
      dtls.handle(...(order === 'reversed' ? flight.toReversed() : shuffled(flight, random)));
      expect(dtls.events).toEqual(['connected']);
    }
  });

  it('is not confused by datagrams that come twice', async () => {
    const { dtls, hello, flight } = await halfway();
    dtls.handle(hello, ...flight.flatMap((datagram) => [datagram, datagram]), hello, ...flight);
    expect(dtls.events).toEqual(['connected']);
    expect(dtls.sent).toHaveLength(2);
  });

  it('puts messages together from small overlapping fragments in any order', async () => {
    const random = seededRandom(8);
    const dtls = new TestServer();
    const peer = new TestDtlsClient({ certificate: client });
    const hello = await peer.firstSent(1);
    peer.receive(...dtls.handle(...shuffled(refragment(hello, 11), random)));
    const flight = (await peer.firstSent(CLIENT_DATAGRAMS)).slice(1);
    dtls.handle(...shuffled(refragment(flight, 17), random));
    expect(dtls.events).toEqual(['connected']);
  });

  it('takes several messages in a record and several records in a datagram', async () => {
    const { dtls, flight } = await halfway();
    const records = flight.flatMap((datagram) => [...readRecords(datagram)]);
    const clear = records.filter(({ epoch, type }) => epoch === 0 && type === CONTENT.handshake);
    const together = writeRecord(
      CONTENT.handshake,
      0,
      77,
      Buffer.concat(clear.map(({ fragment }) => fragment)),
    );
    dtls.handle(Buffer.concat([together, flight[3], flight[4]]));
    expect(dtls.events).toEqual(['connected']);
  });

  it('sends its flight again after 200 ms, then after twice that, until it is answered', async () => {
    const dtls = new TestServer();
    const peer = new TestDtlsClient({ certificate: client });
    const first = dtls.handle(...(await peer.firstSent(1)));
    const waits: (number | undefined)[] = [];
    let again: Buffer[] = [];
    for (let count = 0; count < 6; count++) {
      waits.push(dtls.deadlineIn);
      again = dtls.passToDeadline();
      expect(again.map(({ length }) => length)).toEqual(first.map(({ length }) => length));
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 3200]);
    peer.receive(...again);
    dtls.handle(...(await peer.firstSent(CLIENT_DATAGRAMS)).slice(1));
    expect(dtls.events).toEqual(['connected']);
  });

  it('gets through the loss of any one datagram of the client', async () => {
    for (let lost = 0; lost < CLIENT_DATAGRAMS - 1; lost++) {
      const { dtls, flight } = await halfway();
      dtls.handle(...flight.filter((_, index) => index !== lost));
      // Its ChangeCipherSpec says nothing that the epochs do not say.
      if (lost !== 3) {
        expect(dtls.events).toEqual([]);
        expect(dtls.pass(200)).toHaveLength(1);
        dtls.handle(...flight);
      }
      expect(dtls.events).toEqual(['connected']);
    }
  });

  it('sends its flight again when the client repeats its own, but not for each copy of it', async () => {
    const dtls = new TestServer();
    const peer = new TestDtlsClient({ certificate: client });
    const hello = await peer.firstSent(1);
    dtls.handle(...hello);
    dtls.now += 50;
    expect(dtls.handle(...hello)).toHaveLength(1);
    expect(dtls.handle(...hello, ...hello)).toHaveLength(0);
  });

  it('sends its last flight again when the client repeats its Finished', async () => {
    const { dtls, peer, flight } = await halfway();
    const [last] = dtls.handle(...flight);
    const repeated = writeMessage({ type: HANDSHAKE.finished, number: 4, body: peer.finished });
    dtls.now += 50;
    expect(dtls.handle(flight[4])).toEqual([]);
    const [again] = dtls.handle(peer.protect(CONTENT.handshake, 9, repeated));
    expect(again.length).toBe(last.length);
    peer.receive(again);
    await peer.connected;
    expect(dtls.events).toEqual(['connected']);
  });

  it('never uses a record number twice', async () => {
    const { dtls, peer, hello, flight } = await halfway();
    dtls.pass(200);
    dtls.handle(hello);
    dtls.handle(...flight);
    for (let count = 0; count < 3; count++) {
      dtls.now += 50;
      const repeated = writeMessage({ type: HANDSHAKE.finished, number: 4, body: peer.finished });
      dtls.handle(peer.protect(CONTENT.handshake, 9 + count, repeated));
    }
    dtls.close();
    const numbers = dtls.sent.flatMap((datagram) =>
      [...readRecords(datagram)].map(({ epoch, sequenceNumber }) => `${epoch}/${sequenceNumber}`),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((number) => number.startsWith('1/'))).toHaveLength(5);
  });

  it('gives up after 30 s and says what was missing and what it dropped', async () => {
    const { dtls, flight } = await halfway();
    dtls.handle(flight[0], Buffer.from([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 42]));
    expect(dtls.events).toEqual([]);
    while (dtls.deadlineIn !== undefined) dtls.passToDeadline();
    expect(dtls.failure).toBe('no client-key-exchange within 30 s; last dropped: alert 42 in the clear');
    expect(dtls.handle(...flight)).toEqual([]);
  });

  it('is not moved by what others could send once it is connected', async () => {
    const { dtls, hello, flight } = await connected();
    const alert = (epoch: number) => Buffer.from([21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 99, 0, 2, 2, 0]);
    const unknownType = Buffer.from([99, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0]);
    dtls.now += 1000;
    expect(dtls.handle(alert(0), alert(1), alert(2), unknownType, hello, ...flight)).toEqual([]);
    expect(dtls.events).toEqual(['connected']);
  });

  it('hands application data on once, however often it comes, and none before the handshake ends', async () => {
    const { dtls, peer, flight } = await halfway();
    const early = peer.protect(CONTENT.applicationData, 7, Buffer.from('early'));
    dtls.handle(...flight.slice(0, 4), early);
    dtls.handle(flight[4]);
    const data = peer.protect(CONTENT.applicationData, 8, Buffer.from('hello'));
    dtls.handle(data, data);
    expect(dtls.actions.filter(({ type }) => type === 'application-data')).toEqual([
      { type: 'application-data', bytes: Buffer.from('hello') },
    ]);
  });

  it('sends application data that the peer can read, and none before the handshake ends or after the goodbye', async () => {
    const { dtls: waiting } = await halfway();
    expect(waiting.send(Buffer.from('early'))).toEqual([]);
    const { dtls, peer } = await connected();
    const [hello, again] = [...dtls.send(Buffer.from('hello')), ...dtls.send(Buffer.from('again'))];
    expect(hello.toString('latin1')).not.toContain('hello');
    peer.receive(hello, again);
    expect(peer.heard.map(String)).toEqual(['hello', 'again']);
    expect(() => dtls.send(Buffer.alloc(2 ** 14 + 1))).toThrow(RangeError);
    dtls.close();
    expect(dtls.send(Buffer.from('late'))).toEqual([]);
  });

  it('answers a goodbye with a goodbye, and then is deaf', async () => {
    const { dtls, peer } = await connected();
    const [goodbye] = dtls.handle(peer.protect(CONTENT.alert, 7, Buffer.of(1, 0)));
    peer.receive(goodbye);
    await peer.closed;
    dtls.handle(peer.protect(CONTENT.applicationData, 8, Buffer.from('hello')));
    expect(dtls.close()).toEqual([]);
    expect(dtls.events).toEqual(['connected', 'closed']);
  });

  it('ends without an answer at a fatal alert', async () => {
    const { dtls, peer } = await connected();
    expect(dtls.handle(peer.protect(CONTENT.alert, 7, Buffer.of(2, 80)))).toEqual([]);
    expect(dtls.events).toEqual(['connected', 'closed']);
  });

  it('says goodbye when it is closed, once', async () => {
    const { dtls, peer } = await connected();
    peer.receive(...dtls.close());
    await peer.closed;
    expect(dtls.close()).toEqual([]);
    expect(dtls.events).toEqual(['connected', 'closed']);
  });

  it('closes in silence when there is nobody yet to tell', async () => {
    const { dtls, flight } = await halfway();
    expect(dtls.close()).toEqual([]);
    expect(dtls.handle(...flight)).toEqual([]);
    expect(dtls.events).toEqual(['closed']);
  });
});
