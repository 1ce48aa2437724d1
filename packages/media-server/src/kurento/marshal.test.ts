import { describe, expect, it } from 'vitest';
import { KurentoError, complexTypeFields } from '@parley/protocol';
import { readParams, readValue, writeValue } from './marshal.ts';

const nowhere = (id: string): never => {
  throw new KurentoError('MEDIA_OBJECT_NOT_FOUND', id);
};

function outcome(type: string, value: unknown): unknown {
  try {
    return readValue(type, value, 'x', nowhere);
  } catch (error) {
    return (error as KurentoError).code;
  }
}

describe('values of clients', () => {
  it.each<[string, unknown, unknown]>([
    ['String', 7.5, '7.5'],
    ['String', true, 'true'],
    ['String', null, ''],
    ['String', {}, 40001],
    ['int', 1.5, 1],
    ['int', -1.9, -1],
    ['int', true, 1],
    ['int', null, 0],
    ['int', 2 ** 31 - 1, 2 ** 31 - 1],
    ['int', 2 ** 31, 40001],
    ['int', -(2 ** 31) - 1, 40001],
    ['int', '5', 40001],
    ['int64', 2 ** 31, 2 ** 31],
    ['int64', Infinity, 40001],
    ['float', '0.5', 40001],
    ['float', null, 0],
    ['boolean', 0.5, true],
    ['boolean', null, false],
    ['boolean', 'true', 40001],
    ['boolean', [], 40001],
    ['HubPort', 'one', 40101],
    ['HubPort', { _eventsCount: 4, id: 'one' }, 40101],
    ['HubPort', { id: 7 }, 40001],
    ['HubPort', {}, 40001],
    ['MediaType', 'VIDEO', 'VIDEO'],
    ['MediaType', 'video', 40001],
    ['MediaType', 'toString', 40001],
    ['MediaType', 5, 40001],
    ['String[]', ['a', 1], ['a', '1']],
    ['String[]', 'a', 40001],
    ['MediaElement', 5, 40101],
    ['MediaElement', null, 40101],
    ['IceCandidate', 'candidate:1', 40001],
  ])('of type %s: %j becomes %j', (type, value, expected) => {
    expect(outcome(type, value)).toEqual(expected);
  });

  it('that are complex may name their type, and must then be of it', () => {
    const candidate = { candidate: 'c', sdpMid: null, sdpMLineIndex: 0.9, extra: 1 };
    const read = { candidate: 'c', sdpMid: '', sdpMLineIndex: 0 };
    expect(outcome('IceCandidate', candidate)).toEqual(read);
    expect(
      outcome('IceCandidate', { ...candidate, __type__: 'IceCandidate', __module__: 'kurento' }),
    ).toEqual(read);
    expect(outcome('IceCandidate', { ...candidate, __type__: 5 })).toEqual(read);
    expect(outcome('IceCandidate', { ...candidate, __type__: 'Tag' })).toBe(40003);
    expect(outcome('IceCandidate', { ...candidate, __type__: 'Nonsense' })).toBe(40003);
    expect(outcome('IceCandidate', { candidate: 'c' })).toBe(40001);
  });

  it('that are absent get their default, or are missed', () => {
    const declared = [
      { name: 'a', type: 'int', optional: true, default: 7 },
      { name: 'b', type: 'MediaType', optional: true },
    ] as const;
    expect(readParams(declared, {}, nowhere)).toEqual([7, undefined]);
    expect(readParams(declared, { a: null, b: null }, nowhere)).toEqual([0, undefined]);
    expect(() => readParams([{ name: 'toString', type: 'String' }], {}, nowhere)).toThrow(/'toString'/);
  });
});

describe('values for clients', () => {
  it('name their type all the way down', () => {
    expect(writeValue('ServerInfo', { version: '1', modules: [{ name: 'core' }], secret: 1 })).toEqual({
      version: '1',
      modules: [{ name: 'core', __module__: 'kurento', __type__: 'ModuleInfo' }],
      __module__: 'kurento',
      __type__: 'ServerInfo',
    });
  });

  it('keep the subtype that they name', () => {
    const stats = { a: { __type__: 'RTCInboundRTPStreamStats', id: 'a', type: 'inboundrtp', jitter: 0.5 } };
    expect(writeValue('Stats<>', stats)).toEqual({
      a: {
        __module__: 'kurento',
        __type__: 'RTCInboundRTPStreamStats',
        id: 'a',
        type: 'inboundrtp',
        jitter: 0.5,
      },
    });
    expect(complexTypeFields('RTCInboundRTPStreamStats')!.map((field) => field.name)).toContain(
      'timestampMillis',
    );
  });

  it('are null when there is nothing', () => {
    expect(writeValue('Stats<>', null)).toBeNull();
    expect(writeValue('MediaPipeline', undefined)).toBeNull();
  });
});
