import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../src/log/reader.ts'
import { jobKeys, variablesKeys } from '../../src/records/keys.ts'
import type { View } from '../../src/records/view.ts'
import { putJson } from '../support/bucket.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { canReadMemory, readAttack } from './attack.ts'

const SECRET = 'a-secret-that-one-job-names'

let ci: TestSystem
beforeAll(async () => {
  // One sandbox, in which each job runs where the one before it has run.
  ci = await openTestSystem({ concurrency: 1 })
})
afterAll(() => ci.close())

const logOf = async (view: View, title: string) => {
  const ref = view.jobs.find(each => each.title === title)?.ref
  if (!ref) throw new Error(`${title} has no log`)
  const { bytes } = await readLog(ci.system.store, jobKeys(view, ref).log, 0, 100_000)
  return Buffer.from(bytes).toString()
}

/** Decision 023: the lead, which holds all secrets, neither runs such a job nor leaves its process to one; nor does a job that holds them. */
test.skipIf(!canReadMemory)(
  'a job without secrets finds none where the lead or another job has run',
  async () => {
    await putJson(ci.system.store, variablesKeys('gh/ada/named')[1], {
      TOKEN: SECRET,
      OTHER: 'another-secret',
    })
    const [search, runner] = await Promise.all([
      readAttack('search-secrets.mjs'),
      readAttack('find-runner.mjs'),
    ])
    const cmd = 'node search-secrets.mjs'
    const jobs = {
      lint: { cmd, secrets: [] },
      publish: { cmd, secrets: ['TOKEN'], needs: 'lint' },
      last: { cmd, secrets: [], needs: 'publish' },
    }
    const env = { NEEDLE: Buffer.from(SECRET).toString('hex') }
    const at = await ci.write({
      '.lambci.json': JSON.stringify({ env, jobs }),
      'search-secrets.mjs': search,
      'find-runner.mjs': runner,
    })
    const commit = await ci.push(at, 'ada/named', 'master')
    const view = await ci.ended({ project: 'gh/ada/named', number: 1 })
    expect(view.jobs.map(({ title, ref, status }) => [title, ref?.key, status])).toEqual([
      ['lint', 1, 'passed'],
      ['publish', 2, 'passed'],
      ['last', 3, 'passed'],
    ])
    expect((await ci.statuses('ada/named', commit)).at(-1)).toMatch(/^success /)
    for (const title of ['lint', 'last']) {
      const log = await logOf(view, title)
      expect(log).toMatch(/^searched [1-9]\d{2,} MB of memory and [1-9]\d* files$/m)
      expect(log).toContain('\nfound in: .\n')
    }
    expect(await logOf(view, 'publish')).toContain('\nfound in: environments, memory, variables.\n')
  },
)
