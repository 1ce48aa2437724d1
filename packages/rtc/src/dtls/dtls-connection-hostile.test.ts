import { beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_DATAGRAMS, TestDtlsClient } from '../testing/dtls-client.ts';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { DtlsConnection, type DtlsAction } from './dtls-connection.ts';
import { HANDSHAKE, writeMessage } from './handshake-message.ts';
import { CONTENT, readRecords, RECORD_HEADER_LENGTH, writeRecord } from './record.ts';
import { createSelfSignedCertificate, type SelfSignedCertificate } from './self-signed-certificate.ts';

const NOW = 5_000;

let certificate: SelfSignedCertificate;
let client: SelfSignedCertificate;

beforeAll(() => {
  certificate = createSelfSignedCertificate(Date.now());
  client = createSelfSignedCertificate(Date.now());
});

/** A server that takes any certificate, so that what is mutated gets as far as possible. */
function newServer(): DtlsConnection {
  return new DtlsConnection({
    role: 'server',
    certificate,
    remoteFingerprint: undefined,
    profiles: ['AEAD_AES_128_GCM'],
  });
}

function types(actions: readonly DtlsAction[]): string[] {
  return actions.map(({ type }) => type).filter((type) => type !== 'send');
}

/** A server that has sent its flight, and what the client answers to it. */
async function halfway() {
  const dtls = newServer();
  const peer = new TestDtlsClient({ certificate: client });
  const [hello] = await peer.firstSent(1);
  for (const action of dtls.handleDatagram(hello, NOW))
    if (action.type === 'send') peer.receive(action.datagram);
  const [, ...flight] = await peer.firstSent(CLIENT_DATAGRAMS);
  return { dtls, peer, hello, flight };
}

/** Every way of cutting a datagram short: as it is, and with a record length that hides the cut. */
function* cuts(datagram: Buffer): Generator<Buffer> {
  for (let length = 0; length < datagram.length; length++) {
    yield datagram.subarray(0, length);
    if (length < RECORD_HEADER_LENGTH) continue;
    const hidden = Buffer.from(datagram.subarray(0, length));
    hidden.writeUInt16BE(length - RECORD_HEADER_LENGTH, RECORD_HEADER_LENGTH - 2);
    yield hidden;
  }
}

/** Changes up to four bytes, cuts, extends, repeats a part or sets a length to its extremes. */
function mutated(datagram: Buffer, random: () => number): Buffer {
  const position = () => Math.floor(random() * datagram.length);
  const changed = Buffer.from(datagram);
  for (let count = Math.floor(random() * 4); count >= 0; count--) {
    const kind = random();
    if (kind < 0.5) changed[position()] = Math.floor(random() * 256);
    else if (kind < 0.8) changed[position()] ^= 1 << Math.floor(random() * 8);
    else changed.fill(random() < 0.5 ? 0 : 255, position(), position());
  }
  const shape = random();
  if (shape < 0.1) return changed.subarray(0, position());
  if (shape < 0.2) return Buffer.concat([changed, randomBytes(random, 20)]);
  if (shape < 0.3) return Buffer.concat([changed, datagram]);
  return changed;
}

describe('a DTLS server that is sent nonsense', () => {
  it('drops a ClientHello that is cut at any length, and takes the whole one after it', async () => {
    const peer = new TestDtlsClient({ certificate: client });
    const [hello] = await peer.firstSent(1);
    const dtls = newServer();
    for (const cut of cuts(hello)) expect(dtls.handleDatagram(cut, NOW)).toEqual([]);
    expect(dtls.handleDatagram(hello, NOW)).toMatchObject([{ type: 'send' }]);
  });

  it("drops the client's other datagrams cut at any length, and connects with the whole ones after them", async () => {
    const { dtls, flight } = await halfway();
    for (const datagram of flight) {
      const actions = [...cuts(datagram)].flatMap((cut) => dtls.handleDatagram(cut, NOW));
      expect(actions).toEqual([]);
      dtls.handleDatagram(datagram, NOW);
    }
    expect(types(dtls.handleDatagram(flight[4], NOW))).toEqual([]);
    expect(dtls.nextDeadline()).toBeUndefined();
  });

  it(
    'never throws at 20,000 mutated datagrams, whatever it is waiting for, and never connects',
    { timeout: 60_000 },
    async () => {
      const random = seededRandom(42);
      const { peer, hello, flight, dtls: whole } = await halfway();
      const recorded = [hello, ...flight];
      const reasons = new Set<string>();
      let dtls = newServer();
      for (let count = 0; count < 20_000; count++) {
        // As far as a recorded handshake goes without its server's random: to the CertificateVerify.
        const progress = count % 4;
        if (progress > 0) dtls.handleDatagram(hello, NOW);
        if (progress > 1) dtls.handleDatagram(flight[0], NOW);
        if (progress > 2) dtls.handleDatagram(flight[1], NOW);
        const changed = mutated(recorded[Math.floor(random() * recorded.length)], random);
        const end = dtls.handleDatagram(changed, NOW).find(({ type }) => type !== 'send');
        if (end) reasons.add(end.type === 'failed' ? end.reason.replace(/:.*/, '') : end.type);
        if (end || count % 80 === 79) dtls = newServer();
      }
      expect([...reasons].filter((reason) => /^(internal error|connected|closed)/.test(reason))).toEqual([]);
      // It has been through every step that it can be brought to.
      expect([...reasons].join()).toContain('key of its certificate');

      for (const datagram of flight.slice(0, 4)) whole.handleDatagram(datagram, NOW);
      for (let count = 0; count < 2_000; count++) {
        const changed = mutated(flight[4], random);
        if (!changed.includes(flight[4])) expect(types(whole.handleDatagram(changed, NOW))).toEqual([]);
      }
      expect(whole.nextDeadline()).toBeDefined();
      whole.handleDatagram(flight[4], NOW);
      expect(whole.nextDeadline()).toBeUndefined();
      for (const datagram of [hello, ...flight])
        for (let count = 0; count < 500; count++)
          expect(types(whole.handleDatagram(mutated(datagram, random), NOW))).toEqual([]);
      expect(types(whole.handleDatagram(peer.protect(CONTENT.alert, 900, Buffer.of(1, 0)), NOW))).toEqual([
        'closed',
      ]);
    },
  );

  it('does not throw at nonsense under the keys of the peer itself', async () => {
    const random = seededRandom(43);
    const { dtls, peer, flight } = await halfway();
    for (const datagram of flight.slice(0, 4)) dtls.handleDatagram(datagram, NOW);
    const finished = writeMessage({ type: HANDSHAKE.finished, number: 4, body: peer.finished });
    const actions: DtlsAction[] = [];
    for (let count = 0; count < 500; count++) {
      const content = mutated(finished, random);
      // What is still the genuine Finished would end the test.
      if (content.includes(peer.finished)) continue;
      actions.push(...dtls.handleDatagram(peer.protect(CONTENT.handshake, 10 + count, content), NOW));
    }
    expect(types(actions)).toEqual(['failed']);
  });

  it('keeps a bounded part of messages that are never finished', () => {
    const dtls = newServer();
    const before = process.memoryUsage().arrayBuffers;
    for (let number = 0; number < 65_536; number += 1) {
      const fragment = Buffer.alloc(12 + 1);
      fragment[0] = HANDSHAKE.certificate;
      fragment.writeUIntBE(32_000, 1, 3);
      fragment.writeUInt16BE(number, 4);
      fragment.writeUIntBE(1, 9, 3);
      dtls.handleDatagram(writeRecord(CONTENT.handshake, 0, number, fragment), NOW);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('reads no record beyond one that is no DTLS', () => {
    const record = writeRecord(CONTENT.handshake, 0, 1, Buffer.from('abc'));
    const foreign = Buffer.from(record);
    foreign[1] = 3;
    expect([...readRecords(Buffer.concat([record, foreign, record]))]).toHaveLength(1);
  });
});
