import { defineConfig } from 'vitest/config'

/** `npm run test:long`: whole machines and random histories, which take minutes and which few changes break. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.long.ts'],
    globalSetup: 'test/support/bundles.ts',
    pool: 'forks',
    isolate: false,
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
