import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { inFull, pace } from './test/support/pace.ts';

const endToEnd = {
  globalSetup: ['test/support/global-setup.ts'],
  pool: 'forks' as const,
  // More than two processors: a test mostly waits, for the kernel and for its own patience.
  maxWorkers: 4,
  // After the unit tests, which take all processors.
  sequence: { groupOrder: 1 },
  // Namespaces of many tests at once queue on one lock in the kernel: patience, rather than flakes.
  testTimeout: 60_000 * (pace + 1),
  hookTimeout: 60_000 * (pace + 1),
};

/** What says nothing about an executable, or the same of each: run once, on the first build. */
const ofNoBuild = [
  // The tests' own laboratory.
  'test/e2e/support/**',
  'test/e2e/ovs/support.test.ts',
  // make, images, manifests and documents.
  'test/e2e/deploy/**',
  // Shells, manual pages, a guide: what people have besides the executable.
  'test/e2e/people/**',
  // What a runtime does with a plugin that behaves as the other tests say.
  'test/e2e/runtime/{containerd,life,multus}.test.ts',
  // Commands for people, but for those that depend on the runtime.
  'test/e2e/runtime/attach.test.ts',
  'test/e2e/explain/**',
];

/** Of the second build in `make test-full`: faults, and what grows with the node, which no runtime is asked about. */
const longOnes = [
  'test/e2e/hostile.test.ts',
  'test/e2e/robust/**',
  'test/e2e/scale/**',
  'test/e2e/*/{dead,failure,kill,robust}.test.ts',
];

/** Files of few lines that take a minute or more: begun last, they would keep one processor busy after all others. */
const slow = /\/(?:robust|failure|kill|teardown|life|guide|arm64|host-local-shared)\.test\.ts$/;

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification): boolean => slow.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
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
        test: { ...endToEnd, name: 'e2e', include: ['test/e2e/**/*.test.ts'] },
      },
      {
        // The same on the second build, `make test-e2e RUNTIME=bun`.
        test: {
          ...endToEnd,
          name: 'e2e-bun',
          include: ['test/e2e/**/*.test.ts'],
          exclude: inFull ? ofNoBuild : [...ofNoBuild, ...longOnes],
          env: { PLUMBLINE_RUNTIME: 'bun' },
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
