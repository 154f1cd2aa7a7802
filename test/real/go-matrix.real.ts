import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { logOfJob, statusesOf, writeExample } from '../support/examples.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { BUILD_MS, toolVariables } from './tools.ts'

const PROJECT = 'gh/ada/greet'

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ timeoutMs: BUILD_MS })
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], { env: toolVariables() })
})
afterAll(() => ci.close())

const PLATFORMS = [
  ['linux', 'amd64'],
  ['linux', 'arm64'],
  ['darwin', 'arm64'],
  ['windows', 'amd64'],
]

test('a matrix of flags and one of platforms, whose files one job collects', async () => {
  const at = await writeExample(ci, 'go-matrix')
  const commit = await ci.push(at, 'ada/greet', 'main')
  const view = await ci.ended({ project: PROJECT, number: 1 })
  const builds = PLATFORMS.map(([os, architecture]) => `build (GOOS=${os}, GOARCH=${architecture})`)
  const titles = ['vet', 'test (GOFLAGS=-shuffle=on)', 'test (GOFLAGS=-race)', ...builds, 'checksums']
  expect(statusesOf(view)).toEqual(Object.fromEntries(titles.map(title => [title, 'passed'])))
  expect((await ci.statuses('ada/greet', commit)).at(-1)).toMatch(/^success /)

  expect(await logOfJob(ci, view, 'test (GOFLAGS=-shuffle=on)')).toMatch(
    /^-test\.shuffle \d+$|^ok\s+example\.com\/greet/m,
  )
  expect(await logOfJob(ci, view, 'test (GOFLAGS=-race)')).toMatch(/^ok\s+example\.com\/greet/m)
  const sums = await logOfJob(ci, view, 'checksums')
  for (const [os, architecture] of PLATFORMS)
    expect(sums).toMatch(new RegExp(`^[0-9a-f]{64}  ${os}-${architecture}/greet(\\.exe)?$`, 'm'))
})

test('the race detector finds what the other cell of the matrix does not', async () => {
  const at = await writeExample(ci, 'go-matrix')
  const source = await ci.read(`${at}/greet.go`)
  // This race never changes the count, and no failure ends another job: only the detector finds it.
  const racy = source
    .replace('\tcount int\n', '\tcount int\n\tused  bool\n')
    .replace('\tg.mutex.Lock()\n', '\tg.used = true\n\tg.mutex.Lock()\n')
  const config = JSON.parse(await ci.read(`${at}/.lambci.json`))
  await ci.push(at, 'ada/greet', 'main', {
    'greet.go': racy,
    '.lambci.json': JSON.stringify({ ...config, failFast: false }),
  })
  const view = await ci.ended({ project: PROJECT, number: 2 })
  expect(view.status).toBe('failed')
  expect(statusesOf(view)).toMatchObject({
    vet: 'passed',
    'test (GOFLAGS=-shuffle=on)': 'passed',
    'test (GOFLAGS=-race)': 'failed',
    checksums: 'skipped',
  })
  expect(await logOfJob(ci, view, 'test (GOFLAGS=-race)')).toContain('WARNING: DATA RACE')
})
