import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildStun, ICE_MAX_SOURCES, STUN_METHOD_BINDING } from '@parley/rtc';
import { framed } from './frame-splitter.ts';
import { MediaPort, type DatagramHandler } from './media-port.ts';
import type { Path } from './path.ts';

/** A transport that takes every check for its own, and whose peer is alive or not as the test says. */
class TestHandler implements DatagramHandler {
  readonly received: { text: string; port: number }[] = [];
  readonly paths: Path[] = [];
  readonly closed: Path[] = [];
  alive = true;
  fails = false;
  #told: (() => void) | undefined;

  handleDatagram(kind: string, bytes: Buffer, path: Path): boolean {
    this.received.push({ text: kind === 'stun' ? kind : bytes.toString('latin1', 12), port: path.port });
    this.paths.push(path);
    this.#told?.();
    if (this.fails) throw new Error('a mistake of ours');
    return kind === 'stun';
  }

  holds(): boolean {
    return this.alive;
  }

  pathClosed(path: Path): void {
    this.closed.push(path);
    this.#told?.();
  }

  /** Resolves when the connection of a peer is known to be gone. */
  async closedOne(): Promise<void> {
    while (this.closed.length === 0) await new Promise<void>((resolve) => (this.#told = resolve));
  }

  /** Resolves when so many datagrams have come since the beginning. */
  async count(datagrams: number): Promise<void> {
    while (this.received.length < datagrams) await new Promise<void>((resolve) => (this.#told = resolve));
  }
}

describe('the media port', () => {
  const sockets: Socket[] = [];
  const lines: string[] = [];
  let port: MediaPort;

  beforeEach(async () => {
    lines.length = 0;
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    port = await MediaPort.open({ host: '127.0.0.1', port: 0, log });
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await port.close();
  });

  async function peer() {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const send = (bytes: Buffer) => socket.send(bytes, port.port, '127.0.0.1');
    const check = (ufrag: string) =>
      send(
        buildStun({
          messageClass: 'request',
          method: STUN_METHOD_BINDING,
          transactionId: Buffer.alloc(12, 1),
          attributes: [{ type: 0x0006, value: Buffer.from(`${ufrag}:peer`) }],
          fingerprint: true,
        }),
      );
    const media = (text: string) =>
      send(Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(10), Buffer.from(text)]));
    const answer = () =>
      send(
        buildStun({
          messageClass: 'success',
          method: STUN_METHOD_BINDING,
          transactionId: Buffer.alloc(12, 1),
          attributes: [{ type: 0x0006, value: Buffer.from('peer:ufrag') }],
          fingerprint: true,
        }),
      );
    return { check, answer, media, port: socket.address().port };
  }

  function handler(ufrag: string): TestHandler {
    const made = new TestHandler();
    port.register(ufrag, made);
    return made;
  }

  it("does not let another's check take a living peer's packets away", async () => {
    const [ours, other, browser] = [handler('ours'), handler('other'), await peer()];
    browser.check('ours');
    await ours.count(1);
    browser.check('other');
    await other.count(1);
    browser.media('picture');
    await ours.count(2);
    expect(ours.received[1].text).toBe('picture');
    expect(other.received).toHaveLength(1);
  });

  it('gives an answer to whom its way leads to, whatever it names, and a stranger’s to nobody', async () => {
    const [alice, bob] = [handler('alice'), handler('bob')];
    const [ofAlice, ofBob, stranger] = [await peer(), await peer(), await peer()];
    stranger.answer();
    ofAlice.check('alice');
    ofBob.check('bob');
    await Promise.all([alice.count(1), bob.count(1)]);
    ofBob.answer();
    await bob.count(2);
    expect(bob.received.map(({ port }) => port)).toEqual([ofBob.port, ofBob.port]);
    expect(alice.received.map(({ port }) => port)).toEqual([ofAlice.port]);
  });

  it('gives the address of a peer that is gone to whoever checks from there', async () => {
    const [ours, other, browser] = [handler('ours'), handler('other'), await peer()];
    browser.check('ours');
    await ours.count(1);
    ours.alive = false;
    browser.check('other');
    browser.media('picture');
    await other.count(2);
    port.unregister('ours');
    browser.media('sound');
    await other.count(3);
    expect(other.received.map(({ text }) => text)).toEqual(['stun', 'picture', 'sound']);
  });

  it('forgets the oldest of too many addresses of one peer, so that nobody can fill its memory', async () => {
    const ours = handler('ours');
    ours.alive = false;
    const peers = [];
    for (let i = 0; i <= ICE_MAX_SOURCES; i++) {
      const browser = await peer();
      peers.push(browser);
      browser.check('ours');
      await ours.count(i + 1);
    }
    peers[0].media('first');
    peers[1].media('second');
    await ours.count(ICE_MAX_SOURCES + 2);
    expect(ours.received.at(-1)?.text).toBe('second');
  });

  it('routes nothing to a handler that was taken off', async () => {
    const [ours, other, browser, stranger] = [handler('ours'), handler('other'), await peer(), await peer()];
    browser.check('ours');
    await ours.count(1);
    port.unregister('ours');
    browser.media('picture');
    stranger.check('other');
    await other.count(1);
    expect(ours.received).toHaveLength(1);
  });

  it('survives a handler that fails, and says so once', async () => {
    const [ours, other, browser, stranger] = [handler('ours'), handler('other'), await peer(), await peer()];
    ours.fails = true;
    browser.check('ours');
    browser.check('ours');
    await ours.count(2);
    stranger.check('other');
    await other.count(1);
    expect(lines.filter((line) => line.includes('a mistake of ours'))).toHaveLength(1);
  });

  describe('over TCP, under the same number', () => {
    const check = (ufrag: string) =>
      buildStun({
        messageClass: 'request',
        method: STUN_METHOD_BINDING,
        transactionId: Buffer.alloc(12, 1),
        attributes: [{ type: 0x0006, value: Buffer.from(`${ufrag}:peer`) }],
        fingerprint: true,
      });
    const media = Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(10), Buffer.from('over TCP')]);

    async function connection() {
      const socket = connect(port.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }

    it('takes packets of one stream apart, and answers on the connection that they came on', async () => {
      const [ours, socket] = [handler('ours'), await connection()];
      const bytes = Buffer.concat([framed(check('ours')), framed(media)]);
      for (const byte of bytes) socket.write(Buffer.from([byte]));
      await ours.count(2);
      expect(ours.received.map(({ text }) => text)).toEqual(['stun', 'over TCP']);
      expect(ours.paths[0]).toMatchObject({ protocol: 'tcp', address: '127.0.0.1', port: socket.localPort });
      port.send([{ bytes: Buffer.from('answer'), path: ours.paths[0] }]);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.equals(framed(Buffer.from('answer')))).toBe(true);
      socket.destroy();
    });

    it('tells the transport when the connection is gone', async () => {
      const [ours, socket] = [handler('ours'), await connection()];
      socket.write(framed(check('ours')));
      await ours.count(1);
      socket.destroy();
      await ours.closedOne();
      expect(ours.closed).toEqual([ours.paths[0]]);
    });

    it('hangs up on who says nothing for ten seconds, and leaves a peer alone', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const [ours, silent, socket] = [handler('ours'), await connection(), await connection()];
      silent.resume();
      const closed = once(silent, 'close');
      socket.write(framed(check('ours')));
      await ours.count(1);
      vi.advanceTimersByTime(10_000);
      await closed;
      vi.useRealTimers();
      socket.write(framed(media));
      await ours.count(2);
      socket.destroy();
    });

    it('keeps no more connections of one peer than addresses, however good its checks are', async () => {
      const ours = handler('ours');
      ours.alive = false;
      const connections = [];
      for (let count = 1; count <= ICE_MAX_SOURCES + 1; count++) {
        const socket = await connection();
        connections.push(socket);
        socket.write(framed(check('ours')));
        await ours.count(count);
      }
      const [oldest, ...others] = connections;
      oldest?.resume();
      if (oldest && !oldest.closed) await once(oldest, 'close');
      expect(ours.closed).toEqual([ours.paths[0]]);
      expect(others.filter(({ closed }) => closed)).toEqual([]);
      for (const socket of others) socket.destroy();
    });

    it.each([
      ['anything but a check', framed(media)],
      ['a check for nobody', framed(check('nobody'))],
      ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'.padEnd(20_000))],
    ])('hangs up on %s', async (_, bytes) => {
      const socket = await connection();
      const closed = once(socket, 'close');
      socket.on('error', () => socket.destroy());
      socket.write(bytes);
      await closed;
    });
  });
});
