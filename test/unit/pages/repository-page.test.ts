import { expect, test } from 'vitest'
import { attemptOf, type Current, deploymentOf } from '../../../src/deploy/deployments.ts'
import { renderRepositoryPage, type StageState } from '../../../src/pages/repository-page.ts'
import { after, makeBuild } from '../../support/records.ts'

const begun = { url: null, startedAt: after(0), fence: 1 }
const ended = { ...begun, endedAt: after(60), reason: null, cost: null }
const good = deploymentOf(makeBuild({ number: 6 }), { ...ended, status: 'succeeded' })

/** The page of a repository with one stage. */
const pageWith = async (stage: StageState) =>
  `${await renderRepositoryPage({
    repository: 'ada/web',
    builds: [],
    branches: [],
    stages: [stage],
    filter: { branch: '', status: '' },
    linkTo: number => `/${number}`,
    badge: { path: '/badge', url: 'https://ci.example.com/badge.svg' },
    key: null,
  })}`

test.each<[string, Current['latest'], string]>([
  ['that runs', attemptOf(makeBuild(), begun), 'deploying in <a href="/7">#7</a>'],
  [
    'that failed',
    deploymentOf(makeBuild(), { ...ended, status: 'failed' }),
    'deploy failed in <a href="/7">#7</a>',
  ],
])('a stage shows what runs there, and a deploy %s', async (_, latest, expected) => {
  const page = await pageWith({ stage: 'qa', deployed: good, latest, hold: null })
  expect(page).toContain('<a href="/6">#6</a>')
  expect(page).toContain(expected)
  expect(page).not.toContain('held by')
})

test.each<[string, string]>([
  ['ada', 'ada'],
  ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
])('a stage that people hold says who does: %s', async (by, expected) => {
  const hold = { by, at: after(0).toISOString() }
  const page = await pageWith({ stage: 'qa', deployed: good, latest: good, hold })
  expect(page).toContain(`<span class="soft">held by ${expected}</span>`)
})
