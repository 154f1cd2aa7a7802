import { defineConfig } from 'vitest/config'

/** `npm run test:faults`: what can go wrong, at every point of a build's life. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    globalSetup: 'test/support/bundles.ts',
    hookTimeout: 60_000,
    maxConcurrency: 4,
  },
})
