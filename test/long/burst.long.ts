import { afterAll, beforeAll, test } from 'vitest'
import { playBurst } from '../support/burst.ts'
import { sharedTestSystem, type TestSystem } from '../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test(
  'of 20 pushes, one every third of the time that a build takes, the stage keeps getting the newest green one',
  () => playBurst(ci, 20, 3),
  120_000,
)
