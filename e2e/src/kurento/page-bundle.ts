// Makes one script for a page of a package that was written for Node, or for bundlers of its time.
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { requireClient } from './npm-clients.ts';

const EVENTS = fileURLToPath(new URL('events-for-browsers.cjs', import.meta.url));
const WEB_SOCKET = fileURLToPath(new URL('websocket-for-browsers.cjs', import.meta.url));

/** Modules of Node that are loaded, and then done without. */
const nothing: Plugin = {
  name: 'nothing',
  setup(build) {
    build.onResolve({ filter: /^(domain|url)$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** The text of a script that defines what the package exports, unchanged, as this global variable. */
export async function bundleForPage(packageName: string, globalName: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [requireClient.resolve(packageName)],
    bundle: true,
    write: false,
    format: 'iife',
    globalName,
    platform: 'browser',
    logLevel: 'error',
    define: { global: 'window' },
    alias: { events: EVENTS, 'node:events': EVENTS, ws: WEB_SOCKET },
    plugins: [nothing],
  });
  const [script] = outputFiles;
  if (!script) throw new Error('nothing was bundled');
  return script.text;
}
