import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { MediaPipeline } from '../elements/media-pipeline.ts';
import type { Environment } from '../environment.ts';
import { ObjectRegistry } from './registry.ts';
import { serverInfo } from './server-info.ts';

describe('ObjectRegistry', () => {
  it('has an object out of reach while it is still finishing, and gone when it has', async () => {
    let finish = (): void => undefined;
    class Finishing extends MediaPipeline {
      protected override onRelease(): Promise<void> {
        return new Promise((resolve) => (finish = resolve));
      }
    }
    const heard: string[] = [];
    const registry = new ObjectRegistry({
      environment: { log: pino({ enabled: false }) } as unknown as Environment,
      info: serverInfo({}),
      sessionIds: () => [],
      publish: ({ type }) => heard.push(type),
      released: () => heard.push('released'),
    });
    const pipeline = registry.create('MediaPipeline', Finishing, undefined, {});
    const ended = registry.close();
    expect(() => registry.get(pipeline.id)).toThrow(/not found/);
    expect(() => registry.create('MediaPipeline', MediaPipeline, pipeline, {})).toThrow(/not found/);
    expect([registry.size, registry.manager.pipelines, heard]).toEqual([1, [], ['ObjectCreated']]);
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    await ended;
    expect([registry.size, heard]).toEqual([0, ['ObjectCreated', 'released', 'ObjectDestroyed']]);
  });

  it('keeps nothing of an object whose constructor fails', () => {
    class Failing extends MediaPipeline {
      constructor(...given: ConstructorParameters<typeof MediaPipeline>) {
        super(...given);
        throw new Error('no');
      }
    }
    const registry = new ObjectRegistry({
      environment: { log: pino({ enabled: false }) } as unknown as Environment,
      info: serverInfo({}),
      sessionIds: () => [],
      publish: () => undefined,
      released: () => undefined,
    });
    const pipeline = registry.create('MediaPipeline', MediaPipeline, undefined, {});
    expect(() => registry.create('MediaPipeline', Failing, pipeline, {})).toThrow('no');
    expect([registry.size, pipeline.children]).toEqual([1, []]);
  });
});
