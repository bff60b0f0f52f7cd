import { defineConfig } from 'vitest/config';

/** Two projects: what can run side by side, and what starts servers or browsers and must not share the two cores. */
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
          // Reached only where something hangs, however busy the machine is.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,fuzz}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
  },
});
