// From the names in a request to our classes: which constructor, method or accessor is meant, by the Kurento model.
// Refuses what the model does not know, and what it knows but Parley does not have.
import {
  KURENTO_NAMESPACE,
  KurentoError,
  classLineage,
  findClass,
  findEvent,
  findOperation,
  type ClassDeclaration,
  type Operation,
} from '@parley/protocol';
import type { MediaObject } from '../elements/media-object.ts';
import type { Factory, MediaObjectConstructor } from './factory.ts';
import { readParams, writeValue, type FindObject } from './marshal.ts';
import { isRecord, type Params } from './messages.ts';
import { whyNotImplemented, whyUnavailable, whyUnknown } from './unavailable.ts';

/** Parameters that are absent count as none. */
function namedParams(value: unknown, field: string): Params {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw new KurentoError('MARSHALL_ERROR', `'${field}' should be an object`);
  return value;
}

/** "MediaPipeline" and "kurento.MediaPipeline" are the same; other modules are not available. */
function bareClassName(type: string): string {
  const prefix = `${KURENTO_NAMESPACE}.`;
  return type.startsWith(prefix) ? type.slice(prefix.length) : type;
}

export interface Construction {
  readonly className: string;
  readonly constructor: MediaObjectConstructor;
  readonly parent: MediaObject | undefined;
  readonly params: Record<string, unknown>;
}

/** @throws KurentoError MEDIA_OBJECT_NOT_AVAILABLE, NOT_IMPLEMENTED, and those of `readParams` */
export function resolveConstruction(
  type: string,
  constructorParams: unknown,
  factory: Factory,
  find: FindObject,
): Construction {
  const className = bareClassName(type);
  const declaration = findClass(className);
  if (!declaration || declaration.abstract)
    throw new KurentoError('MEDIA_OBJECT_NOT_AVAILABLE', whyUnknown(type));
  const constructor = Object.hasOwn(factory, className) ? factory[className] : undefined;
  if (!constructor) throw new KurentoError('MEDIA_OBJECT_NOT_AVAILABLE', whyUnavailable(className));
  const params = readConstructorParams(declaration, constructorParams, find);
  const parentName = declaration.constructorParams.find((param) => findClass(param.type))?.name;
  const parent = parentName === undefined ? undefined : (params[parentName] as MediaObject);
  return { className, constructor, parent, params };
}

function readConstructorParams(
  declaration: ClassDeclaration,
  given: unknown,
  find: FindObject,
): Record<string, unknown> {
  const declared = declaration.constructorParams;
  const values = readParams(declared, namedParams(given, 'constructorParams'), find);
  declared.forEach((param, index) => {
    if (!param.supported && values[index] !== param.default)
      throw new KurentoError(
        'NOT_IMPLEMENTED',
        `This media server does not implement '${param.name}' other than ${String(param.default)} of '${declaration.name}'`,
      );
  });
  return Object.fromEntries(declared.map((param, index) => [param.name, values[index]]));
}

/**
 * Carries out an operation and gives its value as it travels.
 * @throws KurentoError MALFORMED_TRANSACTION for an unknown operation (so the original), NOT_IMPLEMENTED, those of
 * `readParams`, and those of the object
 */
export async function invoke(
  object: MediaObject,
  name: string,
  operationParams: unknown,
  find: FindObject,
): Promise<unknown> {
  const operation = findOperation(object.className, name);
  if (!operation)
    throw new KurentoError('MALFORMED_TRANSACTION', `'${object.className}' has no operation '${name}'`);
  if (!operation.supported)
    throw new KurentoError('NOT_IMPLEMENTED', whyNotImplemented(object.className, name));
  const given = namedParams(operationParams, 'operationParams');
  return perform(object as unknown as Record<string, unknown>, operation, given, find);
}

async function perform(
  target: Record<string, unknown>,
  operation: Operation,
  given: Params,
  find: FindObject,
): Promise<unknown> {
  switch (operation.kind) {
    case 'getter':
      return writeValue(operation.property.type, target[operation.property.name]);
    case 'setter': {
      const { name, type } = operation.property;
      [target[name]] = readParams([{ name, type }], given, find);
      return null;
    }
    case 'method': {
      const { name, params, returns } = operation.method;
      const method = target[name] as (...values: unknown[]) => unknown;
      const value = await method.apply(target, readParams(params, given, find));
      return returns === undefined ? null : writeValue(returns, value);
    }
  }
}

/** @throws KurentoError MEDIA_OBJECT_EVENT_NOT_SUPPORTED */
export function checkEvent(object: MediaObject, event: string): void {
  const found = findEvent(object.className, event);
  if (found?.supported) return;
  const message = found
    ? `This media server does not emit '${event}'`
    : `'${object.className}' has no event '${event}'`;
  throw new KurentoError('MEDIA_OBJECT_EVENT_NOT_SUPPORTED', message);
}

/** What `describe` tells of an object: its class and the class's ancestors, nearest first. */
export function describe(object: MediaObject): { type: string; qualifiedType: string; hierarchy: string[] } {
  const qualified = (name: string): string => `${KURENTO_NAMESPACE}.${name}`;
  const ancestors = classLineage(object.className).slice(1);
  return {
    type: object.className,
    qualifiedType: qualified(object.className),
    hierarchy: ancestors.map((ancestor) => qualified(ancestor.name)),
  };
}
