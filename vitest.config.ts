import { defineConfig } from 'vitest/config';

/** What says how long something may take under load, or replays at a pace: nothing else is to take the cores from it. */
const ALONE = ['bremen-replay', 'bulk-import', 'connect-burst', 'crash'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

/** How long a test may take, and how long `expect.poll` asks: reached only where something hangs, however busy the machine is. */
const patience = (testTimeout: number) => ({
  testTimeout,
  hookTimeout: testTimeout,
  expect: { poll: { timeout: 20_000 } },
});

/** Three projects, one after the other. Files run side by side except in the last. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{rules,broker,gateway,devices-sim,dashboard,conformance}/**/*.test.ts',
            'test/*.test.ts',
          ],
          ...patience(60_000),
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,fuzz}/**/*.test.ts'],
          exclude: ALONE,
          ...patience(120_000),
          // Servers and browsers with ports and folders of their own; a file waits for them half of its time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          ...patience(120_000),
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
  },
});
