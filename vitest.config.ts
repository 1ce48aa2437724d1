import { defineConfig } from 'vitest/config';

/**
 * `unit` runs beside the code in parallel; `e2e` drives real browsers, one file at a time; `faults` many at once,
 * `kurento` the media server alone, with the clients and the peers of others.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 15_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
          fileParallelism: false,
          globalSetup: ['e2e/src/global-setup.ts'],
        },
      },
      {
        test: {
          name: 'faults',
          include: ['e2e/faults/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
          fileParallelism: false,
          globalSetup: ['e2e/src/global-setup.ts'],
        },
      },
      {
        test: {
          name: 'kurento',
          include: ['e2e/kurento/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
          fileParallelism: false,
          globalSetup: ['e2e/src/kurento/global-setup.ts'],
        },
      },
    ],
  },
});
