import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import type { Environment } from '../environment.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import type { TickListener } from '../ticker.ts';
import { MediaElement } from './media-element.ts';
import type { MediaObject, ObjectContext, ObjectEvent } from './media-object.ts';
import { MediaPipeline } from './media-pipeline.ts';

const listeners = new Set<TickListener>();
const ticker = {
  add: (each: TickListener) => listeners.add(each),
  remove: (each: TickListener) => listeners.delete(each),
};
const environment = { log: pino({ enabled: false }), ticker } as unknown as Environment;

/** Writes down who was hung on what. */
class Media {
  readonly wiring: string[] = [];

  source(name: string): MediaSource {
    const source = {
      addSink: (sink: MediaSink & { name: string }) => this.wiring.push(`${name} + ${sink.name}`),
      removeSink: (sink: MediaSink & { name: string }) => this.wiring.push(`${name} - ${sink.name}`),
      name,
    };
    return source as unknown as MediaSource;
  }

  sink(name: string): MediaSink {
    return { name, sourceChanged: () => undefined } as unknown as MediaSink;
  }
}

class TestElement extends MediaElement {
  video: { source?: MediaSource; sink?: MediaSink } = {};

  source(kind: MediaKind): MediaSource | undefined {
    return kind === 'video' ? this.video.source : undefined;
  }

  sink(kind: MediaKind): MediaSink | undefined {
    return kind === 'video' ? this.video.sink : undefined;
  }

  become(video: TestElement['video']): void {
    this.video = video;
    this.mediaChanged();
  }

  packetOut(kind: MediaKind): void {
    this.flowOut(kind).packet();
  }
}

const events: ObjectEvent[] = [];
let count = 0;

function context(parent?: MediaObject): ObjectContext {
  return {
    id: String(count++),
    parent,
    environment,
    publish: (event) => events.push(event),
    released: (object) => events.push({ source: object, type: 'released', data: {} }),
  };
}

function pipelineWith(number: number): TestElement[] {
  const pipeline = new MediaPipeline(context(), {});
  pipeline.attach();
  const elements = Array.from({ length: number }, () => new TestElement(context(pipeline), 'WebRtcEndpoint'));
  for (const element of elements) element.attach();
  events.length = 0;
  return elements;
}

describe('MediaElement', () => {
  it('hangs sinks on sources whichever comes last: connection, source or sink', () => {
    const media = new Media();
    const [up, early, late] = pipelineWith(3) as [TestElement, TestElement, TestElement];
    early.become({ sink: media.sink('early') });
    up.connect(early);
    expect(media.wiring).toEqual([]);
    up.become({ source: media.source('up') });
    up.connect(late, 'VIDEO');
    late.become({ sink: media.sink('late') });
    expect(media.wiring).toEqual(['up + early', 'up + late']);
  });

  it('leaves a flow alone when the same connection is made again or nothing changed', () => {
    const media = new Media();
    const [up, down] = pipelineWith(2) as [TestElement, TestElement];
    up.become({ source: media.source('up') });
    down.become({ sink: media.sink('down') });
    up.connect(down);
    up.connect(down);
    up.become(up.video);
    expect(media.wiring).toEqual(['up + down']);
  });

  it('moves sinks to a source that replaces another, and off one that goes', () => {
    const media = new Media();
    const [first, second, down] = pipelineWith(3) as [TestElement, TestElement, TestElement];
    first.become({ source: media.source('first') });
    second.become({ source: media.source('second') });
    down.become({ sink: media.sink('down') });
    first.connect(down);
    second.connect(down, 'VIDEO');
    second.become({});
    expect(media.wiring).toEqual(['first + down', 'first - down', 'second + down', 'second - down']);
    expect(down.getSourceConnections('AUDIO')[0].source).toBe(first);
  });

  it('refuses connections without end, and leaves those alone that are there', () => {
    const [up, other, down] = pipelineWith(3) as [TestElement, TestElement, TestElement];
    const isRefused = (name: string): boolean => {
      try {
        up.connect(down, undefined, 'default', name);
        return false;
      } catch (error) {
        expect(error).toMatchObject({
          name: 'KurentoError',
          message: expect.stringContaining('too many') as string,
        });
        return true;
      }
    };
    const refused = Array.from({ length: 100 }, (_, number) => isRefused(`stream ${number}`));
    expect(refused.indexOf(true)).toBe(21);
    expect(down.getSourceConnections()).toHaveLength(63);
    other.connect(down, 'VIDEO', 'default', 'stream 20');
    expect(down.getSourceConnections('VIDEO', 'stream 20')[0].source).toBe(other);
    expect(() => up.connect(other, 'VIDEO', 'x'.repeat(257))).toThrow(/256 characters/);
  });

  it('keeps connections of other descriptions apart, and lets media flow between the default ones only', () => {
    const media = new Media();
    const [first, second, down] = pipelineWith(3) as [TestElement, TestElement, TestElement];
    first.become({ source: media.source('first') });
    second.become({ source: media.source('second') });
    down.become({ sink: media.sink('down') });
    first.connect(down, 'VIDEO', 'screen', 'left');
    expect(media.wiring).toEqual([]);
    second.connect(down, 'VIDEO', '', '');
    expect(media.wiring).toEqual(['second + down']);
    first.disconnect(down, 'VIDEO');
    second.connect(down, 'VIDEO', 'default', 'left');
    const described = (connections: ReturnType<typeof down.getSourceConnections>) =>
      connections.map(({ source, sourceDescription, sinkDescription }) => [
        source,
        sourceDescription,
        sinkDescription,
      ]);
    expect(described(down.getSourceConnections('VIDEO'))).toEqual([
      [second, 'default', 'default'],
      [second, 'default', 'left'],
    ]);
    expect(down.getSourceConnections('VIDEO', 'left')).toHaveLength(1);
    expect(second.getSinkConnections('VIDEO', 'default')).toHaveLength(2);
    expect(second.getSinkConnections('AUDIO')).toEqual([]);
    second.disconnect(down);
    expect(described(down.getSourceConnections())).toEqual([[second, 'default', 'left']]);
    second.disconnect(down, 'VIDEO', 'default', 'left');
    expect(down.getSourceConnections()).toEqual([]);
    const told = events.filter(({ type }) => type.startsWith('Element'));
    expect(told.map(({ type, source, data }) => [type, source, data.sinkMediaDescription])).toEqual([
      ['ElementConnected', first, 'left'],
      ['ElementConnected', second, 'default'],
      ['ElementDisconnected', first, 'left'],
      ['ElementConnected', second, 'left'],
      ['ElementDisconnected', second, 'default'],
      ['ElementDisconnected', second, 'left'],
    ]);
    expect(media.wiring).toEqual(['second + down', 'second - down']);
  });

  it('feeds itself, and lets go of everything when released', async () => {
    const media = new Media();
    const [up, down] = pipelineWith(2) as [TestElement, TestElement];
    up.become({ source: media.source('up'), sink: media.sink('self') });
    down.become({ sink: media.sink('down') });
    up.connect(up);
    up.connect(down, 'VIDEO');
    events.length = 0;
    await up.release();
    expect(media.wiring.slice(2).sort()).toEqual(['up - down', 'up - self']);
    expect(down.getSourceConnections()).toEqual([]);
    expect(events.map((event) => event.type)).toEqual(['released']);
    expect(() => down.connect(up)).toThrow(/released/);
  });

  it('tells of flows, and ticks only while something flows', async () => {
    const [up] = pipelineWith(1) as [TestElement];
    expect(listeners.size).toBe(0);
    up.packetOut('video');
    up.packetOut('video');
    up.packetOut('audio');
    expect(listeners.size).toBe(1);
    expect([up.isMediaFlowingOut('VIDEO'), up.isMediaFlowingIn('VIDEO')]).toEqual([true, false]);
    for (let now = 0; now <= 5_000; now += 20) for (const tick of [...listeners]) tick(now);
    const flows = events.filter((event) => event.type === 'MediaFlowOutStateChanged');
    expect(flows.map(({ data }) => [data.mediaType, data.state, data.padName])).toEqual([
      ['VIDEO', 'FLOWING', 'default'],
      ['AUDIO', 'FLOWING', 'default'],
      ['VIDEO', 'NOT_FLOWING', 'default'],
      ['AUDIO', 'NOT_FLOWING', 'default'],
    ]);
    expect(listeners.size).toBe(0);
    up.packetOut('video');
    await up.release();
    expect(listeners.size).toBe(0);
  });
});

describe('MediaObject', () => {
  it('releases children first, each once, however often it is asked and whatever fails', async () => {
    class Failing extends TestElement {
      protected override onRelease(): Promise<void> {
        return Promise.reject(new Error('disk full'));
      }
    }
    const pipeline = new MediaPipeline(context(), {});
    const failing = new Failing(context(pipeline), 'WebRtcEndpoint');
    const fine = new TestElement(context(pipeline), 'WebRtcEndpoint');
    for (const object of [pipeline, failing, fine]) object.attach();
    events.length = 0;
    const all = Promise.all([fine.release(), pipeline.release(), pipeline.release()]);
    expect([pipeline.isReleased, failing.isReleased, pipeline.children]).toEqual([true, true, []]);
    await all;
    const order = events.filter((event) => event.type === 'released').map((event) => event.source);
    expect(order).toHaveLength(3);
    expect(order[2]).toBe(pipeline);
    expect(new Set(order)).toEqual(new Set([failing, fine, pipeline]));
  });
});
