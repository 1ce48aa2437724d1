import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { kurentoEvents } from './events.ts';
import {
  classLineage,
  complexTypeFields,
  eventFields,
  findEnum,
  findEvent,
  findOperation,
  isSubclass,
  kurentoModules,
  moduleOfType,
} from './model.ts';
import { parleyEnums, parleyMethods, parleyTypes } from './parley-module.ts';
import { complexTypes, enums } from './types.ts';

const SCALARS = ['String', 'boolean', 'int', 'int64', 'float', 'double'];
const classes = kurentoModules.flatMap((module) => module.classes);

function isKnownType(type: string): boolean {
  const bare = type.replace(/(\[\]|<>)$/, '');
  return (
    SCALARS.includes(bare) ||
    findEnum(bare) !== undefined ||
    complexTypeFields(bare) !== undefined ||
    classLineage(bare).length > 0
  );
}

describe('the Kurento model', () => {
  it('names no type that it does not declare', () => {
    const named = classes.flatMap((each) => [
      ...each.constructorParams.map((param) => param.type),
      ...each.properties.map((property) => property.type),
      ...each.methods.flatMap((method) => [...method.params.map((p) => p.type), method.returns ?? 'String']),
      ...each.events.flatMap((event) => eventFields(event.name)!.map((field) => field.type)),
    ]);
    expect(named.filter((type) => !isKnownType(type))).toEqual([]);
    const own = Object.values(parleyMethods).flat();
    const ownNamed = [
      ...own.flatMap((method) => [...method.params.map((param) => param.type), method.returns ?? 'String']),
      ...parleyTypes.flatMap(({ fields }) => fields.map((field) => field.type)),
    ];
    expect(ownNamed.filter((type) => !isKnownType(type))).toEqual([]);
  });

  it('adds to classes of the original under names that are free there', () => {
    for (const [name, methods] of Object.entries(parleyMethods)) {
      const taken = classLineage(name).flatMap((each) => each.methods.map((method) => method.name));
      expect(taken.length).toBeGreaterThan(0);
      for (const method of methods) {
        expect(taken).not.toContain(method.name);
        expect(findOperation(name, method.name)?.supported).toBe(true);
      }
    }
    const originals = new Set([...complexTypes, ...enums].map((type) => type.name));
    expect([...parleyTypes, ...parleyEnums].filter(({ name }) => originals.has(name))).toEqual([]);
    expect(moduleOfType('LegDiagnosis')).toBe('parley');
    expect(moduleOfType('IceCandidate')).toBe('kurento');
  });

  it('lists the ancestors of a class nearest first', () => {
    expect(classLineage('WebRtcEndpoint').map((each) => each.name)).toEqual([
      'WebRtcEndpoint',
      'BaseRtpEndpoint',
      'SdpEndpoint',
      'SessionEndpoint',
      'Endpoint',
      'MediaElement',
      'MediaObject',
    ]);
    expect(isSubclass('PlayerEndpoint', 'SdpEndpoint')).toBe(false);
  });

  it('marks nothing of an unsupported class as supported', () => {
    for (const each of classes.filter((declaration) => !declaration.supported)) {
      const members = [...each.constructorParams, ...each.properties, ...each.methods, ...each.events];
      expect(members.filter((member) => member.supported)).toEqual([]);
    }
  });

  it('finds getters of inherited properties, and setters only of those that may be set', () => {
    expect(findOperation('WebRtcEndpoint', 'getICECandidatePairs')?.kind).toBe('getter');
    expect(findOperation('WebRtcEndpoint', 'setName')?.kind).toBe('setter');
    expect(findOperation('WebRtcEndpoint', 'setCreationTime')).toBeUndefined();
    expect(findOperation('MediaPipeline', 'getStats')).toBeUndefined();
    expect(findEvent('RecorderEndpoint', 'MediaFlowInStateChanged')).toEqual({
      name: 'MediaFlowInStateChanged',
      supported: true,
    });
    expect(findEvent('MediaPipeline', 'IceCandidateFound')).toBeUndefined();
  });

  it('has a schema for every event that Parley emits, with exactly the fields of the event', () => {
    const emitted = classes.flatMap((each) => each.events.filter((event) => event.supported));
    expect(new Set(Object.keys(kurentoEvents))).toEqual(new Set(emitted.map((event) => event.name)));
    for (const [name, schema] of Object.entries(kurentoEvents)) {
      const declared = eventFields(name)!.map((field) => field.name);
      expect(new Set(Object.keys((schema as z.ZodObject).shape))).toEqual(new Set(declared));
    }
  });
});
