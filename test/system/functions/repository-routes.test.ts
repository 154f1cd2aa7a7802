import { beforeAll, describe, expect, test } from 'vitest'
import { recordGone, recordMovedOnOnce } from '../../../src/admission/record-gone.ts'
import { holdStage } from '../../../src/deploy/hold.ts'
import type { Build } from '../../../src/model/build.ts'
import { updateSummary } from '../../../src/records/branch-summary.ts'
import { deploymentOf, recordDeployment } from '../../../src/records/deployments.ts'
import { buildKeys, counterKey } from '../../../src/records/keys.ts'
import { keyOfPath } from '../../../src/records/links.ts'
import { recordBuild } from '../../../src/records/trigger-record.ts'
import { viewOf } from '../../../src/records/view.ts'
import { putJson } from '../../support/bucket.ts'
import { countedStore } from '../../support/counted-store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { openPagesApp } from '../../support/pages-app.ts'
import { HOSTILE } from '../../support/payloads.ts'
import {
  endedRun,
  makeBuild,
  PULL,
  RUNNER_SECRETS,
  reportOf,
  runKey,
  unknownToGit,
} from '../../support/records.ts'

const ORIGIN = 'https://ci.example.com'
const LINK_KEY = RUNNER_SECRETS.linkKey
const store = openMemoryStore()
const counted = countedStore(store)
/** The requests to the bucket that the app has made. */
const { requests } = counted
const app = openPagesApp(counted.store)

async function put(change: Partial<Build>, conclusion: 'passed' | 'failed' | 'skipped' | null = 'passed') {
  const build = makeBuild(change)
  const keys = buildKeys(build)
  await putJson(store, keys.build, build)
  if (!conclusion) return
  const run = endedRun({ conclusion })
  const end = { conclusion, reason: null, deploy: null, endedAt: run.endedAt ?? '' }
  const report = reportOf({ end, cost: 0.0021 })
  await putJson(store, runKey(build, run), run)
  await putJson(store, keys.report, report)
  await updateSummary(store, viewOf({ build, run, report }), async () => true)
}
const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`${ORIGIN}${path}`, { headers })
const numbers = async (path: string) => {
  const answer = await get(path, { accept: 'application/json' })
  return ((await answer.json()) as { number: number }[]).map(({ number }) => number)
}
const signed = (path: string) => `${path}?key=${keyOfPath(path, LINK_KEY)}`

const onBranch = (change: Partial<Build>, branch: string) => ({
  ...change,
  branch,
  trigger: `push/${branch}`,
})

describe('the builds of a repository', () => {
  const project = 'gh/ada/listed'
  beforeAll(async () => {
    for (let number = 1; number <= 33; number++)
      await put(onBranch({ project, number }, number % 2 ? 'master' : 'qa'), number % 3 ? 'passed' : 'failed')
    await put({ ...PULL, project, number: 34 }, null)
    // The counter may lag behind.
    await putJson(store, counterKey(project), { number: 31 })
  })

  test('are listed newest first, including those beyond the counter', async () => {
    expect(await numbers(`/${project}`)).toEqual(Array.from({ length: 30 }, (_, index) => 34 - index))
  })

  test('can be filtered by branch and state', async () => {
    expect(await numbers(`/${project}?branch=qa&status=failed`)).toEqual([30, 24, 18, 12, 6])
    expect(await numbers(`/${project}?status=queued`)).toEqual([34])
    expect(await numbers(`/${project}?branch=nowhere`)).toEqual([])
    // An unknown status is ignored.
    expect(await numbers(`/${project}?status=%22%3E`)).toHaveLength(30)
  })

  test('are listed as HTML with links, costs and the badge to copy', async () => {
    const answer = await get(`/${project}?branch=qa`)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = await answer.text()
    expect(page).toContain('<a class="cover" href="/gh/ada/listed/builds/32"><b class="number">#32</b>')
    expect(page).toContain('qa · Ada Writer · ~$0.0021 · ')
    expect(page).toContain('value="qa"')
    const [, branches = ''] = /aria-label="Newest build of each branch">(.*?)<\/ul>/s.exec(page) ?? []
    expect(branches.replaceAll(/<[^>]+>/g, '')).toMatch(/failed\s+master #33.*passed\s+qa #32/s)
    expect(page).toContain(`[![ada/listed](${ORIGIN}/gh/ada/listed/badge.svg)](${ORIGIN}/gh/ada/listed)`)
  })
})

describe('a repository with many builds and branches', () => {
  const project = 'gh/ada/many'
  const COUNT = 140
  beforeAll(async () => {
    for (let number = 1; number <= COUNT; number++)
      await put(onBranch({ project, number }, number < 4 ? 'rare' : `b-${number}`), 'passed')
    await putJson(store, counterKey(project), { number: COUNT })
  })

  // Anybody may request it, again and again: it must cost little.
  test.each(['', '?branch=nowhere', '?status=failed', '?before=100', '?before=7', '?before=x&status=queued'])(
    'takes a bounded number of requests to the bucket: %j',
    async query => {
      for (const accept of ['text/html', 'application/json']) {
        requests.length = 0
        expect((await get(`/${project}${query}`, { accept })).status).toBe(200)
        expect(requests.length).toBeLessThan(300)
      }
    },
  )

  test('shows its older builds by links', async () => {
    const found: number[] = []
    let next: string | null = `${ORIGIN}/${project}?branch=rare`
    let pages = 0
    for (; next !== null; pages++) {
      const answer: Response = await app.request(next, { headers: { accept: 'application/json' } })
      found.push(...((await answer.json()) as { number: number }[]).map(({ number }) => number))
      next = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? null
    }
    expect([found, pages > 2]).toEqual([[3, 2, 1], true])
    const page = await (await get(`/${project}?branch=rare&status=passed`)).text()
    expect(page).toContain('No builds found among the newest.')
    const [, link = ''] = /<a href="([^"]+)">Older builds</.exec(page) ?? []
    expect(link).toMatch(/^\/gh\/ada\/many\?branch=rare&amp;status=passed&amp;before=\d+$/)
    const all = await (await get(`/${project}`)).text()
    expect(all).toContain(`href="/${project}?before=${COUNT - 29}">Older builds`)
    expect(await numbers(`/${project}?before=${COUNT - 29}`)).toEqual(
      Array.from({ length: 30 }, (_, index) => COUNT - 30 - index),
    )
    expect(await (await get(`/${project}?before=11`)).text()).not.toContain('Older builds')
  })
})

describe('a private repository', () => {
  const project = 'gh/ada/hidden'
  const [page, badge] = [`/${project}`, `/${project}/badge.svg`]
  beforeAll(() => put({ project, number: 1, isPrivate: true }))

  test('is accessible with the key of the exact path', async () => {
    const answer = await get(signed(page))
    expect(answer.status).toBe(200)
    const text = await answer.text()
    for (const path of [`${page}/builds/1`, badge]) expect(text).toContain(signed(path))
    expect((await get(signed(badge))).status).toBe(200)
  })

  test('answers without a valid key like a repository that does not exist', async () => {
    const missing = await get('/gh/ada/nowhere')
    const expected = [missing.status, await missing.text()]
    expect(expected[0]).toBe(404)
    const key = keyOfPath(badge, LINK_KEY)
    for (const path of [
      page,
      `${page}?key=x`,
      `${page}?key=${key}`,
      badge,
      `${badge}?key=`,
      '/gh/ada/nowhere/badge.svg',
    ]) {
      const answer = await get(path)
      expect([answer.status, await answer.text()], path).toEqual(expected)
    }
  })
})

test('older builds of what has become private need a key of their own, and the page of the repository has it', async () => {
  const project = 'gh/ada/closed'
  await put({ project, number: 1 })
  const build = `/${project}/builds/1`
  const parts = ['', '/log', '/lines', '/outline', '/log.txt', '/summary', '/jobs/0', '/jobs/0/log']
  for (const part of parts) expect([part, (await get(`${build}${part}`)).status < 400]).toEqual([part, true])
  await put({ project, number: 2, isPrivate: true })
  for (const path of [...parts.map(part => `${build}${part}`), `/${project}`, `/${project}/badge.svg`])
    for (const accept of ['text/html', 'application/json']) {
      const missing = await get('/gh/ada/nowhere/builds/1', { accept })
      const answer = await get(path, { accept })
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, await missing.text()])
    }
  expect(await (await get(signed(`/${project}`))).text()).toContain(`href="${signed(build)}"`)
  const page = await (await get(signed(build))).text()
  // It leads on to pages that can be opened.
  expect(page).toContain(`href="${signed(`/${project}`)}"`)
  for (const part of parts)
    expect((await get(`${build}${part}?key=${keyOfPath(build, LINK_KEY)}`)).status).toBeLessThan(400)
})

test('what a branch did in the private time of what is public now is not shown by its badge', async () => {
  const project = 'gh/ada/reopened'
  await put({ ...onBranch({ project }, 'old'), number: 1, isPrivate: true }, 'failed')
  await put({ project, number: 2 })
  expect(await (await get(`/${project}/badge.svg?branch=old`)).text()).toContain('lambci: unknown')
  expect(await (await get(`/${project}/badge.svg`)).text()).toContain('lambci: passed')
})

test('builds from before a repository became public are not listed', async () => {
  await put({ project: 'gh/ada/opened', number: 1, isPrivate: true })
  await put({ project: 'gh/ada/opened', number: 2 })
  expect(await numbers('/gh/ada/opened')).toEqual([2])
})

describe('what is public now, and was private', () => {
  const project = 'gh/ada/reopened-again'
  const secret = { message: 'Acquire Foo Inc.', author: { name: 'Secret Author', login: null } }
  const stage = (name: string) => ({ project, stage: name })
  const deployed = async (name: string, number: number, status: 'succeeded' | 'failed' = 'succeeded') => {
    const at = new Date(Date.UTC(2026, 10, 1, number))
    const build = makeBuild({ ...onBranch({ project, number }, 'm'), message: `Of ${number}` })
    const url = `https://deployed-${number}.example`
    const done = { status, reason: null, cost: null, url, startedAt: at, endedAt: at, fence: number }
    await recordDeployment(store, stage(name), deploymentOf(build, done))
  }
  const hold = (name: string, by: string, number: number) =>
    holdStage(store, stage(name), { by, at: new Date(Date.UTC(2026, 10, 1, number)).toISOString() })
  beforeAll(async () => {
    await put({ ...onBranch({ project, ...secret }, 'secret'), number: 1, isPrivate: true }, 'failed')
    await put({ project, number: 2 })
    await put({ ...onBranch({ project, ...secret }, 'secret'), number: 3, retryOf: 1 })
    await put({ ...onBranch({ project, ...secret }, 'secret-2'), number: 4, rebuildOf: 3 })
    // Further back than what is read at once.
    for (let number = 5; number < 20; number++) await put({ project, number })
    await put({ ...onBranch({ project, ...secret }, 'secret-3'), number: 20, rebuildOf: 1 }, 'failed')
    await put({ ...onBranch({ project }, 'shown'), number: 21, rebuildOf: 2 })
    await deployed('secret-stage', 1)
    await deployed('private-then-public', 1)
    await deployed('private-then-public', 2, 'failed')
    await deployed('public-then-private', 2)
    await deployed('public-then-private', 3, 'failed')
    await deployed('again', 20)
    await deployed('open', 2)
    await hold('open', 'Holder', 3)
    await hold('private-then-public', 'Secret Holder', 2)
    await hold('held-secret', 'Secret Holder', 2)
    await hold('held-before', 'Secret Holder', 1)
    await deployed('held-before', 2)
    await putJson(store, counterKey(project), { number: 21 })
  })

  test('lists no build that repeats a private one, nor the branch of it, nor what a badge would say of it', async () => {
    expect(await numbers(`/${project}`)).toEqual([21, ...Array.from({ length: 15 }, (_, i) => 19 - i), 2])
    for (const branch of ['secret', 'secret-2', 'secret-3']) {
      expect(await numbers(`/${project}?branch=${branch}`)).toEqual([])
      expect(await (await get(`/${project}/badge.svg?branch=${branch}`)).text()).toContain('lambci: unknown')
    }
    expect(await (await get(`/${project}/badge.svg?branch=shown`)).text()).toContain('lambci: passed')
    for (const query of ['', '?status=passed', '?status=failed', '?before=21', '?before=5'])
      for (const accept of ['text/html', 'application/json']) {
        requests.length = 0
        expect(await (await get(`/${project}${query}`, { accept })).text()).not.toMatch(/secret|Foo Inc/i)
        expect(requests.length).toBeLessThan(300)
      }
    for (const number of [1, 3, 4, 20])
      for (const part of ['', '/log', '/summary'])
        expect((await get(`/${project}/builds/${number}${part}`)).status).toBe(404)
  })

  test('shows of its stages what builds of the public time have deployed', async () => {
    const page = await (await get(`/${project}`)).text()
    const [, list = ''] = /aria-label="Deployed to each stage">(.*?)<\/ul>/s.exec(page) ?? []
    const commit = makeBuild({}).commit.slice(0, 10)
    const rows = list.split('</li>').map(row =>
      row
        .replaceAll(/<[^>]+>|\s+/g, ' ')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    const of2 = `${commit} #2 Of 2 m, Ada Writer`
    expect(rows.filter(Boolean)).toEqual([
      `held-before ${of2} 2026-11-01 02:00:00 UTC`,
      `open ${of2} held by Holder 2026-11-01 02:00:00 UTC`,
      'private-then-public deploy failed in #2',
      `public-then-private ${of2} 2026-11-01 02:00:00 UTC`,
    ])
    expect(page).not.toMatch(/deployed-(1|3|20)\.example|Secret Holder/)
  })
})

describe('a badge', () => {
  const project = 'gh/ada/badged'
  const path = `/${project}/badge.svg`
  beforeAll(async () => {
    await put({ project, number: 1 })
    await put({ project, number: 2, branch: 'qa', trigger: 'push/qa' }, 'failed')
  })

  test.each([
    ['', 'passed'],
    ['?branch=', 'passed'],
    ['?branch=qa', 'failed'],
    ['?branch=nowhere', 'unknown'],
    [`?branch=${encodeURIComponent('../../../secrets/runner')}`, 'unknown'],
  ])('with %j shows %s', async (query, status) => {
    const answer = await get(`${path}${query}`)
    expect(answer.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
    expect(await answer.text()).toContain(`<title>lambci: ${status}</title>`)
  })

  test('is sent again only if it has changed', async () => {
    const etag = (await get(path)).headers.get('etag') ?? ''
    const same = await get(path, { 'if-none-match': etag })
    expect([same.status, await same.text()]).toEqual([304, ''])
    await put({ project, number: 3 }, 'failed')
    const changed = await get(path, { 'if-none-match': etag })
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false])
  })
})

describe('a badge of a branch', () => {
  const project = 'gh/ada/skipping'
  const status = async (branch: string) =>
    /<title>lambci: (.*)<\/title>/.exec(
      await (await get(`/${project}/badge.svg?branch=${branch}`)).text(),
    )?.[1]
  const push = async (number: number, branch: string, conclusion: 'passed' | 'skipped', isArrival = true) => {
    const build = makeBuild({ ...onBranch({ project, number }, branch), commit: String(number).repeat(40) })
    await put(build, conclusion)
    await recordBuild(store, build, isArrival)
    return build
  }

  test('whose newest commit was skipped by its paths says so, until that is built', async () => {
    await push(1, 'paths', 'passed')
    expect(await status('paths')).toBe('passed')
    const skipped = await push(2, 'paths', 'skipped')
    expect(await status('paths')).toBe('skipped')
    const rebuild = { ...skipped, number: 3 }
    await put(rebuild, 'passed')
    await recordBuild(store, rebuild, false)
    expect(await status('paths')).toBe('passed')
  })

  test('whose newest commit has a skip word says so, until the next push', async () => {
    const built = await push(4, 'words', 'passed')
    const skipped = { ...built, commit: 'd'.repeat(40) }
    const context = { store, compare: unknownToGit, now: () => new Date() }
    await recordMovedOnOnce('1/words', skipped, context)
    expect(await status('words')).toBe('skipped')
    await push(5, 'words', 'passed')
    expect(await status('words')).toBe('passed')
  })

  test('that was deleted says how its last build ended', async () => {
    const built = await push(6, 'gone', 'passed')
    await recordGone(store, built, new Date())
    expect(await status('gone')).toBe('passed')
  })
})

test('hostile names and queries are shown as text', async () => {
  const project = 'gh/ada/hostile'
  for (const [index, text] of HOSTILE.entries()) {
    const author = { name: text.slice(0, 200), login: null }
    await put({ project, number: index + 1, branch: text, message: text, author })
  }
  const script = '"><script>alert(1)</script>'
  for (const query of [
    '',
    `?branch=${encodeURIComponent(script)}`,
    `?status=${encodeURIComponent(script)}`,
  ]) {
    const answer = await get(`/${project}${query}`)
    const page = await answer.text()
    expect(answer.status).toBe(200)
    expect(page.match(/<script/gi)).toHaveLength(1)
    if (!query.startsWith('?status')) expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  }
})
