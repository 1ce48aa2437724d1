import { describe, expect, it } from 'vitest';
import { eventDeclarations } from './event-declarations.ts';
import { kmdOf } from './kmd.ts';
import { kurentoModules } from './model.ts';
import { complexTypes, enums } from './types.ts';

interface Kmd {
  name: string;
  remoteClasses: { name: string; [field: string]: unknown }[];
  complexTypes: { name: string; typeFormat: string; [field: string]: unknown }[];
  events: { name: string; [field: string]: unknown }[];
}

const kmd = (name: string) => kmdOf(name) as unknown as Kmd;
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();

describe('the description of a module', () => {
  it('says the whole model, each class, type and event in one module', () => {
    const all = kurentoModules.map(({ name }) => kmd(name));
    expect(names(all.flatMap(({ remoteClasses }) => remoteClasses))).toEqual(
      names(kurentoModules.flatMap(({ classes }) => classes)),
    );
    expect(names(all.flatMap((each) => each.complexTypes))).toEqual(names([...enums, ...complexTypes]));
    expect(names(all.flatMap(({ events }) => events))).toEqual(names(eventDeclarations));
  });

  it('has the form of the original', () => {
    const { remoteClasses, complexTypes: types, events } = kmd('elements');
    expect(remoteClasses.find(({ name }) => name === 'PlayerEndpoint')).toEqual({
      name: 'PlayerEndpoint',
      extends: 'UriEndpoint',
      constructor: {
        params: [
          { name: 'mediaPipeline', type: 'MediaPipeline' },
          { name: 'uri', type: 'String' },
          { name: 'useEncodedMedia', type: 'boolean', optional: true, defaultValue: false },
          { name: 'networkCache', type: 'int', optional: true, defaultValue: 2000 },
        ],
      },
      properties: [
        { name: 'videoInfo', type: 'VideoInfo', readOnly: true },
        { name: 'elementGstreamerDot', type: 'String', readOnly: true },
        { name: 'position', type: 'int64' },
      ],
      methods: [{ name: 'play', params: [] }],
      events: ['EndOfStream'],
    });
    expect(types.find(({ name }) => name === 'CertificateKeyType')).toEqual({
      typeFormat: 'ENUM',
      name: 'CertificateKeyType',
      values: ['RSA', 'ECDSA'],
    });
    expect(events.find(({ name }) => name === 'DataChannelOpened')).toEqual({
      name: 'DataChannelOpened',
      extends: 'Media',
      properties: [{ name: 'channelId', type: 'int' }],
    });
    const core = kmd('core');
    const manager = core.remoteClasses.find(({ name }) => name === 'ServerManager');
    expect(manager).toMatchObject({ abstract: true, extends: 'MediaObject' });
    expect(manager).not.toHaveProperty('params');
    expect(core.complexTypes.find(({ name }) => name === 'EndpointStats')).toMatchObject({
      typeFormat: 'REGISTER',
      extends: 'ElementStats',
    });
  });

  it('is there for what Parley adds, and for nothing else', () => {
    expect(kmdOf('parley', '0.1.0')).toMatchObject({
      name: 'parley',
      version: '0.1.0',
      remoteClasses: [{ name: 'WebRtcEndpoint' }],
    });
    for (const name of ['', 'Core', 'chroma', '__proto__', 'constructor'])
      expect(kmdOf(name)).toBeUndefined();
  });
});
