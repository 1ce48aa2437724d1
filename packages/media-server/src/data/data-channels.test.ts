import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_CHANNELS, MAX_MESSAGE_SIZE } from './data-channels.ts';
import type { DataMessage } from './data-flow.ts';
import { dataBench, type DataBench } from './testing.ts';

const plain = {
  label: 'chat',
  protocol: '',
  ordered: true,
  maxRetransmits: undefined,
  maxPacketLifeTime: undefined,
};

const benches: DataBench[] = [];

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

async function connected(options: Parameters<typeof dataBench>[0] = {}): Promise<DataBench> {
  const bench = await dataBench(options);
  benches.push(bench);
  await bench.peer.start();
  await bench.peer.until(() => bench.channels.established && bench.peer.sctp.sctp.state === 'connected');
  return bench;
}

/** What the peer says, as the elements of the pipeline get it. */
function heard({ channels, peer }: DataBench): DataMessage[] {
  const messages: DataMessage[] = [];
  channels.source.addSink({
    write: (message) => {
      messages.push(message);
      peer.changed();
    },
  });
  return messages;
}

const text = (content: string): DataMessage => ({ bytes: Buffer.from(content), isText: true });

describe('data channels', () => {
  it('hand on text and binary of any length up to the announced one, in order, from every channel of the peer', async () => {
    const bench = await connected();
    const { peer } = bench;
    const messages = heard(bench);
    const [first, second] = [peer.open('first'), peer.open('second', { ordered: false })];
    await peer.until(() => bench.events.length === 2);
    const long = Buffer.alloc(MAX_MESSAGE_SIZE - 1, 7);
    peer.sctp.remoteMaxMessageSize = MAX_MESSAGE_SIZE;
    first.send('ä');
    first.send(long);
    await peer.until(() => messages.length === 2);
    second.send(Buffer.of(1));
    await peer.until(() => messages.length === 3);
    expect(bench.events).toEqual(['opened 1', 'opened 3']);
    expect(messages[0]).toEqual(text('ä'));
    expect(messages[1].isText).toBe(false);
    expect(messages[1].bytes.equals(long)).toBe(true);
    expect(messages[2]).toEqual({ bytes: Buffer.of(1), isText: false });
    expect(bench.channels.all[0]).toMatchObject({ messagesReceived: 2, bytesReceived: long.length + 2 });
  });

  it('take messages of the pipeline to the first channel of the peer, the empty ones too', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    peer.open('first');
    peer.open('second');
    await peer.until(() => bench.events.length === 2);
    const long = Buffer.alloc(65_536, 3);
    channels.write(text('hello'));
    channels.write({ bytes: Buffer.alloc(0), isText: true });
    channels.write({ bytes: Buffer.alloc(0), isText: false });
    channels.write({ bytes: long, isText: false });
    await peer.until(() => peer.received.length === 4);
    expect(peer.received.map(({ channel }) => channel)).toEqual([1, 1, 1, 1]);
    expect(peer.received.slice(0, 3).map(({ data }) => data)).toEqual(['hello', '', Buffer.alloc(0)]);
    expect(long.equals(peer.received[3].data as Buffer)).toBe(true);
    expect(channels.all[0]).toMatchObject({ messagesSent: 4, bytesSent: 65_541 });
  });

  it('open a channel of their own for a message when the peer has none, with an id of their own kind', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    channels.write(text('first'));
    channels.write(text('second'));
    await peer.until(() => peer.received.length === 2);
    expect(peer.received.map(({ data }) => data)).toEqual(['first', 'second']);
    expect(peer.incoming.map(({ id, label }) => [id, label])).toEqual([[1, '']]);
    await peer.until(() => bench.events.length === 1);
    expect(bench.events).toEqual(['opened 1']);
  });

  it('open channels with what was asked for them, and close them on either side’s word, each told once', async () => {
    const bench = await connected({ isDtlsServer: false });
    const { channels, peer } = bench;
    const parameters = { ...plain, label: 'späte', protocol: 'p', ordered: false, maxPacketLifeTime: 500 };
    channels.create(parameters);
    channels.create({ ...plain, maxRetransmits: 0 });
    await peer.until(() => peer.incoming.length === 2 && bench.events.length === 2);
    expect(peer.incoming[0]).toMatchObject({
      id: 0,
      label: 'späte',
      protocol: 'p',
      ordered: false,
      maxPacketLifeTime: 500,
    });
    expect(peer.incoming[1]).toMatchObject({ id: 2, label: 'chat', ordered: true, maxRetransmits: 0 });
    channels.closeChannel(0);
    channels.closeChannel(0);
    channels.closeChannel(99);
    await peer.until(() => peer.incoming[0].readyState === 'closed');
    peer.incoming[1].close();
    await peer.until(() => bench.events.length === 4);
    expect(bench.events).toEqual(['opened 0', 'opened 2', 'closed 0', 'closed 2']);
    expect(channels.all).toEqual([]);
    expect(channels.counts).toEqual({ opened: 2, closed: 2 });
  });

  it('send what was said before a channel is closed', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    peer.open('chat');
    await peer.until(() => bench.events.length === 1);
    const long = Buffer.alloc(200_000, 1);
    channels.write({ bytes: long, isText: false });
    channels.closeChannel(1);
    await peer.until(() => bench.events.includes('closed 1'));
    expect(peer.received.map(({ data }) => data.length)).toEqual([long.length]);
  });

  it('get over packets that are lost on their way to the server', async () => {
    let count = 0;
    const bench = await connected({ change: (packet) => (++count % 10 === 0 ? undefined : packet) });
    const messages = heard(bench);
    const channel = bench.peer.open('chat');
    await bench.peer.until(() => bench.events.length === 1);
    const long = Buffer.alloc(60_000, 9);
    channel.send(long);
    await bench.peer.until(() => messages.length === 1);
    expect(messages[0].bytes.equals(long)).toBe(true);
  });

  it('hand on all that waited for a lost packet when it comes, of several channels at once, not with the next one', async () => {
    let isFirst = true;
    const bench = await connected({
      change: (packet) => {
        if (!isFirst || !packet.includes('first 0')) return packet;
        isFirst = false;
        return undefined;
      },
    });
    const messages = heard(bench);
    const opened = ['first', 'second'].map((label) => ({ label, channel: bench.peer.open(label) }));
    await bench.peer.until(() => bench.events.length === 2);
    for (let index = 0; index < 4; index++)
      for (const { label, channel } of opened) channel.send(`${label} ${index}`);
    await bench.peer.until(() => messages.length === 8);
    const order = messages.map(({ bytes }) => bytes.toString());
    for (const { label } of opened)
      expect(order.filter((content) => content.startsWith(label))).toEqual(
        [0, 1, 2, 3].map((index) => `${label} ${index}`),
      );
  });

  it('let the peer wait for a slow element of the pipeline, and lose nothing of what it says before it closes', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    const got: number[] = [];
    let open: () => void = () => undefined;
    const room = new Promise<void>((resolve) => (open = resolve));
    channels.source.addSink({
      write: ({ bytes }) => {
        got.push(bytes[0]);
        peer.changed();
      },
      room: () => (got.length === 1 ? room : undefined),
    });
    const channel = peer.open('chat');
    await peer.until(() => bench.events.length === 1);
    peer.sctp.remoteMaxMessageSize = MAX_MESSAGE_SIZE;
    const count = 12;
    for (let index = 0; index < count; index++) channel.send(Buffer.alloc(200_000, index));
    // The window is full; nothing moves any more but probes.
    await peer.until(() =>
      bench.sent.some((packet) => packet[12] === 3 && packet.readUInt32BE(20) < 100_000),
    );
    expect(got).toEqual([0]);
    open();
    await peer.until(() => got.length === count);
    expect(got).toEqual(Array.from({ length: count }, (_, index) => index));
    channel.close();
    await peer.until(() => bench.events.includes('closed 1'));
  });

  it.each([
    ['', {}],
    [' on a channel that may lose messages, and lose none', { maxRetransmits: 0 }],
  ])('let a peer wait that floods many others%s', async (_, limits) => {
    const bench = await connected();
    const { peer, channels, given } = bench;
    const messages: string[] = [];
    channels.source.addSink({
      write: ({ bytes }) => {
        messages.push(bytes.toString());
        peer.changed();
      },
      // As many as a message may go to in half a second.
      reach: () => 2_500,
    });
    const channel = peer.open('flood', limits);
    await peer.until(() => bench.events.length === 1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    for (const message of ['one', 'two', 'three']) channel.send(message);
    await peer.until(() => messages.length === 3);
    channel.send('four');
    await peer.until(() => given.some((packet) => packet.includes('four')));
    expect(messages).toEqual(['one', 'two', 'three']);
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await peer.until(() => messages.length === 4);
    expect(messages[3]).toBe('four');
  });

  it('let nobody wait for what is said on a channel that may lose messages', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    let got = 0;
    channels.source.addSink({
      write: () => {
        got++;
        peer.changed();
      },
      room: () => new Promise<void>(() => undefined),
    });
    const channel = peer.open('moves', { ordered: false, maxRetransmits: 1 });
    await peer.until(() => bench.events.length === 1);
    for (let index = 0; index < 3; index++) channel.send('here');
    await peer.until(() => got === 3);
  });

  it('drop what has waited longer than its channel allows, and send what comes after', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    peer.open('moves', { maxPacketLifeTime: 500 });
    await peer.until(() => bench.events.length === 1);
    const stopped: Buffer[] = [];
    const receive = peer.receive.bind(peer);
    peer.receive = (packet) => stopped.push(packet);
    const long = Buffer.alloc(200_000, 4);
    channels.write({ bytes: long, isText: false });
    channels.write(text('too old by then'));
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 501);
    peer.receive = receive;
    for (const packet of stopped) receive(packet);
    channels.write(text('new'));
    await peer.until(() => peer.received.some(({ data }) => data === 'new'));
    now.mockRestore();
    expect(peer.received.map(({ data }) => data)).not.toContain('too old by then');
    expect(channels.all[0].messagesSent).toBe(2);
  });

  it('refuse more channels than they allow, and go on with those that are there', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    const opened = Array.from({ length: MAX_CHANNELS + 1 }, (_, index) => peer.open(`channel ${index}`));
    await peer.until(() => opened[MAX_CHANNELS].readyState === 'closed');
    expect(channels.all).toHaveLength(MAX_CHANNELS);
    expect(channels.create(plain)).toBeUndefined();
    const messages = heard(bench);
    opened[MAX_CHANNELS - 1].send('still here');
    await peer.until(() => messages.length === 1);
  });

  it('lose a message that the peer did not agree to take, and only that one', async () => {
    const bench = await connected({ remoteMaxMessageSize: 10 });
    const { channels, peer } = bench;
    peer.open('chat');
    await peer.until(() => bench.events.length === 1);
    channels.write(text('12345678901'));
    channels.write(text('1234567890'));
    await peer.until(() => peer.received.length === 1);
    expect(peer.received[0].data).toBe('1234567890');
  });

  it('close a channel on which the peer says more at once than was announced', async () => {
    const bench = await connected();
    const messages = heard(bench);
    const channel = bench.peer.open('chat');
    await bench.peer.until(() => bench.events.length === 1);
    bench.peer.sctp.remoteMaxMessageSize = 0;
    channel.send(Buffer.alloc(MAX_MESSAGE_SIZE + 1));
    await bench.peer.until(() => bench.events.includes('closed 1'));
    expect(messages).toEqual([]);
  });

  it('hold a bounded number of bytes for a peer that acknowledges nothing', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    peer.open('chat');
    await peer.until(() => bench.events.length === 1);
    const sentBefore = bench.sent.length;
    peer.receive = () => undefined;
    for (let index = 0; index < 100; index++) channels.write({ bytes: Buffer.alloc(200_000), isText: false });
    expect(channels.bufferedBytes).toBeGreaterThan(7_000_000);
    expect(channels.bufferedBytes).toBeLessThan(9_000_000);
    expect(bench.sent.length - sentBefore).toBeLessThan(20);
  });

  it('tell of each channel that it is closed when they end, in the order of opening, and the peer as well', async () => {
    const bench = await connected();
    const { channels, peer } = bench;
    const opened = [peer.open('a'), peer.open('b'), peer.open('c')];
    await peer.until(() => bench.events.length === 3);
    channels.close();
    channels.close();
    expect(bench.events.slice(3)).toEqual(['closed 1', 'closed 3', 'closed 5']);
    await peer.until(() => opened.every(({ readyState }) => readyState === 'closed'));
    expect(channels.established).toBe(false);
    channels.write(text('too late'));
    expect(channels.create(plain)).toBeUndefined();
  });

  it('leave no timer behind when they end, though the peer has vanished in the middle of a message', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const before = timers();
    const bench = await dataBench();
    const { channels, peer, events } = bench;
    await peer.start();
    peer.open('chat');
    await peer.until(() => events.length === 1);
    await peer.stop();
    peer.receive = () => undefined;
    for (let index = 0; index < 20; index++) channels.write({ bytes: Buffer.alloc(200_000), isText: false });
    expect(channels.room()).toBeDefined();
    expect(timers()).toBeGreaterThan(before);
    channels.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('end when the peer ends the association', async () => {
    const bench = await connected();
    bench.peer.open('chat');
    await bench.peer.until(() => bench.events.length === 1);
    await bench.peer.stop();
    await bench.peer.until(() => bench.events.includes('closed 1'));
    expect(bench.channels.established).toBe(false);
  });
});
