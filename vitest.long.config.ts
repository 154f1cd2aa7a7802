import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const PROPERTIES = globSync('test/unit/**/*.test.ts').filter(file =>
  readFileSync(file, 'utf8').includes('/support/runs.ts'),
)

/**
 * `npm run test:long`: whole machines and random histories, which take minutes and which few changes break, and properties with all of
 * their runs.
 */
export default defineConfig({
  test: {
    include: ['test/long/**/*.long.ts', ...PROPERTIES],
    env: { LAMBCI_ALL_RUNS: 'yes' },
    globalSetup: 'test/support/bundles.ts',
    pool: 'forks',
    isolate: false,
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
