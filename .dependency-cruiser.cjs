// The import arrows of ARCHITECTURE.md: what each package may import of ours. Checked by `npm run arrows`.
const MAY_IMPORT = {
  protocol: [],
  rtc: [],
  'media-server': ['protocol', 'rtc'],
  'turn-server': ['protocol', 'rtc'],
  'bad-network': [],
  'app-server': ['protocol'],
  'web-client': ['protocol'],
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
      name: `${name}-imports-only-${allowed.join('-and-') || 'libraries'}`,
      severity: 'error',
      from: { path: `^packages/${name}/` },
      to: { path: '^(packages|e2e|bench)/', pathNot: [name, ...allowed].map((part) => `^packages/${part}/`) },
    })),
    {
      name: 'no-product-code-imports-tests-or-benchmarks',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(e2e|bench)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
