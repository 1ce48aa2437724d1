import { DtlsClient, type DtlsSocket } from 'werift';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import {
  buildStun,
  classifyDatagram,
  ICE_FAILED_AFTER,
  parseStun,
  STUN_METHOD_BINDING,
  type StunMessage,
} from '@parley/rtc';
import { createDtlsCertificate } from './certificate.ts';
import { MediaPort } from './media-port.ts';
import type { Path } from './path.ts';
import { WebRtcTransportFactory } from './webrtc-transport.ts';

const log = pino({ level: 'silent' });
const nobody = {
  onRtp: () => {},
  onRtcp: () => {},
  onIceState: () => {},
  onIceRestarted: () => {},
  onSelectedPath: () => {},
  onDtlsState: () => {},
};

/** The first datagram of a handshake. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const transport = {
      type: 'udp',
      closed: false,
      onData: () => {},
      send: async (datagram: Buffer) => resolve(datagram),
      close: async () => {},
    };
    const client = new DtlsClient({
      transport: transport as unknown as DtlsSocket['options']['transport'],
      srtpProfiles: [7],
    });
    void client.connect();
  });
}

describe('a WebRTC transport', () => {
  it('sends nothing to a peer that has stopped asking for it, and goes on when it asks again', async () => {
    const port = await MediaPort.open({ host: '127.0.0.1', port: 0, log });
    const certificate = createDtlsCertificate();
    const transport = new WebRtcTransportFactory(port, ['127.0.0.1'], certificate, log).create(nobody);
    transport.start({ ice: { ufrag: 'peer', pwd: 'secret' }, fingerprint: undefined, role: 'server' });

    const received: string[] = [];
    let told: (() => void) | undefined;
    const path: Path = {
      protocol: 'udp',
      address: '192.0.2.7',
      port: 50_000,
      send: (packet) => {
        received.push(classifyDatagram(packet));
        told?.();
      },
    };
    const count = async (packets: number) => {
      while (received.length < packets) await new Promise<void>((resolve) => (told = resolve));
    };

    const give = (kind: 'stun' | 'dtls', bytes: Buffer, now: number) =>
      transport.handleDatagram(kind, bytes, path, now);
    const check = buildStun({
      messageClass: 'request',
      method: STUN_METHOD_BINDING,
      transactionId: Buffer.alloc(12, 1),
      attributes: [{ type: 0x0006, value: Buffer.from(`${transport.local.ufrag}:peer`) }],
      integrityKey: transport.local.pwd,
      fingerprint: true,
    });
    const hello = await clientHello();

    give('stun', check, 0);
    await count(1);
    give('dtls', hello, ICE_FAILED_AFTER - 1_000);
    await count(2);
    // The server's flight is due again, and again when the client repeats its own.
    transport.tick(ICE_FAILED_AFTER);
    give('dtls', hello, ICE_FAILED_AFTER + 100);
    give('stun', check, ICE_FAILED_AFTER + 100);
    await count(3);
    give('dtls', hello, ICE_FAILED_AFTER + 200);
    await count(4);
    expect(received).toEqual(['stun', 'dtls', 'stun', 'dtls']);

    transport.close();
    await port.close();
  });

  it('asks a peer that checks no more, as libnice does once it has nominated, and goes on as long as it answers', async () => {
    const port = await MediaPort.open({ host: '127.0.0.1', port: 0, log });
    const certificate = createDtlsCertificate();
    const transport = new WebRtcTransportFactory(port, ['127.0.0.1'], certificate, log).create(nobody);
    const theirs = { ufrag: 'peer', pwd: 'password-of-22-characters' };
    transport.start({ ice: theirs, fingerprint: undefined, role: 'server' });
    const questions: StunMessage[] = [];
    let told: (() => void) | undefined;
    const path: Path = {
      protocol: 'udp',
      address: '192.0.2.7',
      port: 50_000,
      send: (packet) => {
        const message = parseStun(Buffer.from(packet));
        if (message?.messageClass === 'request') questions.push(message);
        told?.();
      },
    };
    const give = (
      message: Pick<StunMessage, 'messageClass' | 'transactionId'>,
      pwd: string,
      now: number,
      attributes: { type: number; value: Buffer }[] = [],
    ) => {
      const { messageClass, transactionId } = message;
      const options = { messageClass, transactionId, method: STUN_METHOD_BINDING, attributes };
      const bytes = buildStun({ ...options, integrityKey: pwd, fingerprint: true });
      return transport.handleDatagram('stun', bytes, path, now);
    };
    const username = Buffer.from(`${transport.local.ufrag}:peer`);
    give({ messageClass: 'request', transactionId: Buffer.alloc(12, 1) }, transport.local.pwd, 0, [
      { type: 0x0006, value: username },
    ]);

    const end = 3 * ICE_FAILED_AFTER;
    const states = new Set<string>();
    for (let now = 0; now < end; now += 500) {
      const isDue = now > 0 && now % 5_000 === 0;
      transport.tick(now);
      states.add(transport.iceState);
      if (!isDue) continue;
      while (questions.length < now / 5_000) await new Promise<void>((resolve) => (told = resolve));
      const [question] = questions.slice(-1);
      expect(question?.username).toBe(`peer:${transport.local.ufrag}`);
      if (question) give({ ...question, messageClass: 'success' }, theirs.pwd, now);
    }
    expect(states).toEqual(new Set(['connected']));
    transport.tick(end + ICE_FAILED_AFTER);
    expect(transport.iceState).toBe('failed');

    transport.close();
    await port.close();
  });
});
