import { defineConfig } from 'vitest/config'

/** System tests mostly wait for processes, git and servers, so there are more workers than cores. */
const SYSTEM_WORKERS = 6

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/{system,hostile}/**/*.test.ts', 'loopback/test/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: SYSTEM_WORKERS,
          sequence: { groupOrder: 1 },
          globalSetup: 'test/support/bundles.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
