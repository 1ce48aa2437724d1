// Whether a value as it came over the wire is of the type that the Kurento model declares. For tests.
import { complexTypeFields, findClass, findEnum, isSubtype, moduleOfType } from '@parley/protocol';
import { isRecord } from './messages.ts';

const scalars: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  int: (value) => Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31,
  int64: (value) => Number.isInteger(value),
  float: (value) => typeof value === 'number',
  double: (value) => typeof value === 'number',
};

/** What is wrong with the value, each with its place; empty: nothing. References to objects may be null. */
export function typeProblems(type: string, value: unknown, place = 'value'): string[] {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${place} is no list`];
    return value.flatMap((item, index) => typeProblems(type.slice(0, -2), item, `${place}[${index}]`));
  }
  if (type.endsWith('<>')) {
    if (!isRecord(value)) return [`${place} is no map`];
    return Object.entries(value).flatMap(([key, item]) =>
      typeProblems(type.slice(0, -2), item, `${place}.${key}`),
    );
  }
  if (Object.hasOwn(scalars, type)) return scalars[type](value) ? [] : [`${place} is no ${type}`];
  if (findClass(type)) return value === null || typeof value === 'string' ? [] : [`${place} is no id`];
  const names = findEnum(type)?.values;
  if (names) return names.includes(value as string) ? [] : [`${place} is none of ${names.join(', ')}`];
  return complexProblems(type, value, place);
}

function complexProblems(type: string, value: unknown, place: string): string[] {
  if (!isRecord(value)) return [`${place} is no ${type}`];
  const actual = String(value.__type__);
  if (!isSubtype(actual, type)) return [`${place} is a ${actual} and no ${type}`];
  if (value.__module__ !== moduleOfType(actual))
    return [`${place} is of the module ${String(value.__module__)}`];
  const fields = complexTypeFields(actual) ?? [];
  // Fields without a value do not travel, or travel as null.
  return fields.flatMap((field) => {
    const item = value[field.name];
    return item === undefined || item === null
      ? []
      : typeProblems(field.type, item, `${place}.${field.name}`);
  });
}
