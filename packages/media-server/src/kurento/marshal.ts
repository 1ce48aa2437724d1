// Values between the wire and our classes, by the types of the Kurento model. The wire is typed as loosely as the
// original: scalars turn into each other, except that a string never becomes a number. Ids become objects and back.
import {
  KurentoError,
  complexTypeFields,
  eventFields,
  findClass,
  findEnum,
  isSubclass,
  isSubtype,
  moduleOfType,
  type ParamDeclaration,
} from '@parley/protocol';
import { MediaObject } from '../elements/media-object.ts';
import { isRecord, type Params } from './messages.ts';

/** @throws KurentoError when there is no such object */
export type FindObject = (id: string) => MediaObject;

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const INT64_LIMIT = 2 ** 63;

function refuse(name: string, wanted: string): KurentoError {
  return new KurentoError('MARSHALL_ERROR', `'${name}' parameter should be ${wanted}`);
}

/**
 * Reads parameters by their declarations, in the declarations' order. What is absent and optional gets its default, or
 * undefined when it has none.
 * @throws KurentoError MARSHALL_ERROR, UNEXPECTED_ERROR, and those of `find`
 */
export function readParams(
  declarations: readonly ParamDeclaration[],
  given: Params,
  find: FindObject,
): unknown[] {
  return declarations.map((declaration) => {
    const { name, type, optional } = declaration;
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || (value === null && optional && !isScalar(type))) {
      if (!optional) throw new KurentoError('MARSHALL_ERROR', `'${name}' parameter is required`);
      return declaration.default;
    }
    return readValue(type, value, name, find);
  });
}

/** `name` is for the error's message. */
export function readValue(type: string, value: unknown, name: string, find: FindObject): unknown {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) throw refuse(name, 'a list');
    return value.map((item) => readValue(type.slice(0, -2), item, name, find));
  }
  if (type.endsWith('<>')) {
    if (!isRecord(value)) throw refuse(name, 'a map');
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, readValue(type.slice(0, -2), item, name, find)]),
    );
  }
  const scalar = scalars[type];
  if (scalar) return scalar(value, name);
  if (findClass(type)) return readObject(type, value, name, find);
  const values = findEnum(type)?.values;
  if (values) {
    if (typeof value === 'string' && values.includes(value)) return value;
    throw refuse(name, `one of ${values.join(', ')}`);
  }
  return readComplex(type, value, name, find);
}

function isScalar(type: string): boolean {
  return scalars[type] !== undefined;
}

const scalars: Record<string, ((value: unknown, name: string) => string | number | boolean) | undefined> = {
  String: readString,
  boolean: (value, name) => {
    if (typeof value === 'object' ? value !== null : typeof value === 'string')
      throw refuse(name, 'a boolean');
    return Boolean(value);
  },
  int: (value, name) => readInteger(value, name, INT32_MIN, INT32_MAX),
  int64: (value, name) => readInteger(value, name, -INT64_LIMIT, INT64_LIMIT),
  float: readNumber,
  double: readNumber,
};

function readString(value: unknown, name: string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw refuse(name, 'a string');
}

function readNumber(value: unknown, name: string): number {
  const number = value === null ? 0 : typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw refuse(name, 'a number');
  return number;
}

function readInteger(value: unknown, name: string, min: number, max: number): number {
  const integer = Math.trunc(readNumber(value, name));
  if (integer < min || integer > max) throw refuse(name, 'an integer in range');
  return integer;
}

/**
 * An object travels by its id. Kurento's own client for Node sends its whole proxy where it does not see that it is one, as
 * `source` of `setSource`; that has the id in it.
 */
function readObject(type: string, value: unknown, name: string, find: FindObject): MediaObject {
  const id = isRecord(value) && typeof value.id === 'string' ? value.id : readString(value, name);
  const object = find(id);
  if (!isSubclass(object.className, type)) throw refuse(name, `the id of a ${type}`);
  return object;
}

function readComplex(type: string, value: unknown, name: string, find: FindObject): Params {
  if (!isRecord(value)) throw refuse(name, `a ${type}`);
  const actual = typeof value.__type__ === 'string' ? value.__type__ : type;
  const fields = complexTypeFields(actual);
  if (!fields || !isSubtype(actual, type))
    throw new KurentoError('UNEXPECTED_ERROR', `'${actual}' in '${name}' is no ${type}`);
  const values = readParams(fields, value, find);
  return Object.fromEntries(fields.map((field, index) => [field.name, values[index]]));
}

/**
 * Gives a value the form in which it travels: objects by id, complex values with the name of their type. A complex value
 * that says in `__type__` which subtype it is keeps it. Nothing is null.
 */
export function writeValue(type: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof MediaObject) return value.id;
  if (type.endsWith('[]') && Array.isArray(value))
    return value.map((item) => writeValue(type.slice(0, -2), item));
  if (!isRecord(value)) return value;
  if (type.endsWith('<>'))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, writeValue(type.slice(0, -2), item)]),
    );
  const actual = typeof value.__type__ === 'string' ? value.__type__ : type;
  const fields = complexTypeFields(actual);
  if (!fields) return value;
  return { ...writeFields(fields, value), __module__: moduleOfType(actual), __type__: actual };
}

/** The `data` of an event. */
export function writeEventData(event: string, data: Params): Params {
  return writeFields(eventFields(event) ?? [], data);
}

function writeFields(fields: readonly ParamDeclaration[], values: Params): Params {
  const present = fields.filter((field) => values[field.name] !== undefined);
  return Object.fromEntries(present.map((field) => [field.name, writeValue(field.type, values[field.name])]));
}
