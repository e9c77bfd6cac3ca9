import { defineConfig } from 'vitest/config';
import { pace } from './test/support/pace.ts';

export default defineConfig({
  test: {
    // Processes, not threads: a test's namespaces are held by pipes that must close when its worker ends.
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          pool: 'forks',
          // More than two processors: a test mostly waits, for the kernel and for its own patience.
          maxWorkers: 3,
          // After the unit tests, which take all processors.
          sequence: { groupOrder: 1 },
          // Namespaces of many tests at once queue on one lock in the kernel: patience, rather than flakes.
          testTimeout: 60_000 * (pace + 1),
          hookTimeout: 60_000 * (pace + 1),
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          // Prepares, boots and runs all that the test files then tell the results of.
          globalSetup: ['test/vm/global-setup.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
