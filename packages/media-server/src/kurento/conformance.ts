// docs/kurento-conformance.md: what of the Kurento model this media server has, made from the model. A test compares the
// file with this and writes it anew when UPDATE_DOCS is set.
import {
  kurentoModules,
  PARLEY_MODULE,
  parleyMethods,
  type ClassDeclaration,
  type MemberEffect,
  type MethodDeclaration,
  type PropertyDeclaration,
} from '@parley/protocol';
import { differencesFromTheOriginal } from './differences.ts';
import { summary } from './summary.ts';

const TABLE_HEAD = ['|   | kind | name | type |', '| - | --- | --- | --- |'];

function mark(supported: boolean, effect: MemberEffect | undefined): string {
  if (!supported) return '○';
  return effect === 'partial' ? '◐' : '●';
}

/** The whole page as Markdown. */
export function conformancePage(): string {
  const classes = kurentoModules.flatMap((module) => module.classes);
  const present = classes.filter((declaration) => declaration.supported);
  const absent = classes.filter((declaration) => !declaration.supported);
  return [
    '# Conformance with the Kurento Protocol',
    '',
    '<!-- Made from the model by packages/media-server/src/kurento/conformance.ts. Write it anew with',
    '     UPDATE_DOCS=1 npx vitest run --project unit packages/media-server/src/kurento/conformance.test.ts -->',
    '',
    summary,
    '## How to read the tables',
    '',
    'Every class, method, property and event of the Kurento API, and whether this media server has it: ● yes, ○ no, ◐ it is',
    'taken, but has no effect, less than the original gives it, or fewer values: [Differences](#differences-from-the-original)',
    "says which. What is missing is answered with Kurento's own error: 40108 for a class, 40006 for an operation or a parameter,",
    '40106 for an event. All methods of the protocol itself are there: `ping`, `connect`, `create`, `describe`, `invoke`, `subscribe`,',
    '`unsubscribe`, `release`, `transaction`, `ref`, `unref`, `keepAlive`, `closeSession`.',
    '',
    'A test walks over every line of this page against a running server: each ● and ◐ is created, called, read, set and read back,',
    'or subscribed to with a sample (`packages/media-server/src/kurento/conformance-cases.ts`; without one the test fails), and',
    'each ○ is refused with its error. What the members do is shown by the tests beside their classes and in `e2e/kurento`.',
    '',
    '## Classes',
    '',
    ...present.flatMap(classSection),
    '### Not available',
    '',
    `${absent.map((declaration) => `○ ${declaration.name}`).join(', ')}.`,
    '',
    `## The module \`${PARLEY_MODULE}\``,
    '',
    'What the original does not have. `getInfo` names the module; its operations are invoked like all others, and the values',
    `of its types say \`"__module__": "${PARLEY_MODULE}"\`.`,
    '',
    ...Object.entries(parleyMethods).flatMap(([name, methods]) => [
      `### ${name}`,
      '',
      ...TABLE_HEAD,
      ...methods.map(methodRow),
      '',
    ]),
    differencesFromTheOriginal,
  ].join('\n');
}

function classSection(declaration: ClassDeclaration): string[] {
  const kind = declaration.abstract ? ', cannot be created' : '';
  const parent = declaration.extends === undefined ? '' : ` (extends ${declaration.extends}${kind})`;
  const rows = [
    ...declaration.constructorParams.map((param) => row(param, 'parameter', param.name, param.type)),
    ...declaration.properties.map(propertyRow),
    ...declaration.methods.map(methodRow),
    ...declaration.events.map((event) => row(event, 'event', event.name, '')),
  ];
  const table = [...TABLE_HEAD, ...rows];
  return [`### ${declaration.name}${parent}`, '', ...(rows.length > 0 ? table : ['Adds nothing.']), ''];
}

interface Marked {
  readonly supported: boolean;
  readonly effect?: MemberEffect;
}

function row({ supported, effect }: Marked, kind: string, name: string, type: string): string {
  return `| ${mark(supported, effect)} | ${kind} | \`${name}\` | ${type === '' ? '' : `\`${type}\``} |`;
}

function propertyRow(property: PropertyDeclaration): string {
  const { name, type, access, supported, setterSupported } = property;
  const readOnly = access === 'readWrite' ? '' : ', read-only';
  const setter = supported && setterSupported === false ? ', setting: ○' : '';
  return row(property, `property${readOnly}${setter}`, name, type);
}

function methodRow(method: MethodDeclaration): string {
  const { name, params, returns } = method;
  const signature = `${name}(${params.map((param) => `${param.name}${param.optional ? '?' : ''}`).join(', ')})`;
  return row(method, 'method', signature, returns ?? '');
}
