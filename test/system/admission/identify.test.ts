import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify } from '../../../src/admission/identify.ts'
import type { Signer } from '../../../src/model/signer.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { settingsKeys, stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { readKnown, readNamed, updateKnown } from '../../../src/records/repository-records.ts'
import { type Bucket, openBucket, putJson } from '../../support/bucket.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let ids = 1000
const nextId = () => ++ids
const silent = async () => {
  throw new UserError('GitHub could not be asked')
}
/** What a delivery that names this repository is found to be from. `actual`: GitHub's id of it, null if it shows none. */
const found = (
  repository: string,
  repositoryId: number,
  actual?: number | null,
  signer: Signer = { by: 'app' },
) =>
  identify(
    bucket.store,
    { repository, repositoryId },
    actual === undefined ? silent : async () => (actual === null ? null : { id: actual }),
    signer,
  )
async function bound(repository: string, id: number, actual?: number): Promise<string> {
  const identity = await found(repository, id, actual)
  if ('refused' in identity) throw new Error(identity.reason)
  expect(await identity.bind?.()).toBeFalsy()
  return identity.project
}

test('a name is bound to the id that comes with it first, in any spelling and without asking GitHub', async () => {
  const id = nextId()
  expect(await bound('Ada/First', id)).toBe('gh/ada/first')
  expect(await found('ada/FIRST', id)).toEqual({ id, project: 'gh/ada/first', bind: null })
  expect(await readNamed(bucket.store, 'ada/first')).toEqual({ id, project: 'gh/ada/first' })
  expect(await readKnown(bucket.store, id)).toEqual({ project: 'gh/ada/first' })
})

test('nothing is recorded before it is bound', async () => {
  const id = nextId()
  await found('ada/unbound', id)
  expect([await readNamed(bucket.store, 'ada/unbound'), await readKnown(bucket.store, id)]).toEqual([
    null,
    null,
  ])
})

test('of first deliveries at once all bind the same, and of two repositories one is refused', async () => {
  const [id, other] = [nextId(), nextId()]
  const same = await Promise.all([1, 2, 3, 4].map(() => found('ada/race', id)))
  const bindings = await Promise.all(same.map(each => ('bind' in each ? each.bind?.() : each)))
  expect(bindings).toEqual([null, null, null, null])

  const rivals = await Promise.all([found('ada/rivals', id + 10), found('ada/rivals', other + 10)])
  const bound = await Promise.all(rivals.map(each => ('bind' in each ? each.bind?.() : each)))
  expect(bound.filter(refusal => refusal === null)).toHaveLength(1)
  expect(bound.find(refusal => refusal)).toMatchObject({ refused: 'conflict' })
})

test('a binding that was interrupted is completed by the next delivery', async () => {
  const id = nextId()
  await updateKnown(bucket.store, id, () => ({ project: 'gh/ada/half' }))
  expect(await bound('ada/half', id)).toBe('gh/ada/half')
  expect(await readNamed(bucket.store, 'ada/half')).toEqual({ id, project: 'gh/ada/half' })
})

test('with another id, GitHub decides: the bound repository is built, another one is refused', async () => {
  const [id, other] = [nextId(), nextId()]
  await bound('ada/claimed', id)
  expect(await found('ada/claimed', other, id)).toEqual({ id, project: 'gh/ada/claimed', bind: null })
  expect(await found('ada/claimed', other, other)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringMatching(/^ada\/claimed is another repository now: .* "lambci adopt ada\/claimed"/),
  })
  expect(await found('ada/claimed', other, null)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringContaining('"lambci adopt ada/claimed"'),
  })
  await expect(found('ada/claimed', other)).rejects.toThrow(UserError)
})

test('a renamed repository keeps its project under every later name', async () => {
  const id = nextId()
  await bound('ada/one', id)
  expect(await bound('Ada/Two', id, id)).toBe('gh/ada/one')
  expect(await bound('bob/three', id, id)).toBe('gh/ada/one')
  // Known names need no question.
  for (const name of ['ada/one', 'ada/two', 'Bob/Three']) expect(await bound(name, id)).toBe('gh/ada/one')
})

test('an id that belongs to another repository does not give access to its project', async () => {
  const [id, own] = [nextId(), nextId()]
  await bound('ada/victim', id)
  expect(await found('eve/web', id, null)).toMatchObject({ refused: 'conflict' })
  await expect(found('eve/web', id)).rejects.toThrow(UserError)
  expect(await bound('eve/web', id, own)).toBe('gh/eve/web')
  expect(await readNamed(bucket.store, 'eve/web')).toEqual({ id: own, project: 'gh/eve/web' })
})

test('settings and secrets under the new name of a renamed repository are named, not passed over', async () => {
  const id = nextId()
  await bound('ada/before', id)
  await putJson(bucket.store, settingsKeys('gh/ada/after')[1], {})
  await putJson(bucket.store, variablesKeys('gh/ada/after')[1], {})
  expect(await found('ada/after', id, id)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringMatching(
      /are those of ada\/before\. But config\/gh\/ada\/after\.json and secrets\/env\/gh\/ada\/after\.json in the bucket/,
    ),
  })
  await bucket.store.remove(settingsKeys('gh/ada/after')[1])
  await bucket.store.remove(variablesKeys('gh/ada/after')[1])
  const ofStage = stageVariablesKey({ project: 'gh/ada/after', stage: 'qa' })
  await putJson(bucket.store, ofStage, {})
  expect(await found('ada/after', id, id)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringMatching(/But secrets\/env\/gh\/ada\/after\/qa\.json in the bucket .* remove it,/),
  })
  await bucket.store.remove(ofStage)
  expect(await bound('ada/after', id, id)).toBe('gh/ada/before')
})

test('a repository whose records were taken over begins anew', async () => {
  const id = nextId()
  await bound('ada/lost', id)
  await updateKnown(bucket.store, id, () => ({ project: null }))
  expect(await bound('ada/elsewhere', id)).toBe('gh/ada/elsewhere')
  expect(await readKnown(bucket.store, id)).toEqual({ project: 'gh/ada/elsewhere' })
})
