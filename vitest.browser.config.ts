import { defineConfig } from 'vitest/config'

/** `npm run test:browser`: the pages in a real Chromium, which `npm test` does not ask for. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
