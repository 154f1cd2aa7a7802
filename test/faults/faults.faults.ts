import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFaultSystem } from './run-scenario.ts'
import { CONCURRENT, SEQUENTIAL } from './scenarios.ts'

let faults: Awaited<ReturnType<typeof openFaultSystem>>
beforeAll(async () => {
  faults = await openFaultSystem({ buildTimeoutMs: 30_000 })
})
afterAll(() => faults.close())

describe.concurrent('a server fault', () => {
  test.each(CONCURRENT)('$name', { timeout: 120_000 }, async scenario => {
    await faults.run(scenario)
  })
})

describe('a killed process', () => {
  test.each(SEQUENTIAL)('$name', { timeout: 120_000 }, async scenario => {
    await faults.run(scenario)
  })
})
