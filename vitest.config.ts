import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'loopback/test/**/*.test.ts'],
    // Real processes, real git and real servers take their time on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
