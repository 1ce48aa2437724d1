import { expect, it } from 'vitest';
import { kurentoModules } from '@parley/protocol';
import { factory } from './factory.ts';
import { resolveConstruction } from './invocation.ts';

const find = () => {
  throw new Error('nobody is looked for');
};

const missing = kurentoModules
  .flatMap(({ classes }) => classes)
  .filter(({ abstract, name }) => !abstract && !Object.hasOwn(factory, name))
  .filter(({ extends: parent }) => parent === 'Hub' || parent === 'Filter')
  .map(({ name }) => name);

it.each(missing)('says why there is no %s, and what to use instead', (name) => {
  const create = () => resolveConstruction(`kurento.${name}`, { mediaPipeline: 'x' }, factory, find);
  expect(create).toThrow(expect.objectContaining({ code: 40108 }));
  expect(create).toThrow(new RegExp(`^${name} .+ does not decode them.*[:;] .+`));
});

it('names every hub and filter that needs pictures or sound decoded', () => {
  expect(missing.sort()).toEqual([
    'AlphaBlending',
    'Composite',
    'FaceOverlayFilter',
    'GStreamerFilter',
    'ImageOverlayFilter',
    'Mixer',
    'ZBarFilter',
  ]);
});
