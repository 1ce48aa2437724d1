#!/usr/bin/env node
// What `npx parley` runs: makes TypeScript understood, then hands over to src/command-line/main.ts. CommonJS, because it is
// linted and type-checked by nobody and so has to stay this small.
const { pathToFileURL } = require('node:url');

const loader = pathToFileURL(require.resolve('tsx')).href;
// Processes that are forked from this one have to understand TypeScript as well.
process.execArgv.push('--import', loader);

import(loader)
  .then(() => import('../src/command-line/main.ts'))
  .catch((error) => {
    console.error('parley:', error);
    process.exit(1);
  });
