import { defineConfig } from 'vitest/config'

/** `npm run test:real`: the examples with the real tools, which are installed first. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.real.ts'],
    globalSetup: ['test/real/install-tools.ts', 'test/support/bundles.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
})
