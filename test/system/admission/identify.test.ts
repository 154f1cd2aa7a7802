import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify } from '../../../src/admission/identify.ts'
import type { Signer } from '../../../src/model/signer.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { settingsKeys, stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { listNamed, readKnown, readNamed, updateKnown } from '../../../src/records/repository-records.ts'
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
  expect(await readKnown(bucket.store, id)).toEqual({ project: 'gh/ada/first', name: 'ada/first' })
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
  const [id, rival, other] = [nextId(), nextId(), nextId()]
  const same = await Promise.all([1, 2, 3, 4].map(() => found('ada/race', id)))
  const bindings = await Promise.all(same.map(each => ('bind' in each ? each.bind?.() : each)))
  expect(bindings).toEqual([null, null, null, null])

  const rivals = await Promise.all([found('ada/rivals', rival), found('ada/rivals', other)])
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

test('a repository that was private is public once GitHub says so, and private until then', async () => {
  const id = nextId()
  await bound('ada/closed', id)
  const claim = async (
    isPrivate: boolean,
    onGitHub: 'silent' | 'missing' | { id: number; isPrivate: boolean },
  ) => {
    const findOnGitHub = async () => {
      if (onGitHub === 'silent') throw new UserError('GitHub could not be asked')
      return onGitHub === 'missing' ? null : onGitHub
    }
    const claimed = { repository: 'ada/closed', repositoryId: id, isPrivate }
    const identity = await identify(bucket.store, claimed, findOnGitHub, { by: 'app' })
    if ('refused' in identity) throw new Error(identity.reason)
    await identity.bind?.()
    return identity.isPrivate ?? isPrivate
  }
  // Of one that has always been public, nobody is asked.
  expect(await claim(false, 'silent')).toBe(false)
  expect(await claim(true, 'silent')).toBe(true)
  // A delivery of its public time.
  for (const answer of [
    'silent',
    'missing',
    { id, isPrivate: true },
    { id: id + 1, isPrivate: false },
  ] as const)
    expect(await claim(false, answer)).toBe(true)
  expect(await claim(false, { id, isPrivate: false })).toBe(false)
  expect(await claim(false, 'silent')).toBe(false)
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
  expect(await readKnown(bucket.store, id)).toEqual({ project: 'gh/ada/elsewhere', name: 'ada/elsewhere' })
})

/** What the admin of the repository with this id can sign, if they know its webhook's secret. */
const repositoryOf = (id: number): Signer => ({ by: 'repository', id })
const ORGANIZATION: Signer = { by: 'organization', login: 'ada' }

test('a secret of one repository gives no other name, on record or not, to it', async () => {
  // Beyond those that tests above have reserved.
  ids += 100
  const [victim, own] = [nextId(), nextId()]
  await bound('ada/secretive', victim)
  const signer = repositoryOf(own)
  for (const name of ['ada/secretive', 'ada/never-built']) {
    expect(await found(name, own, victim, signer)).toEqual({
      refused: 'conflict',
      reason: `${name} has the id ${victim} on GitHub, and this delivery is signed for the repository with the id ${own}.`,
    })
    expect(await found(name, own, null, signer)).toMatchObject({
      refused: 'conflict',
      reason: expect.stringContaining(`GitHub does not show ${name} to this stack`),
    })
    await expect(found(name, own, undefined, signer)).rejects.toThrow(UserError)
  }
  // Nothing was recorded, and the victim is still itself.
  expect(await found('ada/never-built', victim, victim, repositoryOf(victim))).toMatchObject({
    project: 'gh/ada/secretive',
  })
  expect(await readKnown(bucket.store, own)).toBeNull()
})

test('a secret of an organization gives no id of another owner to one of its names', async () => {
  const [victim, other] = [nextId(), nextId()]
  expect(await found('ada/brand-new', victim, other, ORGANIZATION)).toMatchObject({
    reason: `ada/brand-new has the id ${other} on GitHub, and this delivery is signed for one with the id ${victim}.`,
  })
})

test('the first delivery of a repository is admitted once GitHub has confirmed its name, later ones at once', async () => {
  for (const signer of [repositoryOf(nextId()), ORGANIZATION]) {
    const id = signer.by === 'repository' ? signer.id : nextId()
    const first = await found('ada/confirmed', id, id, signer)
    if ('refused' in first) throw new Error(first.reason)
    expect(await first.bind?.()).toBeNull()
    expect(await found('ada/confirmed', id, undefined, signer)).toEqual({
      ...{ id, project: 'gh/ada/confirmed', bind: null },
    })
    await bucket.store.remove('gh/ada/confirmed/repository.json')
  }
})

test('a former name counts for a secret only as long as GitHub knows the repository by it', async () => {
  const [id, other] = [nextId(), nextId()]
  const signer = repositoryOf(id)
  for (const name of ['ada/name-one', 'ada/name-two']) {
    const identity = await found(name, id, id, signer)
    if ('refused' in identity) throw new Error(identity.reason)
    await identity.bind?.()
  }
  expect(await found('Ada/Name-Two', id, undefined, signer)).toMatchObject({ bind: null })
  // Somebody else has made a repository of that name, and what is fetched would be theirs.
  expect(await found('ada/name-one', id, other, signer)).toMatchObject({
    reason: expect.stringContaining(`ada/name-one has the id ${other} on GitHub`),
  })
  await expect(found('ada/name-one', id, undefined, signer)).rejects.toThrow(UserError)
  // It was given its first name back.
  const back = await found('ada/name-one', id, id, signer)
  if ('refused' in back) throw new Error(back.reason)
  expect(await back.bind?.()).toBeNull()
  expect(await found('ada/name-one', id, undefined, signer)).toMatchObject({
    project: 'gh/ada/name-one',
    bind: null,
  })
})

test('a renamed repository is followed with its own secret', async () => {
  const id = nextId()
  await bound('ada/formerly', id)
  expect(await found('ada/nowadays', id, id, repositoryOf(id))).toMatchObject({ project: 'gh/ada/formerly' })
})

test('a webhook that still has the one secret is on record until it signs with its own', async () => {
  const id = nextId()
  const deliver = async (signer: Signer) => {
    const identity = await found('ada/old-hook', id, id, signer)
    if ('refused' in identity) throw new Error(identity.reason)
    expect(await identity.bind?.()).toBeFalsy()
    const listed = await listNamed(bucket.store)
    return listed.find(({ repository }) => repository === 'ada/old-hook')?.named.hasSharedSecret ?? false
  }
  const shared: Signer = { by: 'shared' }
  // The first one binds the name.
  await deliver(shared)
  expect(await deliver(shared)).toBe(true)
  expect((await found('ada/old-hook', id, id, shared)) as object).toMatchObject({ bind: null })
  // A payload that a person has sent says nothing about the webhook.
  expect(await deliver({ by: 'app' })).toBe(true)
  expect(await deliver(repositoryOf(id))).toBe(false)
})
