import { expect, it } from 'vitest';
import { kurentoModules } from '@parley/protocol';
import { factory } from './factory.ts';
import type { MediaObject } from '../elements/media-object.ts';
import { invoke, resolveConstruction } from './invocation.ts';

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

it.each(['chroma.ChromaFilter', 'datachannelexample.KmsShowData'])(
  'says that %s is of an add-on, and that those are not here',
  (type) => {
    const create = () => resolveConstruction(type, {}, factory, find);
    expect(create).toThrow(expect.objectContaining({ code: 40108 }));
    expect(create).toThrow(
      `There is no class '${type}' to create: modules of Kurento's add-ons are not here`,
    );
  },
);

it('says where a class of Kurento is that was asked for under another module, and nothing of add-ons otherwise', () => {
  const create = (type: string) => () => resolveConstruction(type, {}, factory, find);
  expect(create('core.MediaPipeline')).toThrow(/to create: it is 'kurento\.MediaPipeline'$/);
  for (const type of ['Nonsense', 'kurento.Nonsense', 'MediaElement', 'core.MediaElement', 'constructor'])
    expect(create(type)).toThrow(new RegExp(`^There is no class '${type}' to create$`));
});

it.each(['setEncoderBitrate', 'setMinEncoderBitrate'])(
  'says what to use instead of %s',
  async (operation) => {
    const endpoint = { className: 'WebRtcEndpoint' } as MediaObject;
    const refused = invoke(endpoint, operation, { bitrate: 1 }, find);
    await expect(refused).rejects.toMatchObject({
      code: 40006,
      message: expect.stringMatching(
        /^This media server does not implement .*: there is no encoder here; .* setMaxVideoRecvBandwidth of its own endpoint$/,
      ) as unknown,
    });
  },
);
