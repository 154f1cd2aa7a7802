import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** System tests often wait for processes, git and servers, so there are more workers than cores, but not so many that stories get slow. */
const SYSTEM_WORKERS = 4
const SLOW = /\/(stories|hostile|cli|random)\//

/** Starts the slow files first, so that no worker is left alone with one at the end. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [
      ...sorted.filter(({ moduleId }) => SLOW.test(moduleId)),
      ...sorted.filter(({ moduleId }) => !SLOW.test(moduleId)),
    ]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
    // A log in the message of a failure says why.
    chaiConfig: { truncateThreshold: 2000 },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/unit/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/{system,hostile}/**/*.test.ts', 'loopback/test/**/*.test.ts'],
          pool: 'forks',
          isolate: false,
          maxWorkers: SYSTEM_WORKERS,
          sequence: { groupOrder: 1 },
          globalSetup: 'test/support/bundles.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
