// A module of the Kurento model in the form of the original's own descriptions (`*.kmd.json`), which `getKmd` gives: tools that
// make clients read it. Only facts are in it, none of the original's documentation.
import type {
  ClassDeclaration,
  ComplexTypeDeclaration,
  EnumDeclaration,
  EventDeclaration,
  MethodDeclaration,
  ParamDeclaration,
  PropertyDeclaration,
} from './declarations.ts';
import { eventDeclarations } from './event-declarations.ts';
import { KURENTO_MODEL_VERSION, kurentoModules } from './model.ts';
import { PARLEY_MODULE, parleyEnums, parleyMethods, parleyTypes } from './parley-module.ts';
import { complexTypes, enums } from './types.ts';

type Json = Record<string, unknown>;

/** The types of the module "elements"; all others are of "core". */
const ELEMENTS_TYPES = new Set([
  'MediaProfileSpecType',
  'GapsFixMethod',
  'CryptoSuite',
  'IceComponentState',
  'DtlsConnectionState',
  'CertificateKeyType',
  'DSCPValue',
  'VideoInfo',
  'SDES',
  'IceCandidate',
  'IceCandidatePair',
  'IceConnection',
  'DtlsConnection',
]);

/** The base events, which no class names. */
const BASE_EVENTS = ['RaiseBase', 'Media'];

/** `version`: of the module `parley`, which is not the model's. Undefined: there is no such module. */
export function kmdOf(moduleName: string, version = KURENTO_MODEL_VERSION): Json | undefined {
  if (moduleName === PARLEY_MODULE) return ownModule(version);
  const module = kurentoModules.find(({ name }) => name === moduleName);
  if (!module) return undefined;
  const events = eventsOf(module.classes, moduleName === 'core');
  const isOwn = ({ name }: { name: string }) => typesModule(name) === moduleName;
  return {
    name: moduleName,
    version: KURENTO_MODEL_VERSION,
    kurentoVersion: KURENTO_MODEL_VERSION,
    ...(moduleName === 'core' ? {} : { imports: [{ name: 'core', version: KURENTO_MODEL_VERSION }] }),
    remoteClasses: module.classes.map(remoteClass),
    complexTypes: [...enums.filter(isOwn).map(enumType), ...complexTypes.filter(isOwn).map(registerType)],
    events: events.map(eventType),
  };
}

/** Its operations belong to classes of the original, so it declares those again, with nothing but what it adds. */
function ownModule(version: string): Json {
  const added = Object.entries(parleyMethods);
  return {
    name: PARLEY_MODULE,
    version,
    kurentoVersion: KURENTO_MODEL_VERSION,
    imports: [{ name: 'elements', version: KURENTO_MODEL_VERSION }],
    remoteClasses: added.map(([name, methods]) => ({ name, methods: methods.map(method) })),
    complexTypes: [...parleyEnums.map(enumType), ...parleyTypes.map(registerType)],
    events: [],
  };
}

function typesModule(name: string): string {
  return ELEMENTS_TYPES.has(name) ? 'elements' : 'core';
}

/** Those that the classes name, and with `base` those that all others extend. */
function eventsOf(classes: readonly ClassDeclaration[], base: boolean): EventDeclaration[] {
  const names = new Set(classes.flatMap(({ events }) => events.map(({ name }) => name)));
  if (base) for (const name of BASE_EVENTS) names.add(name);
  return eventDeclarations.filter(({ name }) => names.has(name));
}

function remoteClass(declaration: ClassDeclaration): Json {
  const { name, abstract, extends: parent, constructorParams, properties, methods, events } = declaration;
  return {
    name,
    ...(abstract ? { abstract } : {}),
    ...(parent === undefined ? {} : { extends: parent }),
    ...(abstract ? {} : { constructor: { params: constructorParams.map(param) } }),
    ...(properties.length > 0 ? { properties: properties.map(property) } : {}),
    ...(methods.length > 0 ? { methods: methods.map(method) } : {}),
    ...(events.length > 0 ? { events: events.map((event) => event.name) } : {}),
  };
}

function param({ name, type, optional, default: value }: ParamDeclaration): Json {
  return {
    name,
    type,
    ...(optional ? { optional } : {}),
    ...(value === undefined ? {} : { defaultValue: value }),
  };
}

function property({ name, type, access, default: value }: PropertyDeclaration): Json {
  return {
    name,
    type,
    ...(access === 'final' ? { final: true } : {}),
    ...(access === 'readOnly' ? { readOnly: true } : {}),
    ...(value === undefined ? {} : { defaultValue: value }),
  };
}

function method({ name, params, returns }: MethodDeclaration): Json {
  return { name, params: params.map(param), ...(returns === undefined ? {} : { return: { type: returns } }) };
}

function enumType({ name, values }: EnumDeclaration): Json {
  return { typeFormat: 'ENUM', name, values };
}

function registerType({ name, extends: parent, fields }: ComplexTypeDeclaration): Json {
  return {
    typeFormat: 'REGISTER',
    name,
    ...(parent === undefined ? {} : { extends: parent }),
    properties: fields.map(param),
  };
}

function eventType({ name, extends: parent, fields }: EventDeclaration): Json {
  return { name, ...(parent === undefined ? {} : { extends: parent }), properties: fields.map(param) };
}
