// Well-formed messages of the Kurento Protocol, one for every method, class, operation and event, made from the model: what
// is new in the model is in them by itself. For tests that mutilate them.
import { readFileSync } from 'node:fs';
import {
  classLineage,
  complexTypeFields,
  findClass,
  findEnum,
  isSubclass,
  kurentoModules,
  parleyMethods,
  type ClassDeclaration,
  type ParamDeclaration,
} from '@parley/protocol';

export interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Ids of objects that are there, by class. */
export type Cast = ReadonlyMap<string, string>;

const OFFER = readFileSync(
  new URL('../../../packages/rtc/src/sdp/fixtures/chromium-sendrecv.sdp', import.meta.url),
  'utf8',
);
/** What parameters of these names hold at applications. */
const TEXTS: Readonly<Record<string, string>> = {
  offer: OFFER,
  answer: OFFER,
  uri: 'file:clip.webm',
  moduleName: 'core',
  candidate: 'candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host',
};
const NO_OBJECT = 'nobody_kurento.PassThrough';

const classes = kurentoModules.flatMap((module) => module.classes);

/** Those of which a client can ask for an object, in the order in which one may need the other. */
export const concreteClasses: readonly ClassDeclaration[] = classes
  .filter(({ abstract }) => !abstract)
  .sort((one, other) => rank(one) - rank(other));

function rank({ name }: ClassDeclaration): number {
  return name === 'MediaPipeline' ? 0 : isSubclass(name, 'Hub') ? 1 : 2;
}

const message = (method: string, params: Message['params']): Message => ({ jsonrpc: '2.0', method, params });

/** A value of a type of the model. */
function sample(type: string, name: string, cast: Cast): unknown {
  if (type.endsWith('[]')) return [sample(type.slice(0, -2), name, cast)];
  if (type.endsWith('<>')) return { one: sample(type.slice(0, -2), name, cast) };
  const scalars: Readonly<Record<string, unknown>> = {
    boolean: true,
    int: 1,
    int64: 1,
    float: 0.5,
    double: 0.5,
  };
  if (Object.hasOwn(scalars, type)) return scalars[type];
  if (type === 'String') return TEXTS[name] ?? 'x';
  const names = findEnum(type)?.values;
  if (names) return names[0];
  if (findClass(type)) return [...cast].find(([className]) => isSubclass(className, type))?.[1] ?? NO_OBJECT;
  return { __module__: 'kurento', __type__: type, ...samples(complexTypeFields(type) ?? [], cast) };
}

function samples(params: readonly ParamDeclaration[], cast: Cast): Record<string, unknown> {
  return Object.fromEntries(params.map(({ name, type }) => [name, sample(type, name, cast)]));
}

/** Asks for an object: with all parameters, or with those only that must be there. */
export function creation(declaration: ClassDeclaration, cast: Cast, which: 'all' | 'required'): Message {
  const params = declaration.constructorParams.filter((param) => which === 'all' || !param.optional);
  return message('create', { type: declaration.name, constructorParams: samples(params, cast) });
}

/** Every message there is to the objects of the cast, the manager among them. The pipeline is not released by them. */
export function templates(cast: Cast): Message[] {
  const pipeline = cast.get('MediaPipeline') ?? NO_OBJECT;
  return [
    message('ping', { interval: 240_000 }),
    message('connect', { sessionId: 'nobody' }),
    message('keepAlive', {}),
    message('closeSession', { sessionId: 'nobody', release: true }),
    message('nonsense', {}),
    message('release', { object: `${pipeline}/nobody` }),
    message('transaction', {
      operations: [
        { id: 0, ...message('create', { type: 'MediaPipeline' }) },
        {
          id: 1,
          ...message('create', { type: 'PassThrough', constructorParams: { mediaPipeline: 'newref:0' } }),
        },
        { id: 2, ...message('invoke', { object: 'newref:1', operation: 'getName' }) },
        { id: 3, ...message('release', { object: 'newref:0' }) },
      ],
    }),
    ...concreteClasses.map((declaration) => creation(declaration, cast, 'all')),
    ...[...cast].flatMap(([className, object]) => messagesTo(className, object, cast)),
  ];
}

function messagesTo(className: string, object: string, cast: Cast): Message[] {
  const lineage = classLineage(className);
  const methods = lineage.flatMap(({ name, methods: own }) => [...own, ...(parleyMethods[name] ?? [])]);
  const invoke = (operation: string, operationParams: Record<string, unknown>) =>
    message('invoke', { object, operation, operationParams });
  return [
    message('describe', { object }),
    message('ref', { object }),
    ...(className === 'MediaPipeline' ? [] : [message('unref', { object }), message('release', { object })]),
    ...methods.map(({ name, params }) => invoke(name, samples(params, cast))),
    ...lineage
      .flatMap(({ properties }) => properties)
      .flatMap(({ name, type }) => {
        const suffix = name.charAt(0).toUpperCase() + name.slice(1);
        return [invoke(`get${suffix}`, {}), invoke(`set${suffix}`, { [name]: sample(type, name, cast) })];
      }),
    ...lineage
      .flatMap(({ events }) => events)
      .flatMap(({ name: type }) => [
        message('subscribe', { object, type }),
        message('unsubscribe', { object, subscription: 'x' }),
      ]),
  ];
}
