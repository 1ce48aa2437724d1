// What `getInfo` says of this server. Clients compare the module names with what they were made for.
import { readFileSync } from 'node:fs';
import { KURENTO_MODEL_VERSION, kurentoModules, PARLEY_MODULE } from '@parley/protocol';
import type { ServerInfo } from '../elements/server-manager.ts';
import type { Factory } from './factory.ts';

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export function serverInfo(factory: Factory): ServerInfo {
  const modules = kurentoModules.map(({ name, classes }) => ({
    version: KURENTO_MODEL_VERSION,
    name,
    generationTime: '',
    factories: classes.map((declaration) => declaration.name).filter((each) => Object.hasOwn(factory, each)),
  }));
  const own = { version: ownVersion(), name: PARLEY_MODULE, generationTime: '', factories: [] };
  return {
    version: KURENTO_MODEL_VERSION,
    modules: [...modules, own],
    type: 'KMS',
    capabilities: ['transactions'],
  };
}
