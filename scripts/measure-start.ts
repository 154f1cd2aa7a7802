import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How long `npm start -- --once` takes, with new data and with data that is there: milliseconds, several rounds. */
const ROUNDS = 5

for (const [name, isKept] of [
  ['new data', false],
  ['the same data', true],
] as const) {
  let directory = mkdtempSync(join(tmpdir(), 'lambci-measure-'))
  const times = Array.from({ length: ROUNDS }, () => {
    if (!isKept) {
      rmSync(directory, { recursive: true, force: true })
      directory = mkdtempSync(join(tmpdir(), 'lambci-measure-'))
    }
    const start = performance.now()
    const { status } = spawnSync('npm', [
      'start',
      '--silent',
      '--',
      '--once',
      '--port',
      '0',
      '--data',
      directory,
    ])
    if (status !== 0) throw new Error(`npm start ended with ${status}`)
    return Math.round(performance.now() - start)
  })
  rmSync(directory, { recursive: true, force: true })
  const sorted = times.toSorted((one, other) => one - other)
  console.log(`${name.padEnd(14)} median ${sorted[Math.floor(ROUNDS / 2)]} ms, of ${sorted.join(', ')}`)
}
