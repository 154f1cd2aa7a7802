import type { Hono } from 'hono'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { deploymentOf, recordDeployment } from '../../../src/records/deployments.ts'
import { buildKeys, counterKey } from '../../../src/records/keys.ts'
import { keyOfPath } from '../../../src/records/links.ts'
import { putJson } from '../../support/bucket.ts'
import { countedStore } from '../../support/counted-store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { openPagesApp } from '../../support/pages-app.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { after, endedRun, makeBuild, RUNNER_SECRETS, reportOf, runKey } from '../../support/records.ts'

const ORIGIN = 'https://ci.example.com'
const LINK_KEY = RUNNER_SECRETS.linkKey
const store = openMemoryStore()
const app = openPagesApp(store)
beforeAll(async () => {
  await build({ project: 'gh/ada/web', number: 1 }, '2026-11-20')
  await build({ project: 'gh/ada/web', number: 2, message: 'Add a border\n\nIt was missing.' }, '2026-11-20')
  await build({ project: 'gh/ada/hidden', number: 1, isPrivate: true }, '2026-11-26')
  await build({ project: 'gh/grace/secret', number: 1, isPrivate: true }, '2026-11-26')
  const done = {
    status: 'succeeded',
    reason: null,
    cost: null,
    url: null,
    startedAt: after(0),
    endedAt: after(1),
    fence: 1,
  } as const
  const stage = { project: 'gh/ada/web', stage: 'dev' }
  await recordDeployment(store, stage, deploymentOf(makeBuild({ project: 'gh/ada/web', number: 1 }), done))
})

/** A build that has passed, and its repository's counter, which was raised on this day. */
async function build(change: Partial<Build>, day: string, into = store) {
  const project = change.project ?? ''
  const made = makeBuild({ repository: project.slice('gh/'.length), ...change })
  const run = endedRun({ conclusion: 'passed' })
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: run.endedAt ?? '' } as const
  await putJson(into, buildKeys(made).build, made)
  await putJson(into, runKey(made, run), run)
  await putJson(into, buildKeys(made).report, reportOf({ end, cost: 0.0021 }))
  const today = { date: day, builds: 1, forks: 0 }
  await putJson(into, counterKey(project), { number: made.number, today })
}

const get = (path: string, accept = 'text/html', of = app) =>
  of.request(`${ORIGIN}${path}`, { headers: { accept } })
const names = async (path: string, of = app) => {
  const answer = await get(path, 'application/json', of)
  return ((await answer.json()) as { repository: string }[]).map(({ repository }) => repository)
}
const signed = (path: string) => `${path}?key=${keyOfPath(path, LINK_KEY)}`

describe('without a key', () => {
  test('public repositories are shown, with their newest build and their stages', async () => {
    expect(await names('/')).toEqual(['ada/web'])
    expect(await names('/gh/ada')).toEqual(['ada/web'])
    const page = await (await get('/')).text()
    expect(page).toContain('<a class="cover" href="/gh/ada/web">')
    expect(page).toContain('<a href="/gh/ada/web/builds/2">#2</a> Add a border · master')
    expect(page).toContain('title="dev: #1 runs there"')
    expect(page).not.toMatch(/ada\/hidden|secret|grace/)
  })

  test('an owner of private repositories looks like one without any', async () => {
    for (const accept of ['text/html', 'application/json'])
      for (const path of [
        '/gh/grace',
        `/gh/grace?key=${keyOfPath('/', LINK_KEY)}`,
        '/gh/grace?key=x',
        '/gh/Grace',
        '/gh/grace?from=1',
      ]) {
        const [unknown, answer] = [await get('/gh/nobody', accept), await get(path, accept)]
        expect([answer.status, await answer.text()]).toEqual([404, await unknown.text()])
      }
  })
})

describe('with the key of the page', () => {
  test('private repositories are shown as well, those with the newest builds first, and their links have keys', async () => {
    expect(await names(signed('/'))).toHaveLength(3)
    expect(await names(signed('/gh/grace'))).toEqual(['grace/secret'])
    const page = await (await get(signed('/gh/ada'))).text()
    expect(page).toContain(`href="${signed('/gh/ada/hidden')}"`)
    expect(page).toContain(`href="${signed('/gh/ada/hidden/builds/1')}"`)
    // What is public needs none.
    expect(page).toContain('href="/gh/ada/web"')
    expect((await get(signed('/gh/ada/hidden'))).status).toBe(200)
  })

  test('an owner without anything is no error', async () => {
    const answer = await get(signed('/gh/nobody'))
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining('Nothing has been built yet'),
    ])
  })
})

describe('many repositories', () => {
  const many = openMemoryStore()
  let of: Hono
  let requests: string[]
  beforeAll(async () => {
    const counted = countedStore(many)
    requests = counted.requests
    of = openPagesApp(counted.store)
    for (let index = 1; index <= 23; index++)
      await build(
        { project: `gh/ada/r${index}`, number: 1 },
        `2026-11-${String(index).padStart(2, '0')}`,
        many,
      )
  })

  test('are shown ten at a time, the newest first, each page by a bounded number of requests', async () => {
    const found: string[] = []
    for (const path of ['/', '/?from=10', '/?from=20']) {
      requests.length = 0
      found.push(...(await names(path, of)))
      expect(requests.length).toBeLessThan(400)
    }
    expect(found.map(name => name.slice('ada/r'.length)).toSorted()).toEqual(
      Array.from({ length: 23 }, (_, index) => String(index + 1)).toSorted(),
    )
    expect(found.slice(0, 10)).toContain('ada/r23')
    expect(await (await get('/', undefined, of)).text()).toContain('href="/?from=10">More repositories')
    expect(await (await get('/?from=20', undefined, of)).text()).not.toContain('More repositories')
    expect(await names('/?from=x', of)).toEqual(found.slice(0, 10))
  })
})

test('private repositories leave no trace for visitors without a key, not even in the paging', async () => {
  const mixed = openMemoryStore()
  const of = openPagesApp(mixed)
  for (let index = 1; index <= 36; index++)
    await build(
      { project: `gh/ada/r${index}`, number: 1, isPrivate: index % 3 !== 0 },
      `2026-10-${String(Math.min(index, 30)).padStart(2, '0')}`,
      mixed,
    )
  expect(await names('/', of)).toHaveLength(10)
  expect(await (await get('/', undefined, of)).text()).toContain('href="/?from=10">More repositories')
  expect(await names('/?from=10', of)).toHaveLength(2)
  expect(await (await get('/?from=10', undefined, of)).text()).not.toContain('More repositories')
})

test('a build that only repeats a job is not shown as the state of its repository', async () => {
  const plain = openMemoryStore()
  const of = openPagesApp(plain)
  await build({ project: 'gh/ada/web', number: 1 }, '2026-11-20', plain)
  for (const number of [2, 3, 4])
    await build(
      { project: 'gh/ada/web', number, rebuildOf: 1, repeats: { job: 'unit', times: 3 } },
      '2026-11-20',
      plain,
    )
  const answer = await get('/', 'application/json', of)
  expect(await answer.json()).toMatchObject([{ repository: 'ada/web', newest: { number: 1 } }])
})

test('names and messages of strangers are shown as text', async () => {
  const plain = openMemoryStore()
  const of = openPagesApp(plain)
  for (const [index, text] of HOSTILE.entries()) {
    const author = { name: text.slice(0, 200), login: null }
    await build(
      { project: `gh/ada/h${index}`, number: 1, branch: text, message: text, author },
      '2026-11-20',
      plain,
    )
  }
  for (let from = 0; from < HOSTILE.length; from += 10) {
    const page = await (await get(`/?from=${from}`, undefined, of)).text()
    expect(page.match(/<script/gi)).toHaveLength(1)
    expect(page).not.toMatch(/<img|javascript:/i)
  }
})

test('an error is a page that shows nothing of it to browsers, and JSON to programs', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const failing = openPagesApp({
    ...store,
    list: async () => {
      throw new Error('AccessDenied for arn:aws:s3:::a-bucket')
    },
  })
  const [page, json] = [await get('/', 'text/html', failing), await get('/', '*/*', failing)]
  expect([page.status, json.status]).toEqual([500, 500])
  const text = await page.text()
  expect(text).toContain('<h1>Something went wrong</h1>')
  expect(text + (await json.text())).not.toMatch(/AccessDenied|a-bucket/)
  expect(printed).toHaveBeenCalled()
  printed.mockRestore()
})
