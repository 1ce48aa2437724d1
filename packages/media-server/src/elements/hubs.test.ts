import { beforeEach, describe, expect, it } from 'vitest';
import { DataFanOut, type DataMessage, type DataSink, type DataSource } from '../data/data-flow.ts';
import { MAX_RELAYS_IN_A_ROW } from '../forwarding/passage.ts';
import { DispatcherOneToMany } from './dispatcher-one-to-many.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Hub } from './hub.ts';
import { HubPort } from './hub-port.ts';
import { PassThrough } from './pass-through.ts';
import { Bench, TestEndpoint } from './testing.ts';

let bench: Bench;
beforeEach(() => (bench = new Bench()));

const endpoint = () => bench.make(TestEndpoint);
const port = (hub: Hub) => bench.make(HubPort, { hub });

/** An endpoint that is connected to a port of the hub both ways. */
function member(hub: Hub): { port: HubPort; endpoint: TestEndpoint } {
  const joined = { port: port(hub), endpoint: endpoint() };
  joined.endpoint.connect(joined.port);
  joined.port.connect(joined.endpoint);
  return joined;
}

describe('PassThrough', () => {
  it('hands on what it is given, and tells of it on both sides', () => {
    const [up, down, middle] = [endpoint(), endpoint(), bench.make(PassThrough)];
    up.connect(middle);
    middle.connect(down);
    const packet = up.send(65_535);
    expect(down.got).toEqual([packet]);
    expect(down.got[0]).toBe(packet);
    expect(up.given.keyframesAsked).toBeGreaterThan(0);
    expect([middle.isMediaFlowingIn('VIDEO'), middle.isMediaFlowingOut('VIDEO')]).toEqual([true, true]);
    bench.pass(5_000);
    expect([middle.isMediaFlowingIn('VIDEO'), middle.isMediaFlowingOut('VIDEO')]).toEqual([false, false]);
    expect(bench.eventsOf(middle, 'MediaFlowInStateChanged').map(({ state }) => state)).toEqual([
      'FLOWING',
      'NOT_FLOWING',
    ]);
  });

  it('may feed itself, alone or through another, and feeds others when its source comes', () => {
    const [up, down, one, two] = [endpoint(), endpoint(), bench.make(PassThrough), bench.make(PassThrough)];
    one.connect(one);
    two.connect(one);
    one.connect(two);
    two.connect(down);
    up.send(1);
    expect(down.got).toEqual([]);
    up.connect(one);
    up.send(2);
    expect(down.got).toHaveLength(1);
  });

  it('says in an event that a chain of them is too long, once', () => {
    const chain = Array.from({ length: MAX_RELAYS_IN_A_ROW + 2 }, () => bench.make(PassThrough));
    const [up, down] = [endpoint(), endpoint()];
    for (let at = 1; at < chain.length; at++) chain[at - 1].connect(chain[at]);
    chain[chain.length - 1].connect(down);
    up.connect(chain[0]);
    for (const sequence of [1, 2, 3]) up.send(sequence);
    expect(down.got).toEqual([]);
    const errors = bench.events.filter(({ type }) => type === 'Error');
    expect(errors.map(({ source, data }) => [source.id, data.errorCode])).toEqual([
      [chain[MAX_RELAYS_IN_A_ROW].id, 40009],
    ]);
  });

  it('passes on messages of data channels, through a hub as well', () => {
    class Talker extends TestEndpoint {
      readonly out = new DataFanOut();
      readonly heard: string[] = [];
      readonly #in: DataSink = { write: ({ bytes }) => this.heard.push(bytes.toString()) };

      override dataSource(): DataSource {
        return this.out;
      }

      override dataSink(): DataSink {
        return this.#in;
      }
    }
    const [speaker, listener] = [bench.make(Talker), bench.make(Talker)];
    const [middle, hub] = [bench.make(PassThrough), bench.make(Dispatcher)];
    const [from, to] = [port(hub), port(hub)];
    speaker.connect(middle, 'DATA');
    middle.connect(from, 'DATA');
    middle.connect(middle, 'AUDIO');
    hub.connect(from, to);
    to.connect(listener);
    const hello: DataMessage = { bytes: Buffer.from('hello'), isText: true };
    speaker.out.write(hello);
    to.disconnect(listener, 'DATA');
    speaker.out.write(hello);
    expect(listener.heard).toEqual(['hello']);
  });
});

describe('Dispatcher', () => {
  it('is named by an id of three parts at its ports', () => {
    const hub = bench.make(Dispatcher);
    const child = port(hub);
    expect(child.id.split('/').slice(0, 2).join('/')).toBe(hub.id);
    expect([child.id.split('/').length, child.parent, child.mediaPipeline]).toEqual([3, hub, bench.pipeline]);
    expect(hub.children).toEqual([child]);
  });

  it('feeds one port by another, several by one, and each by the last one named', () => {
    const hub = bench.make(Dispatcher);
    const [a, b, c] = [member(hub), member(hub), member(hub)];
    hub.connect(a.port, b.port);
    hub.connect(a.port, c.port);
    hub.connect(a.port, c.port);
    a.endpoint.send(1);
    expect([a.endpoint.got.length, b.endpoint.got.length, c.endpoint.got.length]).toEqual([0, 1, 1]);
    hub.connect(b.port, c.port);
    a.endpoint.send(2);
    b.endpoint.send(7, 4444);
    expect([b.endpoint.got.length, c.endpoint.got.map(({ rtp }) => rtp.ssrc)]).toEqual([2, [1111, 4444]]);
    expect(a.port.isMediaFlowingIn('VIDEO')).toBe(true);
    expect(c.port.isMediaFlowingOut('VIDEO')).toBe(true);
    expect(a.port.isMediaFlowingOut('VIDEO')).toBe(false);
  });

  it('lets a port hear itself, and ends circles of ports', () => {
    const hub = bench.make(Dispatcher);
    const [a, b] = [member(hub), member(hub)];
    hub.connect(a.port, a.port);
    a.endpoint.send(1);
    expect(a.endpoint.got).toHaveLength(1);
    a.port.connect(b.port);
    b.port.connect(a.port);
    hub.connect(a.port, a.port);
    hub.connect(b.port, b.port);
    a.endpoint.send(2);
    expect(a.endpoint.got).toHaveLength(1);
  });

  it('refuses ports of other hubs and ports that are gone, and keeps what it has', async () => {
    const [hub, other] = [bench.make(Dispatcher), bench.make(Dispatcher)];
    const [a, b, stranger] = [member(hub), member(hub), member(other)];
    hub.connect(a.port, b.port);
    for (const [source, sink] of [
      [a.port, stranger.port],
      [stranger.port, b.port],
    ])
      expect(() => hub.connect(source, sink)).toThrow(expect.objectContaining({ code: 40004 }));
    await stranger.port.release();
    expect(() => other.connect(stranger.port, stranger.port)).toThrow(/released/);
    a.endpoint.send(1);
    expect([b.endpoint.got.length, stranger.endpoint.got.length]).toEqual([1, 0]);
  });

  it('takes a port away in mid-stream: its viewers are told, and nothing more comes', async () => {
    const hub = bench.make(Dispatcher);
    const [a, b, c] = [member(hub), member(hub), member(hub)];
    hub.connect(a.port, b.port);
    hub.connect(a.port, c.port);
    a.endpoint.send(1);
    await c.port.release();
    a.endpoint.send(2);
    await a.port.release();
    a.endpoint.send(3);
    expect([b.endpoint.got.length, c.endpoint.got.length]).toEqual([2, 1]);
    expect([b.endpoint.told.at(-1), c.endpoint.told.at(-1)]).toEqual([false, false]);
    expect(hub.links).toEqual([]);
  });

  it('ends with all its ports', async () => {
    const hub = bench.make(Dispatcher);
    const [a, b] = [member(hub), member(hub)];
    hub.connect(a.port, b.port);
    await hub.release();
    a.endpoint.send(1);
    expect(b.endpoint.got).toEqual([]);
    expect(a.endpoint.getSinkConnections()).toEqual([]);
    expect(bench.registry.find(a.port.id)).toBeUndefined();
    expect(
      bench.events.filter(({ type }) => type === 'ObjectDestroyed').map(({ data }) => data.objectId),
    ).toEqual([a.port.id, b.port.id, hub.id]);
  });
});

describe('DispatcherOneToMany', () => {
  it('gives its source to the ports that are there and to those that come, until it is taken away', () => {
    const hub = bench.make(DispatcherOneToMany);
    const [a, b] = [member(hub), member(hub)];
    a.endpoint.send(1);
    hub.setSource(a.port);
    a.endpoint.send(2);
    const late = member(hub);
    a.endpoint.send(3);
    hub.removeSource();
    a.endpoint.send(4);
    const numbers = ({ endpoint }: typeof a) => endpoint.got.map(({ rtp }) => rtp.sequenceNumber);
    expect([numbers(a), numbers(b), numbers(late)]).toEqual([[2, 3], [2, 3], [3]]);
    hub.setSource(b.port);
    b.endpoint.send(5);
    expect(numbers(late)).toEqual([3, 5]);
  });

  it('has no source when that one is released, and takes another', async () => {
    const hub = bench.make(DispatcherOneToMany);
    const [a, b, c] = [member(hub), member(hub), member(hub)];
    hub.setSource(a.port);
    await a.port.release();
    member(hub);
    expect([c.endpoint.told.at(-1), hub.links]).toEqual([false, []]);
    hub.setSource(b.port);
    b.endpoint.send(1);
    expect(c.endpoint.got).toHaveLength(1);
  });

  it('refuses a source of another hub', () => {
    const [hub, other] = [bench.make(DispatcherOneToMany), bench.make(DispatcherOneToMany)];
    expect(() => hub.setSource(port(other))).toThrow(expect.objectContaining({ code: 40004 }));
  });
});
