import { expect, test } from 'vitest'
import { PendingLines } from '../../../src/log/pending-lines.ts'

test('lines wait for the log, and all arrive in order', async () => {
  const lines = new PendingLines()
  const logged: string[] = []
  lines.write('one')
  lines.write('two')
  await lines.passTo(async line => {
    // A line that comes while the first ones are written.
    if (line === 'one') lines.write('three')
    await null
    logged.push(line)
  })
  lines.write('four')
  await expect.poll(() => logged).toEqual(['one', 'two', 'three', 'four'])
})

test('a log that fails holds nothing up', async () => {
  const lines = new PendingLines()
  lines.write('one')
  await lines.passTo(async () => {
    throw new Error('full')
  })
})
