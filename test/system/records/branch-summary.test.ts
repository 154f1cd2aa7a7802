import { afterAll, beforeAll, expect, test } from 'vitest'
import { updateSummary } from '../../../src/records/branch-summary.ts'
import { branchKey } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { type Bucket, openDirectBucket, readJson } from '../../support/bucket.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { PULL, viewWith } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

const ended = (branch: string, number: number, change: Partial<View> = {}): View => ({
  ...viewWith({ build: { branch, checkoutBranch: branch, trigger: `push/${branch}`, number } }),
  ...change,
})
/** As if git had the order of the numbers. */
const update = (view: View) => updateSummary(bucket.store, view, async ({ number }) => number < view.number)
const stored = (branch: string) => readJson(bucket.store, branchKey('gh/ada/web', branch))
const deploy = (status: 'succeeded' | 'failed') => ({
  stage: 'dev',
  status,
  reason: null,
  exit: null,
  url: null,
  by: null,
})

test('a newer build replaces an older one and records its conclusion', async () => {
  expect(await update(ended('a', 1))).toMatchObject({ number: 1, previous: null })
  const failed = ended('a', 2, { status: 'failed' })
  expect(await update(failed)).toMatchObject({
    number: 2,
    status: 'failed',
    previous: 'passed',
  })
  const undeployed = ended('a', 3, { status: 'failed', deploy: deploy('failed') })
  expect(await update(undeployed)).toMatchObject({
    status: 'failed',
    deploy: 'failed',
    previous: 'failed',
  })
  expect(await update(ended('a', 4, { deploy: deploy('succeeded') }))).toMatchObject({
    deploy: 'succeeded',
    previous: 'failed',
  })
})

test('neither an older build nor the same build again replaces a summary', async () => {
  const newer = await update(ended('b', 9))
  expect(await update(ended('b', 8, { status: 'failed' }))).toEqual(newer)
  expect(await update(ended('b', 9, { status: 'failed' }))).toEqual(newer)
  expect(await stored('b')).toMatchObject({ ...newer })
})

test('the newest of many concurrent updates wins', async () => {
  const numbers = [3, 11, 7, 1, 12, 5, 2, 10, 4, 8, 6, 9]
  await Promise.all(numbers.map(number => update(ended('c', number))))
  expect(await stored('c')).toMatchObject({ number: 12 })
})

test.each<[string, View]>([
  ['a running build', ended('d', 1, { status: 'running' })],
  ['a running deploy', ended('d', 1, { status: 'deploying' })],
  ['a skipped build', ended('d', 1, { status: 'skipped' })],
  ['a pull request', viewWith({ build: { ...PULL, branch: 'd' } })],
  ['a superseded build', ended('d', 1, { status: 'cancelled', reason: 'Superseded by #2' })],
  ['a merge group', ended('d', 1, { trigger: 'push/gh-readonly-queue/d/pr-7' })],
])('%s does not change the summary of its branch', async (_, view) => {
  expect(await update(view)).toBeNull()
  expect(await stored('d')).toBeNull()
})

test('branches with hostile names have separate summaries', async () => {
  await Promise.all(HOSTILE.map((branch, index) => update(ended(branch, index + 1))))
  const numbers = await Promise.all(HOSTILE.map(branch => stored(branch)))
  expect(numbers).toMatchObject(HOSTILE.map((_, index) => ({ number: index + 1 })))
})
