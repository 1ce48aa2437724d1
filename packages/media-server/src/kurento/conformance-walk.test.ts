// Walks over the whole Kurento model against the real media server: what is marked as supported works with the sample of
// conformance-cases.ts, and what is not is refused with the documented error. So docs/kurento-conformance.md, which is made
// from the same marks, says nothing that does not hold.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  classLineage,
  findEnum,
  kurentoModules,
  parleyMethods,
  type ClassDeclaration,
  type MethodDeclaration,
  type PropertyDeclaration,
} from '@parley/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMediaServer, type RunningMediaServer } from '../server.ts';
import {
  answerTo,
  caseFor,
  constructorCases,
  fill,
  methodCases,
  offersFor,
  settingCases,
} from './conformance-cases.ts';
import { typeProblems } from './conformance-types.ts';
import type { Params } from './messages.ts';
import { TestClient, type Answer } from './testing.ts';

const MANAGER = 'manager_ServerManager';
const CASES = 'add a line to packages/media-server/src/kurento/conformance-cases.ts';
const CLIP = fileURLToPath(new URL('../playing/fixtures/vp8-opus.webm', import.meta.url));

let folder: string;
let server: RunningMediaServer;
let client: TestClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-conformance-'));
  await copyFile(CLIP, join(folder, 'clip.webm'));
  server = await startMediaServer({
    listen: { host: '127.0.0.1', port: 0 },
    rtcPort: 0,
    httpPort: 0,
    announcedIps: ['127.0.0.1'],
    token: undefined,
    dataDir: folder,
    log: pino({ level: 'silent' }),
  });
  client = await TestClient.open(Number(new URL(server.url).port));
});

afterAll(async () => {
  await client.drop();
  await server.close();
  await rm(folder, { recursive: true });
});

/** An object of a class with what its cases may name, in a pipeline of its own. */
class Stage {
  readonly className: string;
  readonly pipeline: string;
  readonly filling: Record<string, string>;
  object = '';

  private constructor(className: string, pipeline: string) {
    this.className = className;
    this.pipeline = pipeline;
    const files = { file: `file://${folder}/clip.webm`, new: `file://${folder}/${className}.webm` };
    this.filling = { pipeline, ...files, ...offersFor(className) };
  }

  static async set(className: string): Promise<Stage> {
    const stage = new Stage(className, await client.pipeline());
    await stage.#add('peer', 'WebRtcEndpoint');
    const parent = declarationOf(className).constructorParams[0]?.type;
    if (parent === 'Hub') await stage.#add('hub', 'Dispatcher');
    return stage;
  }

  /** Of the server itself there is one. */
  static async withObject(className: string): Promise<Stage> {
    const stage = await Stage.set(className);
    stage.object = className === 'ServerManager' ? MANAGER : await stage.create(requiredParams(className));
    if (classLineage(className).some(({ name }) => name === 'Hub'))
      for (const port of ['port', 'port2'])
        stage.filling[port] = await client.value('create', {
          type: 'HubPort',
          constructorParams: { hub: stage.object },
        });
    return stage;
  }

  create(constructorParams: Params): Promise<string> {
    return client.value('create', {
      type: this.className,
      constructorParams: fill(constructorParams, this.filling),
    });
  }

  async call(method: string): Promise<Answer> {
    const found = caseFor(methodCases, this.className, method);
    if (!found) throw new Error(`${this.className}.${method} is supported and has no case: ${CASES}`);
    for (const earlier of found.after ?? []) {
      const { error } = await this.call(earlier);
      if (error) throw new Error(`${earlier} before ${method}: ${error.code} ${error.message}`);
    }
    const args = fill(found.args ?? {}, this.filling) as Params;
    const answer = await client.invoke(this.object, method, { ...args });
    if (method === 'generateOffer' && !answer.error)
      this.filling.answer = answerTo(answer.result.value as string);
    return answer;
  }

  async #add(name: string, type: string): Promise<void> {
    this.filling[name] = await client.value('create', {
      type,
      constructorParams: { mediaPipeline: this.pipeline },
    });
  }

  async clear(): Promise<void> {
    await client.call('release', { object: this.pipeline });
  }
}

const classes = kurentoModules.flatMap((module) => module.classes);

function declarationOf(className: string): ClassDeclaration {
  return classLineage(className)[0];
}

function requiredParams(className: string): Params {
  const required = declarationOf(className).constructorParams.filter((param) => !param.optional);
  return Object.fromEntries(required.map(({ name }) => [name, constructorCase(className, name)]));
}

function constructorCase(className: string, param: string): unknown {
  const found: Params = constructorCases[className] ?? {};
  if (!Object.hasOwn(found, param))
    throw new Error(`${className}(${param}) is supported and has no case: ${CASES}`);
  return found[param];
}

/** A value that is not the default: what is not supported is refused only when it is asked for. */
function otherThanDefault(type: string, value: unknown): unknown {
  const names = findEnum(type)?.values;
  if (names) return names.find((name) => name !== value);
  const samples: Params = { boolean: value !== true, int: Number(value) + 1, String: 'other' };
  return Object.hasOwn(samples, type) ? samples[type] : {};
}

const suffix = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** A stage for one test, cleared whatever becomes of it. */
async function on(className: string, act: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await Stage.withObject(className);
  try {
    await act(stage);
  } finally {
    await stage.clear();
  }
}

function checkProperty(className: string, property: PropertyDeclaration): void {
  const { name, type, access, supported, setterSupported } = property;
  it(`${supported ? '●' : '○'} ${name}`, () =>
    on(className, async (stage) => {
      const read = await client.invoke(stage.object, `get${suffix(name)}`);
      if (supported) expect(typeProblems(type, read.result?.value), read.error?.message).toEqual([]);
      else expect(read.error).toMatchObject({ code: 40006 });
      if (access !== 'readWrite') return;

      const setting = caseFor(settingCases, className, name);
      const isSettable = supported && setterSupported !== false;
      if (isSettable && !setting)
        throw new Error(`${className}.${name} can be set and has no case: ${CASES}`);
      const set = await client.invoke(stage.object, `set${suffix(name)}`, { [name]: setting?.value });
      const refusal = isSettable ? setting?.refused : 40006;
      expect(set.error?.code, set.error?.message).toBe(refusal);
      if (refusal !== undefined) return;
      const again = await client.invoke(stage.object, `get${suffix(name)}`);
      const expected = setting?.reads ?? setting?.value;
      expect([again.result.value]).toMatchObject([expected]);
    }));
}

function checkMethod(className: string, method: MethodDeclaration): void {
  it(`${method.supported ? '●' : '○'} ${method.name}()`, () =>
    on(className, async (stage) => {
      if (!method.supported) {
        expect((await client.invoke(stage.object, method.name)).error).toMatchObject({ code: 40006 });
        return;
      }
      const { result, error } = await stage.call(method.name);
      const { refused, mayBeNull } = caseFor(methodCases, className, method.name)!;
      expect(error?.code, error?.message).toBe(refused);
      if (error || (mayBeNull && result.value === null)) return;
      if (method.returns === undefined) expect(result.value).toBeNull();
      else expect(typeProblems(method.returns, result.value)).toEqual([]);
    }));
}

function checkEvent(className: string, name: string, supported: boolean): void {
  it(`${supported ? '●' : '○'} event ${name}`, () =>
    on(className, async ({ object }) => {
      const { result, error } = await client.call('subscribe', { object, type: name });
      if (supported) expect(result?.value, error?.message).toMatch(/^[0-9a-f-]{36}$/);
      else expect(error).toMatchObject({ code: 40106 });
    }));
}

function checkConstructor({ name: className, constructorParams }: ClassDeclaration): void {
  it.each(constructorParams)('$name as parameter', async ({ name, type, supported, default: initially }) => {
    const stage = await Stage.set(className);
    const value = supported ? constructorCase(className, name) : otherThanDefault(type, initially);
    const params = { ...requiredParams(className), [name]: value };
    const { error } = await client.call('create', {
      type: className,
      constructorParams: fill(params, stage.filling),
    });
    expect(error?.code, error?.message).toBe(supported ? undefined : 40006);
    await stage.clear();
  });
}

const present = classes.filter(
  (declaration) => declaration.supported && (!declaration.abstract || declaration.name === 'ServerManager'),
);

describe.each(present)('$name', (declaration) => {
  const className = declaration.name;
  const lineage = classLineage(className);
  checkConstructor(declaration);
  for (const each of lineage) {
    for (const property of each.properties) checkProperty(className, property);
    // A class may declare a method of an ancestor once more; the nearest one is what is called.
    const methods = [...each.methods, ...(parleyMethods[each.name] ?? [])];
    for (const method of methods) if (isNearest(each, method)) checkMethod(className, method);
    for (const event of each.events) checkEvent(className, event.name, event.supported);
  }

  function isNearest(declaring: ClassDeclaration, method: MethodDeclaration): boolean {
    const first = lineage.find(({ methods }) => methods.some(({ name }) => name === method.name));
    return first === undefined || first === declaring;
  }
});

describe('classes that are not there', () => {
  const absent = classes.filter(({ supported, abstract }) => abstract || !supported);
  it.each(absent)('○ $name cannot be created', async ({ name }) => {
    const { error } = await client.call('create', { type: name, constructorParams: {} });
    expect(error).toMatchObject({ code: 40108, data: { type: 'MEDIA_OBJECT_NOT_AVAILABLE' } });
  });
});
