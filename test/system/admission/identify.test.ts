import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify } from '../../../src/admission/identify.ts'
import type { Signer } from '../../../src/model/signer.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { settingsKeys, stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { listNamed, readKnown, readNamed, updateKnown } from '../../../src/records/repository-records.ts'
import { type Bucket, openDirectBucket, putJson } from '../../support/bucket.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

let ids = 1000
const nextId = () => ++ids
const silent = async (): Promise<never> => {
  throw new UserError('GitHub could not be asked')
}
const after = (hours: number) => new Date(Date.UTC(2026, 0, 1, hours))
type Found = { id: number; name: string; isPrivate: boolean }
type Answer = number | Partial<Found> | null | undefined
/** GitHub, which says this of a name: its id, or more; null if it shows none; undefined if it is silent. */
const gitHubWith = (repository: string, answer: Answer) => async (): Promise<Found | null> => {
  if (answer === undefined) return silent()
  if (answer === null) return null
  const given = typeof answer === 'number' ? { id: answer } : answer
  return { id: 0, name: repository, isPrivate: false, ...given }
}
/** What a delivery that names this repository is found to be from. */
const found = (repository: string, repositoryId: number, actual?: Answer, signer: Signer = { by: 'app' }) =>
  identify(
    bucket.store,
    { repository, repositoryId },
    { findOnGitHub: gitHubWith(repository, actual), signer, now: () => after(0) },
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

/** Whether the build of a delivery that says so is private. */
async function claimOf(
  repository: string,
  repositoryId: number,
  isPrivate: boolean,
  onGitHub: Answer,
): Promise<boolean> {
  const identity = await identify(
    bucket.store,
    { repository, repositoryId, isPrivate },
    { findOnGitHub: gitHubWith(repository, onGitHub), signer: { by: 'app' }, now: () => after(0) },
  )
  if ('refused' in identity) throw new Error(identity.reason)
  expect(await identity.bind?.()).toBeFalsy()
  return identity.isPrivate ?? isPrivate
}

test('a repository that was private is public once GitHub says so, and private until then', async () => {
  const id = nextId()
  const claim = (isPrivate: boolean, onGitHub: Answer) => claimOf('ada/closed', id, isPrivate, onGitHub)
  // Of one that has always been public, nobody is asked.
  expect(await claim(false, undefined)).toBe(false)
  expect(await claim(true, undefined)).toBe(true)
  // A delivery of its public time.
  for (const answer of [undefined, null, { id, isPrivate: true }, { id: id + 1, isPrivate: false }])
    expect(await claim(false, answer)).toBe(true)
  expect(await claim(false, { id, isPrivate: false })).toBe(false)
  expect(await claim(false, undefined)).toBe(false)
})

test('what is private is private by all of its names, also by former ones and by one of another id', async () => {
  const [id, other] = [nextId(), nextId()]
  expect(await claimOf('ada/was-open', id, false, undefined)).toBe(false)
  expect(await claimOf('ada/is-shut', id, true, { id })).toBe(true)
  // Deliveries of the public time, sent again; the last one names a repository that GitHub no longer knows.
  for (const [name, claimed] of [
    ['ada/was-open', id],
    ['ada/another-name', id],
    ['ada/was-open', other],
  ] as const)
    expect([name, await claimOf(name, claimed, false, { id, isPrivate: true })]).toEqual([name, true])
  expect(await readKnown(bucket.store, id)).toMatchObject({ isPrivate: true })
  expect(await claimOf('ada/is-shut', id, false, { id })).toBe(false)
  expect(await claimOf('ada/was-open', id, false, undefined)).toBe(false)
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

test('the first delivery of a repository is admitted once GitHub has confirmed its name', async () => {
  for (const signer of [repositoryOf(nextId()), ORGANIZATION]) {
    const id = signer.by === 'repository' ? signer.id : nextId()
    const first = await found('ada/confirmed', id, id, signer)
    if ('refused' in first) throw new Error(first.reason)
    expect(await first.bind?.()).toBeNull()
    expect(await found('ada/confirmed', id, undefined, signer)).toMatchObject({
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

test('a name on record is confirmed for each build that a secret of one repository or organization starts', async () => {
  for (const [index, signer] of [repositoryOf(nextId()), ORGANIZATION].entries()) {
    const id = signer.by === 'repository' ? signer.id : nextId()
    const name = `Ada/Stale-${index}`
    const first = await found(name, id, id, signer)
    if ('refused' in first) throw new Error(first.reason)
    await first.bind?.()
    expect(first.confirm).toBeUndefined()
    const confirm = async (actual: Answer, hours = 0) => {
      const context = { findOnGitHub: gitHubWith(name, actual), signer, now: () => after(hours) }
      const identity = await identify(bucket.store, { repository: name, repositoryId: id }, context)
      if ('refused' in identity) throw new Error(identity.reason)
      return identity.confirm?.()
    }
    expect(await confirm({ id, name: name.toUpperCase() })).toBeNull()
    // It was renamed, and git would be led to its new name; then another one has taken the name.
    expect(await confirm({ id, name: 'eve/taken' })).toEqual({
      refused: 'conflict',
      reason: `${name} is eve/taken on GitHub now: only deliveries that call it so are built. Push again.`,
    })
    expect(await confirm(nextId())).toMatchObject({ reason: expect.stringContaining('and this delivery is') })
    expect(await confirm(null)).toMatchObject({ reason: expect.stringContaining('GitHub does not show') })
    // Without an answer, the last one counts for a day.
    expect(await confirm(undefined, 23)).toBeNull()
    await expect(confirm(undefined, 24)).rejects.toThrow(UserError)
    expect(await confirm(id, 24)).toBeNull()
    expect(await confirm(undefined, 47)).toBeNull()
  }
  const ofApp = await found('ada/stale-0', (await readNamed(bucket.store, 'ada/stale-0'))?.id ?? 0)
  expect(ofApp).not.toHaveProperty('confirm')
})

test('a former name that leads to the repository is not its name for a secret', async () => {
  const id = nextId()
  for (const signer of [repositoryOf(id), ORGANIZATION])
    expect(await found('ada/led-away', id, { id, name: 'eve/led-away' }, signer)).toMatchObject({
      reason: expect.stringContaining('ada/led-away is eve/led-away on GitHub now'),
    })
  expect(await readKnown(bucket.store, id)).toBeNull()
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
