// The Kurento model in one place: what classes, operations, events and types there are, and which of them Parley has.
// Looks up only; the media server and the conformance page are made from it.
import type {
  ClassDeclaration,
  ComplexTypeDeclaration,
  EnumDeclaration,
  EventDeclaration,
  MethodDeclaration,
  ParamDeclaration,
  PropertyDeclaration,
} from './declarations.ts';
import { coreClasses } from './core-classes.ts';
import { elementsClasses } from './elements-classes.ts';
import { eventDeclarations } from './event-declarations.ts';
import { filtersClasses } from './filters-classes.ts';
import { PARLEY_MODULE, parleyEnums, parleyMethods, parleyTypes } from './parley-module.ts';
import { complexTypes, enums } from './types.ts';

/** The release of the original whose model this is. */
export const KURENTO_MODEL_VERSION = '7.3.0';

/** What every class, type and event of the original is qualified with on the wire, whatever module it is from. */
export const KURENTO_NAMESPACE = 'kurento';

export interface ModuleDeclaration {
  readonly name: string;
  readonly classes: readonly ClassDeclaration[];
}

export const kurentoModules: readonly ModuleDeclaration[] = [
  { name: 'core', classes: coreClasses },
  { name: 'elements', classes: elementsClasses },
  { name: 'filters', classes: filtersClasses },
];

/** What an `invoke` names: a method of the class, or the reading or setting of one of its properties. */
export type Operation =
  | { readonly kind: 'method'; readonly method: MethodDeclaration; readonly supported: boolean }
  | { readonly kind: 'getter'; readonly property: PropertyDeclaration; readonly supported: boolean }
  | { readonly kind: 'setter'; readonly property: PropertyDeclaration; readonly supported: boolean };

function byName<Declaration extends { name: string }>(
  list: readonly Declaration[],
): Map<string, Declaration> {
  return new Map(list.map((declaration) => [declaration.name, declaration]));
}

const classes = byName(kurentoModules.flatMap((module) => module.classes));
const enumsByName: Map<string, EnumDeclaration> = byName([...enums, ...parleyEnums]);
const complexTypesByName: Map<string, ComplexTypeDeclaration> = byName([...complexTypes, ...parleyTypes]);
const ownTypes = byName(parleyTypes);
const eventsByName: Map<string, EventDeclaration> = byName(eventDeclarations);

/** The declaration and those it extends, nearest first. */
function lineageIn<Declaration extends { name: string; extends?: string }>(
  map: Map<string, Declaration>,
  name: string,
): Declaration[] {
  const declaration = map.get(name);
  if (!declaration) return [];
  return [declaration, ...(declaration.extends === undefined ? [] : lineageIn(map, declaration.extends))];
}

/** By bare name, e.g. "MediaPipeline". */
export function findClass(name: string): ClassDeclaration | undefined {
  return classes.get(name);
}

/** The class and its ancestors, nearest first; empty for an unknown name. */
export function classLineage(name: string): ClassDeclaration[] {
  return lineageIn(classes, name);
}

export function isSubclass(name: string, ancestor: string): boolean {
  return classLineage(name).some((declaration) => declaration.name === ancestor);
}

export function findEnum(name: string): EnumDeclaration | undefined {
  return enumsByName.get(name);
}

/** All fields of a complex type, inherited ones too; undefined: there is no such type. */
export function complexTypeFields(name: string): ParamDeclaration[] | undefined {
  const lineage = lineageIn(complexTypesByName, name);
  return lineage.length === 0 ? undefined : lineage.flatMap((type) => type.fields);
}

/** What the values of a complex type are qualified with on the wire. */
export function moduleOfType(name: string): string {
  return ownTypes.has(name) ? PARLEY_MODULE : KURENTO_NAMESPACE;
}

export function isSubtype(name: string, ancestor: string): boolean {
  return lineageIn(complexTypesByName, name).some((type) => type.name === ancestor);
}

/** All fields of an event, inherited ones too; undefined: there is no such event. */
export function eventFields(name: string): ParamDeclaration[] | undefined {
  const lineage = lineageIn(eventsByName, name);
  return lineage.length === 0 ? undefined : lineage.flatMap((event) => event.fields);
}

/** Whether objects of the class have the event, and whether Parley emits it; undefined: they have not. */
export function findEvent(className: string, event: string): { supported: boolean } | undefined {
  for (const declaration of classLineage(className)) {
    const found = declaration.events.find((each) => each.name === event);
    if (found) return found;
  }
  return undefined;
}

/** What `operation` means for objects of the class; undefined: nothing. */
export function findOperation(className: string, operation: string): Operation | undefined {
  for (const declaration of classLineage(className)) {
    const method = [...declaration.methods, ...(parleyMethods[declaration.name] ?? [])].find(
      (each) => each.name === operation,
    );
    if (method) return { kind: 'method', method, supported: method.supported };
    for (const property of declaration.properties) {
      const found = accessOf(property, operation);
      if (found) return found;
    }
  }
  return undefined;
}

function accessOf(property: PropertyDeclaration, operation: string): Operation | undefined {
  const suffix = property.name.charAt(0).toUpperCase() + property.name.slice(1);
  if (operation === `get${suffix}`) return { kind: 'getter', property, supported: property.supported };
  if (operation === `set${suffix}` && property.access === 'readWrite')
    return {
      kind: 'setter',
      property,
      supported: property.supported && property.setterSupported !== false,
    };
  return undefined;
}
