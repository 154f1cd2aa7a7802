import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Measures `npm start -- --once` in milliseconds over several rounds, with a new and with an existing data directory.
 */
const ROUNDS = 5

for (const [name, isReused] of [
  ['new data', false],
  ['existing data', true],
] as const) {
  let directory = mkdtempSync(join(tmpdir(), 'lambci-measure-'))
  const times = Array.from({ length: ROUNDS }, () => {
    if (!isReused) {
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
    if (status !== 0) throw new Error(`npm start exited with ${status}`)
    return Math.round(performance.now() - start)
  })
  rmSync(directory, { recursive: true, force: true })
  const sorted = times.toSorted((one, other) => one - other)
  console.log(`${name.padEnd(14)} median ${sorted[Math.floor(ROUNDS / 2)]} ms of ${sorted.join(', ')}`)
}
