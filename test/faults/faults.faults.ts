import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFaults } from './play.ts'
import { LONELY, TOGETHER } from './rows.ts'

let faults: Awaited<ReturnType<typeof openFaults>>
beforeAll(async () => {
  faults = await openFaults({ buildTimeoutMs: 30_000 })
})
afterAll(() => faults.close())

describe.concurrent('a fault of a server', () => {
  test.each(TOGETHER)('$name', { timeout: 120_000 }, row => faults.play(row))
})

describe('a process that is killed', () => {
  test.each(LONELY)('$name', { timeout: 120_000 }, row => faults.play(row))
})
