import { describe, expect, it } from 'vitest';
import { classLineage } from '@parley/protocol';
import { ServerManager } from '../elements/server-manager.ts';
import { factory } from './factory.ts';

/** Properties that are plain fields, so no prototype shows them. */
const FIELDS = ['id', 'parent', 'creationTime', 'sendTagsInEvents', 'metadata', 'latencyStats', 'uri'];

const classes = Object.entries({ ...factory, ServerManager });

describe('the classes of the media server', () => {
  it.each(classes)('%s has every member that the model marks as supported', (name, { prototype }) => {
    const lineage = classLineage(name);
    const methods = lineage.flatMap((each) => each.methods).filter((method) => method.supported);
    const properties = lineage.flatMap((each) => each.properties).filter((property) => property.supported);
    const target = prototype as unknown as object;
    expect(lineage[0].supported).toBe(true);
    expect(methods.filter((method) => typeof Reflect.get(target, method.name, {}) !== 'function')).toEqual(
      [],
    );
    const missing = properties.filter(
      (property) => !(property.name in target) && !FIELDS.includes(property.name),
    );
    expect(missing).toEqual([]);
  });
});
